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

LOWEST = 0.05  # log1p of counts per 10,000: below it a mean is of a few counts


@dataclass
class LinearAdditive(TablePredictor):
    """B8: delta(p) = sum over targets t of W_t, by ridge in each context: W = (M'M + penalty I)^-1 M' delta.

    M [conditions, targets] is 1 where a condition perturbs a target. penalty = 0: least squares of smallest norm.
    A target never perturbed adds nothing. Wu et al. 2024, PerturBench.

    softplus: expression never falls below zero. Effects add up in u = log(e^x - 1) of the mean expression x (log-normal
    where it is low, linear where it is high): x(p) = log(1 + e^(u0 + sum W_t)), W fitted to the changes of u; means
    below 0.05 count as 0.05.
    """

    penalty: float = 0.1
    softplus: bool = False

    def __post_init__(self) -> None:
        self.name = "linear additive, softplus" if self.softplus else "linear additive"

    def learn(self, seed: int) -> tuple[dict[str, float], tuple[str, ...]]:
        """Nothing before the question; ModelError for a negative penalty."""
        if self.penalty < 0:
            raise ModelError(f"{self.name} needs a penalty of 0 or more, not {self.penalty}.")
        if self.softplus and min(self.table.mean.min(), self.table.control.min()) < 0:
            raise ModelError(
                f"{self.name} takes mean expression of 0 or more; the least is "
                f"{min(self.table.mean.min(), self.table.control.min()):.3g}. Use 'linear additive'."
            )
        return {"penalty": self.penalty}, ()

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """Sums of target effects of the condition's own context, or of other contexts where it has none."""
        delta, how = np.zeros((len(conditions), len(self.table.genes))), [NO_CHANGE] * len(conditions)
        for asked, rows, own in groups(self.table, conditions):
            trained = [self.table.conditions[i] for i in rows]
            targets = sorted({t for c in trained for t in c.targets})
            if not targets:
                continue
            change = self.table.delta[rows]
            if self.softplus:
                change = unbounded(self.table.mean[rows]) - unbounded(self.table.control[rows])
            effects = target_effects(multi_hot(trained, targets), change, self.penalty)
            delta[asked] = multi_hot([conditions[i] for i in asked], targets) @ effects
            if self.softplus:
                assert self.data is not None
                start = np.array([self.data.control(conditions[i].context) for i in asked])
                delta[asked] = bounded_change(start, delta[asked])
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


def unbounded(x: Array) -> Array:
    """u = log(e^x - 1), the inverse of the softplus, of means of 0 or more; below 0.05 they count as 0.05."""
    high = np.maximum(x, LOWEST)
    u: Array = high + np.log(-np.expm1(-high))
    return u


def bounded_change(start: Array, step: Array) -> Array:
    """Change of expression from `start` by a step of u: softplus(u + step) - softplus(u), at the least -start."""
    change: Array = np.logaddexp(0, unbounded(start) + step) - np.maximum(start, LOWEST)
    return np.maximum(change, -start)
