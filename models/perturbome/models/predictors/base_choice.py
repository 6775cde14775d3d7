"""Which baseline a gated model stands on: the simplest that training conditions left out in turn do not tell from the
best."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.predictors.features import Features
from perturbome.models.predictors.registry import Record, predictors
from perturbome.models.predictors.training_rows import MEAN, NO_CHANGE

Array = NDArray[np.float64]

BLIND = (NO_CHANGE, MEAN, f"{MEAN} over cells")
"""Baselines that answer alike for all targets: what a model says of a target in particular can be added to them."""


def closed_form_baselines(data: PerturbationData, features: Features) -> list[Record]:
    """The closed-form baselines that have what they need here, the simplest first (the registry's order)."""
    training = data.training.conditions
    names = () if data.split is None else data.split.test
    several = any(len(c.targets) > 1 for c in (*training, *map(Condition.parse, names)))
    absent = []
    if not several or all(len(c.targets) > 1 for c in training):
        absent.append("singles")
    if len({c.context.name for c in training}) < 2:
        absent.append("other contexts")
    if not features.embeddings and not features.gene_sets:
        absent.append("features")
    return [r for r in predictors(without=tuple(absent)) if r.closed_form]


def choose_simplest(errors: Mapping[str, Array], unit: NDArray[np.intp]) -> tuple[str, str]:
    """The first of these predictors whose error is not surely more than the least, and the name of that with the least.

    errors: squared error of each left-out condition [n], by predictor, the simplest first. Surely: the mean over units
    of (its error - the least one's) is above one standard error of that paired difference, over units. The rule of
    one standard error (Breiman et al. 1984), for paired errors.
    """
    place = np.unique(unit, return_inverse=True)[1]
    by_unit = {name: np.bincount(place, e) for name, e in errors.items()}
    best = min(by_unit, key=lambda name: float(by_unit[name].sum()))
    for name, error in by_unit.items():
        more = error - by_unit[best]
        spread = float(more.std(ddof=1)) * np.sqrt(len(more)) if len(more) > 1 else 0.0
        if more.sum() <= spread:
            return name, best
    return best, best
