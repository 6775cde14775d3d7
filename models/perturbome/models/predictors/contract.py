"""What a predictor of effects takes and gives, and what all of them share: they say what answered each condition."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from perturbome.models.contracts import FitReport
from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.splits import Split
from perturbome.models.data.table import ConditionTable
from perturbome.models.predictors.features import Features
from perturbome.platform.errors import ModelError

Array = NDArray[np.float64]

MOST_NAMED = 5


@dataclass(frozen=True)
class Predicted:
    """Predicted changes against control, in the data's expression unit; rows are conditions, columns its genes."""

    conditions: tuple[Condition, ...]
    delta: Array  # [n, n_genes]
    variance: Array | None  # [n, n_genes] of the true change around delta; None where the predictor has none
    how: tuple[str, ...]  # [n], what answered: the predictor's own name, or what it fell back to and why
    said: tuple[str, ...] = ()  # sentences on what fell back
    lower: Array | None = None  # [n, n_genes], ends of the conformal interval of a measured change
    upper: Array | None = None
    baseline: Array | None = None  # [n, n_genes], what the baseline beside it says
    baseline_how: tuple[str, ...] = ()  # [n], what answered for the baseline
    gate: Array | None = None  # [n], gamma in 0..1: how much of the model was added to the baseline
    around: Array | None = None  # [n, n_genes], the mean that the model corrects; None where it corrects none


class Predictor(Protocol):
    """Answers: what does this perturbation do in this context?"""

    name: str

    def fit(self, data: PerturbationData, features: Features | None = None, seed: int = 0) -> FitReport:
        """Learn from the training conditions of `hidden()` data."""

    def predict(self, conditions: Sequence[Condition]) -> Predicted:
        """Predict the change of every gene against the control cells of each condition's context."""


@dataclass
class Answer:
    """What a predictor fills in for the conditions it is asked for."""

    delta: Array  # [n, n_genes]
    how: list[str]  # [n]
    variance: Array | None = None
    around: Array | None = None  # [n, n_genes], the mean of training conditions that delta is a correction of


@dataclass
class TablePredictor(ABC):
    """A predictor that learns from the table of training conditions; subclasses give `learn` and `answer`."""

    name: str = field(init=False, default="")
    data: PerturbationData | None = field(init=False, default=None, repr=False)
    table: ConditionTable = field(init=False, repr=False)
    symbols: tuple[str, ...] = field(init=False, repr=False, default=())  # of the table's genes
    features: Features = field(init=False, repr=False)
    split: Split | None = field(init=False, default=None, repr=False)

    def learn(self, seed: int) -> tuple[dict[str, float], tuple[str, ...]]:
        """Numbers and sentences on what was learned; by default nothing is, beyond the table."""
        return {}, ()

    @abstractmethod
    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """The changes of conditions whose contexts are known to be in the data."""

    def fit(self, data: PerturbationData, features: Features | None = None, seed: int = 0) -> FitReport:
        """Learn from the training conditions; validation and test conditions are not looked at."""
        self.table, self.symbols = data.training, data.symbols
        self.features, self.split = features or Features(), data.split
        numbers, said = self.learn(seed)
        self.data = data
        return FitReport(self.name, len(self.table), numbers, (*self.features.said, *said))

    def predict(self, conditions: Sequence[Condition]) -> Predicted:
        """Predict conditions; ModelError before fit, UnknownName for a context that the data does not hold."""
        if self.data is None:
            raise ModelError(f"The predictor '{self.name}' was asked before it was fitted. Call fit(data) first.")
        for condition in conditions:
            self.data.find_context(condition.context)
        found = self.answer(conditions)
        return Predicted(
            tuple(conditions), found.delta, found.variance, tuple(found.how), fallbacks(self.name, conditions, found),
            around=found.around,
        )  # fmt: skip


def fallbacks(name: str, conditions: Sequence[Condition], found: Answer) -> tuple[str, ...]:
    """One sentence for each way in which conditions were not answered by the predictor itself."""
    said = []
    for how, n in sorted(Counter(h for h in found.how if h != name).items()):
        who = [c.name for c, h in zip(conditions, found.how, strict=True) if h == how]
        more = f" and {n - MOST_NAMED} more" if n > MOST_NAMED else ""
        said.append(
            f"{name}: {n} of {len(conditions)} conditions were answered by {how}: {', '.join(who[:MOST_NAMED])}{more}."
        )
    return tuple(said)
