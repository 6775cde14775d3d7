"""Which training conditions may answer for a condition: its own context first, then others; never another kind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from perturbome.models.baselines import KIND
from perturbome.models.data.condition import Condition
from perturbome.models.data.table import ConditionTable

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

NO_CHANGE, MEAN, MEAN_ELSEWHERE = "no change", "perturbed mean", "perturbed mean of other contexts"


def kinds(conditions: Sequence[Condition]) -> NDArray[np.str_]:
    """Loss, gain or compound [n]: what one kind does says nothing of another."""
    return np.array([KIND[c.perturbation.mode] for c in conditions], dtype=str)


def contexts(conditions: Sequence[Condition]) -> NDArray[np.str_]:
    """Names of the contexts [n]."""
    return np.array([c.context.name for c in conditions], dtype=str)


def groups(table: ConditionTable, conditions: Sequence[Condition]) -> Iterator[tuple[Rows, Rows, bool]]:
    """Asked conditions that share their training rows: (asked rows, training rows, whether of their own context).

    Training rows are of the same kind; of the same context where there are any, else of all others; maybe none.
    """
    kind, context = kinds(table.conditions), contexts(table.conditions)
    asked = list(zip(kinds(conditions), contexts(conditions), strict=True))
    for group in sorted(set(asked)):
        alike = np.flatnonzero(kind == group[0])
        here = alike[context[alike] == group[1]]
        rows = np.array([i for i, a in enumerate(asked) if a == group], dtype=np.intp)
        yield rows, here if len(here) else alike, bool(len(here))


def mean_change(table: ConditionTable, rows: Rows, by_cells: bool = False) -> Array:
    """Mean change [n_genes] of training rows (at least one): within each context, then over contexts alike.

    by_cells: each condition counts by its cells, that is, the mean over all perturbed cells.
    """
    where = contexts([table.conditions[i] for i in rows])
    weight = table.n[rows] if by_cells else np.ones(len(rows))
    means = [np.average(table.delta[rows[where == c]], axis=0, weights=weight[where == c]) for c in sorted(set(where))]
    mean: Array = np.mean(means, axis=0)
    return mean


def perturbed_mean(
    table: ConditionTable, conditions: Sequence[Condition], by_cells: bool = False
) -> tuple[Array, list[str]]:
    """B1 for each condition [n, n_genes], and what it is: of its context, of other contexts, or no change at all."""
    delta, how = np.zeros((len(conditions), len(table.genes))), [NO_CHANGE] * len(conditions)
    for asked, rows, own in groups(table, conditions):
        if len(rows):
            delta[asked] = mean_change(table, rows, by_cells)
            for i in asked:
                how[i] = MEAN if own else MEAN_ELSEWHERE
    return delta, how
