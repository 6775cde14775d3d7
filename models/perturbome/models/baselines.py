"""The trivial answers every prediction is shown beside; numbers B0, B1 and B3 of the baseline list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perturbome.models.contracts import Effects, FitReport, PerturbationData
from perturbome.platform.errors import ModelError

if TYPE_CHECKING:
    from perturbome.platform.perturbation import Perturbation
    from perturbome.platform.slices import GraphSlice

Array = NDArray[np.float64]

KIND = {"knockout": "loss", "knockdown": "loss", "activation": "gain", "compound": "compound"}
"""Modes whose effects are alike enough to be averaged."""
NO_CHANGE, MEAN, ADDITIVE = "no change", "mean of other perturbations", "sum of the single effects"


def leave_one_out_mean(values: Array) -> Array:
    """Row k is the mean of all other rows, [n, genes]; zero where there is no other row."""
    n = len(values)
    return (values.sum(axis=0) - values) / (n - 1) if n > 1 else np.zeros_like(values)


def best_baseline(data: PerturbationData, perturbation: Perturbation) -> tuple[str, Array]:
    """Name and weights [n_perturbations] of the best simple answer; the answer is weights @ measured changes.

    Several targets whose single effects are all measured: their sum (B3). Else the mean over the perturbations of
    the same kind that share no target with this one (B1). Else no change (B0: all weights 0).
    Ahlmann-Eltze et al. 2025.
    """
    weights, targets = np.zeros(len(data.perturbations)), set(perturbation.targets)
    if len(targets) > 1:
        same_mode = [(k, p) for k, p in enumerate(data.perturbations) if p.mode == perturbation.mode]
        singles = {p.targets[0]: k for k, p in same_mode if len(p.targets) == 1}
        if targets <= singles.keys():
            weights[[singles[t] for t in targets]] = 1
            return ADDITIVE, weights
    others = unrelated(data, perturbation)
    weights[others] = 1 / max(len(others), 1)
    return (MEAN if len(others) else NO_CHANGE), weights


def unrelated(data: PerturbationData, perturbation: Perturbation) -> NDArray[np.intp]:
    """Rows of the measured perturbations of the same kind that share no target with this one."""
    shared = set(perturbation.targets)
    alike = same_kind(data, perturbation.mode)
    return np.array([k for k in alike if shared.isdisjoint(data.perturbations[k].targets)], dtype=np.intp)


def same_kind(data: PerturbationData, mode: str) -> NDArray[np.intp]:
    """Rows of the measured perturbations of one kind: what a stimulation does says nothing of what a loss does."""
    return np.array([k for k, p in enumerate(data.perturbations) if KIND[p.mode] == KIND[mode]], dtype=np.intp)


def baseline_change(
    data: PerturbationData, perturbations: Sequence[Perturbation], half: int | None = None
) -> tuple[tuple[str, ...], Array, Array]:
    """Names, weights [n, n_perturbations] and changes [n, n_genes] of the best baselines.

    `half` picks the half of the control cells to measure against (None: all).
    """
    found = [best_baseline(data, p) for p in perturbations]
    weights = np.stack([w for _, w in found])
    return tuple(name for name, _ in found), weights, weights @ data.delta(half)


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
        names, _, delta = baseline_change(self.data, perturbations)
        if self.name == NO_CHANGE:
            names, delta = (NO_CHANGE,) * len(perturbations), np.zeros_like(delta)
        none = np.full(delta.shape, np.nan)
        return Effects(tuple(perturbations), self.data.genes, delta, none, none, delta, names, self.name, context)
