"""Conditions as rows of numbers: the change of every gene against one half of the control cells, and its noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.condition import Condition
from perturbome.models.moments import Moments

Array = NDArray[np.float64]

MOST_CELLS_PER_WEIGHT = 1e6
"""Where conditions do not differ beyond their noise, weights grow in proportion to the cells up to this number."""


@dataclass(frozen=True)
class ConditionTable:
    """Some conditions, one row each, against one half of the control cells of their own contexts.

    delta = mean(condition) - mean(control half), in expression units; error² = variance/n + v0/n0 with the control
    half's variance v0 and cells n0 (Welch 1947). A condition of a single cell is given its control half's variance.
    """

    conditions: tuple[Condition, ...]  # [n]
    half: int  # the half of the controls that was subtracted: TRUTH or PREDICTION
    genes: tuple[str, ...]  # ids
    delta: Array  # [n, n_genes]
    error: Array  # [n, n_genes], standard error of delta, the control's part included
    mean: Array  # [n, n_genes], mean profile of the condition's cells
    variance: Array  # [n, n_genes], unbiased, of the condition's cells
    control: Array  # [n, n_genes], mean of the control half of its context
    n: Array  # [n], cells
    n_control: Array  # [n], cells of the control half
    targets: tuple[tuple[int, ...], ...]  # columns of the targets; targets that were not measured are absent

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical names of the conditions."""
        return tuple(c.name for c in self.conditions)

    def __len__(self) -> int:
        return len(self.conditions)

    def __getitem__(self, rows: Sequence[int] | NDArray[np.intp] | NDArray[np.bool_]) -> ConditionTable:
        """Some of the rows, by their numbers or a mask."""
        at = np.arange(len(self))[np.asarray(rows)]
        arrays = {
            name: getattr(self, name)[at]
            for name in ("delta", "error", "mean", "variance", "control", "n", "n_control")
        }
        return ConditionTable(
            conditions=tuple(self.conditions[i] for i in at), half=self.half, genes=self.genes,
            targets=tuple(self.targets[i] for i in at), **arrays,
        )  # fmt: skip

    def own(self) -> NDArray[np.bool_]:
        """True where a gene is a target of the condition itself [n, n_genes]: such genes are not scored."""
        mask = np.zeros((len(self), len(self.genes)), dtype=bool)
        for row, columns in enumerate(self.targets):
            mask[row, list(columns)] = True
        return mask

    def weights(self, k: float | None = None) -> Array:
        """Weight n/(n + k) of each condition [n]: near 1 where its mean is sure; k as `cells_per_weight` finds it."""
        return self.n / (self.n + (self.cells_per_weight() if k is None else k))

    def cells_per_weight(self) -> float:
        """Cells at which noise and signal are equal: k = variance of a cell / variance of the true condition means.

        Both summed over genes. By moments, inside contexts c of m_c conditions:
            signal = (sum_i |mean_i - mean_c|² - sum_i (1 - 1/m_c) variance_i / n_i) / sum_c (m_c - 1)
        so that n/(n + k) is the reliability of a mean of n cells. Where no context has two conditions, the signal is
        that of their changes: mean of |delta|² - |error|². At most a million, where there is no signal.
        """
        where = np.unique([c.context.name for c in self.conditions], return_inverse=True)[1]
        m = np.bincount(where).astype(np.float64)
        centre = np.zeros((len(m), len(self.genes)))
        np.add.at(centre, where, self.mean)
        between = np.sum((self.mean - (centre / m[:, None])[where]) ** 2)
        per_cell = self.variance.sum(axis=1)
        freedom = np.sum(m - 1)
        if freedom > 0:
            signal = (between - np.sum((1 - 1 / m[where]) * per_cell / self.n)) / freedom
        else:
            signal = np.mean(np.sum(self.delta**2 - self.error**2, axis=1))
        noise = np.average(per_cell, weights=self.n)
        return float(min(noise / signal, MOST_CELLS_PER_WEIGHT)) if signal > 0 else MOST_CELLS_PER_WEIGHT

    def singles(self, conditions: Sequence[Condition]) -> NDArray[np.intp]:
        """Rows of this table that perturb one target of a condition alone, [len(conditions), most targets].

        Same mode and context, and the condition's dose; where the target was not given at that dose, the nearest one on
        the logarithm of the dose, argmin |log(dose) - log(own dose)|, the lower of two that are as near. A condition
        and a single of which only one has a dose, or a dose of 0, are farthest of all: such a single is taken only
        where there is no other. -1: not in this table, or no such target (a condition with fewer targets than another).
        """
        given: dict[tuple[str, tuple[str, str]], list[tuple[float | None, int]]] = {}
        for row, c in enumerate(self.conditions):
            if len(c.targets) == 1:
                given.setdefault((c.targets[0], _alike(c)), []).append((c.dose, row))
        found = np.full((len(conditions), max((len(c.targets) for c in conditions), default=0)), -1, dtype=np.intp)
        for i, condition in enumerate(conditions):
            for j, target in enumerate(condition.targets):
                found[i, j] = _nearest(condition.dose, given.get((target, _alike(condition)), ()))
        return found


def make_table(
    conditions: Sequence[Condition], treated: Moments, control: Moments, half: int, genes: tuple[str, ...],
    targets: tuple[tuple[int, ...], ...],
) -> ConditionTable:  # fmt: skip
    """The table of conditions (`treated`, one row each) against their control half (`control`, one row each)."""
    v0, n0 = control.variance, control.n
    variance = np.where(treated.n[:, None] > 1, treated.variance, v0)
    return ConditionTable(
        conditions=tuple(conditions), half=half, genes=genes,
        delta=treated.mean - control.mean,
        error=np.sqrt(variance / treated.n[:, None] + v0 / n0[:, None]),
        mean=treated.mean, variance=variance, control=control.mean, n=treated.n, n_control=n0, targets=targets,
    )  # fmt: skip


def _alike(condition: Condition) -> tuple[str, str]:
    """What a single must share with a double to be its part."""
    return condition.perturbation.mode, condition.context.name


def _nearest(dose: float | None, given: Sequence[tuple[float | None, int]]) -> int:
    """The row whose dose is nearest on the logarithm, -1 where there is none; the order of rows decides nothing."""
    return min(given, key=lambda one: (_apart(dose, one[0]), one[0] is None, one[0] or 0.0), default=(None, -1))[1]


def _apart(dose: float | None, other: float | None) -> float:
    """|log dose - log other|, rounded so that powers of ten are as far from each other as they read."""
    if dose == other:
        return -1.0
    return round(abs(math.log(dose) - math.log(other)), 9) if dose and other else math.inf
