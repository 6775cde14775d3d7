"""B8: one effect for every target, added up; fitted to singles and combinations together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.condition import Condition
from perturbome.models.predictors.contract import Answer, TablePredictor
from perturbome.models.predictors.training_rows import NO_CHANGE, groups
from perturbome.platform.errors import ModelError

Array = NDArray[np.float64]


@dataclass
class LinearAdditive(TablePredictor):
    """B8: delta(p) = sum over targets t of W_t, by ridge in each context: W = (M'M + penalty I)^-1 M' delta.

    M [conditions, targets] is 1 where a condition perturbs a target. penalty = 0: least squares of smallest norm.
    A target never perturbed adds nothing. Wu et al. 2024, PerturBench.
    """

    penalty: float = 0.1
    name = "linear additive"

    def learn(self, seed: int) -> tuple[dict[str, float], tuple[str, ...]]:
        """Nothing before the question; ModelError for a negative penalty."""
        if self.penalty < 0:
            raise ModelError(f"{self.name} needs a penalty of 0 or more, not {self.penalty}.")
        return {"penalty": self.penalty}, ()

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """Sums of target effects of the condition's own context, or of other contexts where it has none."""
        delta, how = np.zeros((len(conditions), len(self.table.genes))), [NO_CHANGE] * len(conditions)
        for asked, rows, own in groups(self.table, conditions):
            trained = [self.table.conditions[i] for i in rows]
            targets = sorted({t for c in trained for t in c.targets})
            if not targets:
                continue
            effects = target_effects(multi_hot(trained, targets), self.table.delta[rows], self.penalty)
            delta[asked] = multi_hot([conditions[i] for i in asked], targets) @ effects
            for i in asked:
                unseen = [t for t in conditions[i].targets if t not in targets]
                if len(unseen) == len(conditions[i].targets):
                    how[i] = f"{NO_CHANGE}, as no target was perturbed in training"
                else:
                    how[i] = self.name + ("" if own else " of other contexts")
                    how[i] += " without a target that was not perturbed in training" if unseen else ""
        return Answer(delta, how)


def multi_hot(conditions: Sequence[Condition], targets: Sequence[str]) -> Array:
    """1 where a condition perturbs a target, else 0 [n_conditions, n_targets]."""
    return np.array([[float(t in c.targets) for t in targets] for c in conditions])


def target_effects(m: Array, delta: Array, penalty: float) -> Array:
    """Effects W [n_targets, n_genes] of delta = M W by ridge, or least squares of smallest norm without a penalty."""
    if penalty == 0:
        return np.asarray(np.linalg.lstsq(m, delta, rcond=None)[0], dtype=np.float64)
    return np.asarray(np.linalg.solve(m.T @ m + penalty * np.eye(m.shape[1]), m.T @ delta), dtype=np.float64)
