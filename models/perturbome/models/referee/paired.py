"""Does one model beat another? The mean of paired differences, with an interval from resampled targets."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perturbome.platform.errors import InputError

Array = NDArray[np.float64]

DRAWS = 10_000
LEVEL = 0.95
BLOCK = 1_000  # draws held at once


@dataclass(frozen=True)
class Paired:
    """Mean difference a - b over the conditions where both are defined, and its bootstrap interval."""

    difference: float  # NaN where no condition has both
    lower: float  # NaN with fewer than two groups: nothing can be resampled
    upper: float
    n: int  # conditions with both
    n_groups: int
    left_out: int  # conditions where a or b is not defined


def paired_bootstrap(
    a: ArrayLike, b: ArrayLike, groups: Sequence[Hashable], *, draws: int = DRAWS, level: float = LEVEL, seed: int = 0
) -> Paired:
    """Difference of two models' means over the same conditions, resampling whole groups of conditions.

    a, b [n]: a metric of two models, condition by condition; groups [n]: the targets of each condition, so that what
    was done to one gene in several contexts or doses is drawn together. Each draw takes as many groups as there are,
    with replacement:
        difference* = sum over drawn groups of sum(a - b) / sum over drawn groups of their conditions
    and the ends are the (1 - level)/2 and (1 + level)/2 quantiles (percentile interval; Efron 1979, Field and Welsh
    2007 for groups). With few groups it is too short: simulated with a normal part that three conditions of a group
    share, the 95 % interval covered 86 % of the time with 6 groups, 91 % with 10, 94 % with 20. Conditions where either
    is NaN are left out and counted; their order does not matter. Raises InputError where the lengths do not fit.
    """
    first, second = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if not len(first) == len(second) == len(groups):
        raise InputError(
            f"Paired values must be of the same conditions: {len(first)} and {len(second)} values and {len(groups)} "
            "groups were given. Give one of each for every condition."
        )
    change = first - second
    known = ~np.isnan(change)
    of = np.array([str(group) for group in groups], dtype=object)[known]
    change = change[known]
    names, which = np.unique(of.astype(str), return_inverse=True)
    left_out = len(known) - len(change)
    if len(names) == 0:
        return Paired(float("nan"), float("nan"), float("nan"), 0, 0, left_out)
    order = np.lexsort((change, which))  # sums do not depend on the order of the conditions
    total = np.bincount(which[order], change[order]).astype(np.float64)
    size = np.bincount(which).astype(np.float64)
    difference = float(total.sum() / size.sum())
    if len(names) < 2:
        return Paired(difference, float("nan"), float("nan"), len(change), len(names), left_out)
    means = resampled_means(total, size, draws, seed)
    lower, upper = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Paired(difference, float(lower), float(upper), len(change), len(names), left_out)


def resampled_means(total: Array, size: Array, draws: int, seed: int) -> Array:
    """Means [draws] over groups drawn with replacement: sums of `total` [n_groups] over sums of `size`."""
    rng = np.random.default_rng(seed)
    n, found = len(total), np.empty(draws)
    for at in range(0, draws, BLOCK):
        drawn = rng.integers(n, size=(min(BLOCK, draws - at), n))
        found[at : at + len(drawn)] = total[drawn].sum(axis=1) / size[drawn].sum(axis=1)
    return found
