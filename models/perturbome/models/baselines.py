"""The trivial answers every prediction is shown beside; numbers B0, B1 and B3 of the baseline list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perturbome.models.contracts import Effects, FitReport, PerturbationData
from perturbome.platform.errors import ModelError

if TYPE_CHECKING:
    from perturbome.platform import GraphSlice, Perturbation

Array = NDArray[np.float64]

NO_CHANGE, MEAN, ADDITIVE = "no change", "mean of other perturbations", "sum of the single effects"


def leave_one_out_mean(values: Array) -> Array:
    """Row k is the mean of all other rows, [n, genes]; zero where there is no other row."""
    n = len(values)
    return (values.sum(axis=0) - values) / (n - 1) if n > 1 else np.zeros_like(values)


def best_baseline(data: PerturbationData, perturbation: Perturbation, half: int | None = None) -> tuple[str, Array]:
    """Name and change [n_genes] of the best simple answer that has not seen this perturbation's targets together.

    Several targets whose single effects are all measured: their sum (B3). Else the mean over the perturbations with
    other targets (B1). Else no change (B0). `half` picks the half of the control cells (None: all).
    Ahlmann-Eltze et al. 2025.
    """
    delta, targets = data.delta(half), set(perturbation.targets)
    if len(targets) > 1:
        singles = {
            p.targets[0]: k
            for k, p in enumerate(data.perturbations)
            if len(p.targets) == 1 and p.mode == perturbation.mode
        }
        if targets <= singles.keys():
            return ADDITIVE, delta[[singles[t] for t in sorted(targets)]].sum(axis=0)
    others = [k for k, p in enumerate(data.perturbations) if set(p.targets) != targets]
    return (MEAN, delta[others].mean(axis=0)) if others else (NO_CHANGE, np.zeros(len(data.genes)))


class Baseline:
    """A baseline as an effect model: no interval of its own, and itself as the baseline beside it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data: PerturbationData | None = None

    def fit(self, data: PerturbationData, priors: GraphSlice | None = None) -> FitReport:
        """Keep the measured conditions."""
        self.data = data
        return FitReport(self.name, len(data.perturbations))

    def predict(self, perturbations: Sequence[Perturbation], context: str) -> Effects:
        """The named baseline for each perturbation, its own measurement left out."""
        if self.data is None:
            raise ModelError(f"The model '{self.name}' was asked before it was fitted. Call fit(data) first.")
        found = [best_baseline(self.data, p) for p in perturbations]
        delta = np.stack([np.zeros_like(d) if self.name == NO_CHANGE else d for _, d in found])
        names = tuple(NO_CHANGE if self.name == NO_CHANGE else name for name, _ in found)
        return Effects(tuple(perturbations), self.data.genes, delta, delta, delta, delta, names, self.name, context)
