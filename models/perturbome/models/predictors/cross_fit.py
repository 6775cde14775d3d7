"""Predictions of training conditions by predictors that had not seen them: what gates and intervals learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PREDICTION, TRUTH
from perturbome.models.data.table import ConditionTable
from perturbome.models.predictors.contract import Predictor
from perturbome.models.predictors.features import Features
from perturbome.models.predictors.inner_splits import FOLDS, inner_splits
from perturbome.models.predictors.novelty import novelty
from perturbome.platform.errors import ModelError

Array = NDArray[np.float64]
Factory = Callable[[], Predictor]


@dataclass(frozen=True)
class OutOfFold:
    """Training conditions that were left out in turn, their measured changes, and what predictors said of them.

    The truth is measured against one quarter of the controls, predictions start from another: those are the two
    parts of the prediction's half, so that the judge's controls are seen by neither.
    """

    table: ConditionTable  # [n], against the truth's quarter
    start: Array  # [n, n_genes], mean of the prediction's quarter of the controls
    fold: NDArray[np.intp]  # [n]
    unit: NDArray[np.intp]  # [n], conditions of one set of targets are one unit, always in one fold or context
    novelty: tuple[str, ...]  # [n], with respect to what the fold trained on
    delta: dict[str, Array]  # by predictor [n, n_genes]
    how: dict[str, tuple[str, ...]]  # by predictor [n]
    around: dict[str, Array]  # by predictor that corrects a mean, that mean [n, n_genes]
    said: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.table)

    @property
    def n_units(self) -> int:
        """Different sets of targets."""
        return len(np.unique(self.unit))


def cross_fit(
    predictors: Mapping[str, Factory], data: PerturbationData, features: Features | None = None, seed: int = 0,
    folds: int = FOLDS,
) -> OutOfFold | None:  # fmt: skip
    """Fit predictors on all inner folds but one in turn and predict that one; see `inner_splits` for the folds.

    `data` is what a model may see (`hidden()`). A predictor that a fold is too small for (ModelError) is left out,
    and a sentence says so. None where the training conditions cannot be divided. Raises ModelError where the control
    cells were halved twice already: nothing would be left to measure against.
    """
    splits, said = inner_splits(data, folds=folds, seed=seed)
    if not splits:
        return None
    names = [name for split in splits for name in split.test]
    whole = data.tuning(splits[0])
    table = whole.table(names, TRUTH)
    place = {name: i for i, name in enumerate(table.names)}
    fold = np.zeros(len(table), dtype=np.intp)
    kind = [""] * len(table)
    delta = {name: np.zeros((len(table), len(data.genes))) for name in predictors}
    how = {name: [""] * len(table) for name in predictors}
    around: dict[str, Array] = {}
    for k, split in enumerate(splits):
        inner = data.tuning(split).hidden()
        rows = np.array([place[name] for name in split.test], dtype=np.intp)
        asked = [table.conditions[i] for i in rows]
        fold[rows] = k
        for i, what in zip(rows, novelty(asked, inner.training.conditions), strict=True):
            kind[i] = what
        for name in list(delta):
            predictor = predictors[name]()
            try:
                predictor.fit(inner, features, seed)
            except ModelError as error:
                del delta[name], how[name]
                said = (*said, f"{name} could not be fitted without a fold of the training conditions: {error}")
                continue
            found = predictor.predict(asked)
            delta[name][rows] = found.delta
            if found.around is not None:
                around.setdefault(name, np.zeros_like(delta[name]))[rows] = found.around
            for i, answered in zip(rows, found.how, strict=True):
                how[name][i] = answered
    start = np.array([whole.control(c.context, PREDICTION) for c in table.conditions])
    unit = np.unique(["+".join(c.targets) for c in table.conditions], return_inverse=True)[1]
    every = {name: tuple(h) for name, h in how.items()}
    return OutOfFold(table, start, fold, unit.astype(np.intp), tuple(kind), delta, every, around, said)
