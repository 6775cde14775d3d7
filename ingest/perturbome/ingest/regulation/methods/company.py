"""What cells say of two genes without experiments: ridge regression over all, and within conditions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.regulation.method import Cells, Floats, Options
from perturbome.ingest.regulation.methods.chances import LEAST_SLAB
from perturbome.ingest.regulation.methods.conditions import Conditions
from perturbome.ingest.regulation.methods.indirect import Slopes
from perturbome.ingest.regulation.methods.ridge import blocks_of
from perturbome.ingest.regulation.moments import Correlations
from perturbome.ingest.regulation.ridge import Fit, choose_penalty, fit_ridge
from perturbome.ingest.regulation.threads import small_products

ENOUGH_FREEDOM = 20.0  # cells beyond the number of conditions, below which nothing is said
ROUNDING = 1e-5  # of a gene's variance: what is less, is left over from subtraction


@dataclass(frozen=True)
class Company:
    """What cells say without experiments: slopes over all of them, and z [p, G] within conditions, if there is any."""

    slopes: Slopes
    witness: Floats | None


def company(cells: Cells, conditions: Conditions, options: Options) -> Company:
    """Ridge regression of every gene on all regulators at once, over all cells and within conditions.

    Slopes are shrunken by how sure each is, `slope z^2 / (4 + z^2)`. The witness has no part in the means of
    conditions: for normal noise the spread of cells about the mean of their condition is independent of that mean, so
    that it and the effects of perturbations are two witnesses. Cells neither perturbed nor control are one more
    condition; there is no witness where cells are fewer than conditions and twenty.
    """
    with small_products():
        cor = blocks_of(cells, options).correlations()
        whole = _ridge(cor, cells, options.penalty)
        square = whole.z**2
        scale = np.divide(1.0, cor.sd, out=np.zeros_like(cor.sd), where=cor.sd > 0)[cells.regulators]
        slope = whole.beta * cor.sd * np.expand_dims(scale, 1) * (square / (LEAST_SLAB + square))
        slopes, shared = Slopes(cells.regulators, slope), _with_others(conditions)
        if shared.size.sum() - shared.size.size < ENOUGH_FREEDOM:
            return Company(slopes, None)
        mean = shared.sums(cells.X) / shared.size[:, None]
        inner = within_conditions(cor, mean, shared.size, cells.regulators)
        return Company(slopes, _ridge(inner, cells, options.penalty).z)


def _ridge(cor: Correlations, cells: Cells, penalty: float | None) -> Fit:
    everything = np.ones(len(cells.genes), bool)
    return fit_ridge(cor, cells.own, choose_penalty(cor, cells.own, everything) if penalty is None else penalty)


def within_conditions(cor: Correlations, mean: Floats, size: Floats, regulators: NDArray[np.intp]) -> Correlations:
    """Correlations over cells less what the means [K, G] of conditions of `size` [K] make of them.

    `C_within = C - sum_k (n_k / n) (M_k - M)(M_k - M)'`, scaled by its own diagonal; n loses one cell per condition.
    """
    share = size / size.sum()
    apart = mean - share @ mean
    weighed = apart * share[:, None]
    variance = cor.sd**2 - np.einsum("kg,kg->g", weighed, apart)
    variance = np.where(variance > ROUNDING * cor.sd**2, variance, 0.0)
    inverse = np.divide(1.0, np.sqrt(variance), out=np.zeros_like(variance), where=variance > 0)
    left = cor.targets * cor.sd[regulators, None] * cor.sd - weighed[:, regulators].T @ apart
    left = np.clip(left * inverse[regulators, None] * inverse, -1.0, 1.0)
    among = (left[:, regulators] + left[:, regulators].T) / 2
    np.fill_diagonal(among, 1.0)
    nobody = np.empty(0, np.intp)
    return Correlations(
        among, left, np.sqrt(variance), size.sum() - size.size + 1, nobody, np.empty((regulators.size, 0)), np.empty(0)
    )


def _with_others(conditions: Conditions) -> Conditions:
    """With the cells that are neither perturbed nor control as one more condition."""
    others = conditions.of_cell < 0
    if not others.any():
        return conditions
    of_cell = np.where(others, conditions.size.size, conditions.of_cell)
    return replace(conditions, of_cell=of_cell, size=np.append(conditions.size, float(others.sum())))
