"""What is compared: a prediction beside the measurement, as arrays over conditions and genes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PREDICTION
from perturbome.models.data.table import ConditionTable

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Compared:
    """A prediction and the measurement of the same conditions, in the data's expression unit.

    Each side has its own half of the control cells: the prediction's profile is its change upon the prediction's half,
    the true change is against the truth's half. With one half for both, noise alone would correlate by 0.5.
    """

    delta: Array  # [n, n_genes], predicted change
    mean: Array  # [n, n_genes], predicted profile: the prediction's control half + delta
    truth: ConditionTable  # the measurement, [n]
    reference: Array  # [n, n_genes], what the predicted profile is centred by
    true_reference: Array  # [n, n_genes], what the measured profile is centred by
    context: NDArray[np.intp]  # [n]; conditions are ranked among those of their own
    error: Array | None = None  # [n, n_genes], of the predicted change, where it is itself a sample
    lower: Array | None = None  # [n, n_genes], interval around the predicted change; NaN: no such end
    upper: Array | None = None
    cells: Mapping[int, tuple[Array, Array]] | None = None  # row -> predicted and measured cells [n_cells, n_genes]

    @property
    def own(self) -> Mask:
        """True for a condition's own targets [n, n_genes]: they are not scored."""
        return self.truth.own()

    @property
    def size(self) -> tuple[Array, Array]:
        """Largest number in the predicted and in the measured profile [n], to tell rounding from change."""
        return np.abs(self.mean).max(axis=1, initial=0.0), np.abs(self.truth.mean).max(axis=1, initial=0.0)

    @property
    def centred(self) -> tuple[Array, Array]:
        """Predicted and measured profiles less their references."""
        return self.mean - self.reference, self.truth.mean - self.true_reference


def compared(
    data: PerturbationData, truth: ConditionTable, delta: Array, *, lower: Array | None = None,
    upper: Array | None = None, error: Array | None = None,
    cells: Mapping[int, tuple[Array, Array]] | None = None,
) -> Compared:  # fmt: skip
    """Predicted changes of the conditions of `truth` beside it; the data must hold the prediction's control half."""
    which = np.array([data.find_context(c.context) for c in truth.conditions], dtype=np.intp)
    start = np.array([data.control(c, PREDICTION) for c in data.contexts])[which]
    reference, true_reference = references(data, truth.conditions, start, truth.control)
    return Compared(
        delta=delta, mean=start + delta, truth=truth, reference=reference, true_reference=true_reference,
        context=which, error=error, lower=lower, upper=upper, cells=cells,
    )  # fmt: skip


def references(
    data: PerturbationData, conditions: tuple[Condition, ...], start: Array, control: Array
) -> tuple[Array, Array]:
    """What predicted and measured profiles [n, n_genes] are centred by, so that what perturbations share is gone.

    Both by the mean of the training conditions' profiles in the condition's own context, each condition counted once
    (the mean of centroids of Vinas Torne et al. 2025, Systema; over training conditions, so that no measured test
    profile enters). In a context without training conditions, each side by its own control half (`start` for the
    prediction, `control` for the truth) plus the mean training change, averaged over conditions, then contexts.
    """
    training = data.training
    where = np.array([data.find_context(c.context) for c in training.conditions], dtype=np.intp)
    wanted = np.array([data.find_context(c.context) for c in conditions], dtype=np.intp)
    shared = np.mean([training.delta[where == c].mean(axis=0) for c in np.unique(where)], axis=0)
    reference, true_reference = start + shared, control + shared
    for c in np.intersect1d(where, wanted):
        reference[wanted == c] = true_reference[wanted == c] = training.mean[where == c].mean(axis=0)
    return reference, true_reference
