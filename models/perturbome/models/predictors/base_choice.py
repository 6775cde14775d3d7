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


ROUNDING = 1e-9
"""Share of the least error by which sums of errors differ where they are equal."""


def closed_form_baselines(data: PerturbationData, features: Features, tested: bool = False) -> list[Record]:
    """The closed-form baselines that have what they need here, the simplest first (the registry's order).

    What needs other contexts needs two among the training conditions, to be told from the others on those that are
    left out; `tested`: it is enough that those of the test side are another.
    """
    training = data.training.conditions
    test = [] if data.split is None else [Condition.parse(name) for name in data.split.test]
    several = any(len(c.targets) > 1 for c in (*training, *test))
    absent = []
    if not several or all(len(c.targets) > 1 for c in training):
        absent.append("singles")
    if len({c.context.name for c in (*training, *(test if tested else ()))}) < 2:
        absent.append("other contexts")
    if not features.embeddings and not features.gene_sets:
        absent.append("features")
    return [r for r in predictors(without=tuple(absent)) if r.closed_form]


def choose_simplest(errors: Mapping[str, Array], unit: NDArray[np.intp]) -> tuple[str, str]:
    """The first of these predictors whose error is not surely more than the least, and the name of that with the least.

    errors: squared error of each left-out condition [n], by predictor, the simplest first. Surely: the mean over units
    of (its error - the least one's) is above one standard error of that paired difference, over units. The rule of
    one standard error (Breiman et al. 1984), for paired errors. Sums that differ by rounding are the same.
    """
    place = np.unique(unit, return_inverse=True)[1]
    by_unit = {name: np.bincount(place, e) for name, e in errors.items()}
    total = {name: float(error.sum()) for name, error in by_unit.items()}
    least = min(total.values())
    best = next(name for name, sum_ in total.items() if sum_ <= least * (1 + ROUNDING))
    for name, error in by_unit.items():
        more = error - by_unit[best]
        spread = float(more.std(ddof=1)) * np.sqrt(len(more)) if len(more) > 1 else 0.0
        if total[name] - total[best] <= spread + ROUNDING * least:
            return name, best
    return best, best
