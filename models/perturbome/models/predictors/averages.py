"""B0 to B3: no change, the perturbed mean, the matching mean, and the sum of single effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perturbome.models.data.condition import Condition
from perturbome.models.predictors.contract import Answer, TablePredictor
from perturbome.models.predictors.training_rows import MEAN, NO_CHANGE, perturbed_mean


@dataclass
class NoChange(TablePredictor):
    """B0: nothing changes, delta = 0. Ahlmann-Eltze et al. 2025, Nature Methods."""

    name = NO_CHANGE

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """Zeros."""
        return Answer(np.zeros((len(conditions), len(self.table.genes))), [self.name] * len(conditions))


@dataclass
class PerturbedMean(TablePredictor):
    """B1: delta = mean change of the training conditions of the same context and kind (loss, gain, compound).

    by_cells: the mean over all perturbed cells (Systema) instead of over condition means (Virtual Cell Challenge;
    Csendes et al. 2025). Vinas Torne et al. 2025, Nature Biotechnology.
    """

    by_cells: bool = False
    name = MEAN

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """The mean; of other contexts, or nothing, where the context has no training condition of the kind."""
        return Answer(*perturbed_mean(self.table, conditions, self.by_cells))


@dataclass
class MatchingMean(TablePredictor):
    """B2: delta(A+B) = (m(A) + m(B)) / 2 with m the single's change where it was seen, else B1. Systema 2025."""

    name = "matching mean"

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """Mean over the targets; it is B1 where no target was seen alone."""
        delta, how = perturbed_mean(self.table, conditions)
        for i, rows in enumerate(self.table.singles(conditions)):
            k = len(conditions[i].targets)
            seen = rows[:k][rows[:k] >= 0]
            if len(seen):
                delta[i] = (self.table.delta[seen].sum(axis=0) + (k - len(seen)) * delta[i]) / k
            missing = [t for t, row in zip(conditions[i].targets, rows, strict=False) if row < 0]
            if not missing:
                how[i] = self.name
            elif len(seen):
                how[i] = f"{self.name} with the {how[i]} for a target not seen alone"
        return Answer(delta, how)


@dataclass
class Additive(TablePredictor):
    """B3: delta(A+B) = delta(A) + delta(B), singles of the same mode and context; B1 where one was not seen.

    Ahlmann-Eltze et al. 2025, Nature Methods.
    """

    name = "sum of single effects"

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """The sums; a single that was seen is its own sum."""
        delta, how = perturbed_mean(self.table, conditions)
        for i, found in enumerate(self.table.singles(conditions)):
            rows = found[: len(conditions[i].targets)]
            if np.all(rows >= 0):
                delta[i], how[i] = self.table.delta[rows].sum(axis=0), self.name
            else:
                how[i] += ", as a single effect was not measured"
        return Answer(delta, how)
