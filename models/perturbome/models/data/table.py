"""Conditions as rows of numbers: the change of every gene against one half of the control cells, and its noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.condition import Condition

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ConditionTable:
    """Some conditions, one row each, against one half of the control cells of their own contexts.

    delta = mean(condition) - mean(control half), in expression units; error² = v/n + v0/n0 (Welch 1947), where a
    condition with a single cell takes its context's control variance for v.
    """

    conditions: tuple[Condition, ...]  # [n]
    half: int  # the half of the controls that was subtracted: TRUTH or PREDICTION
    genes: tuple[str, ...]  # ids
    delta: Array  # [n, n_genes]
    error: Array  # [n, n_genes], standard error of delta, the control's part included
    mean: Array  # [n, n_genes], mean profile of the condition's cells
    variance: Array  # [n, n_genes] of its cells; NaN for a single cell
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
