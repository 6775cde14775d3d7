"""The shrunk gate: how much of a model's prediction to add to the baseline, learned from measured perturbations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.models.baselines import leave_one_out_mean

Array = NDArray[np.float64]

FEWEST = 4
"""Below so many measured perturbations nothing can be learned about the gate: it stays closed."""
FOLDS = 10
"""Targets are left out one by one up to this number of them, and in this many groups beyond."""


@dataclass(frozen=True)
class Gate:
    """prediction = mean of the others + gamma * (feature - mean feature of the others)."""

    gamma: float
    slope: float  # before shrinkage
    error: float  # its jackknife standard error
    gain: float  # 1 - squared error of the gated prediction / that of the baseline, on targets left out
    n: int

    def apply(self, baseline: Array, feature: Array, mean_feature: Array) -> Array:
        """Gated prediction; with gamma = 0 it is the baseline, bit by bit."""
        return baseline + self.gamma * (feature - mean_feature) if self.gamma else baseline.copy()


CLOSED = Gate(0.0, 0.0, 0.0, 0.0, 0)


def fit_gate(truth: Array, others: Array, features: Array, own: NDArray[np.bool_]) -> Gate:
    """Learn gamma >= 0 by leaving targets out in turn.

    The mean of the other perturbations already holds what they have in common, so a feature counts only by how it
    differs from theirs. With r_p = truth_p - mean of the others' `others`, h_p = feature_p - mean of the others'
    feature (own targets masked):

        slope = sum <h_p, r_p> / sum <h_p, h_p>;   gamma = max(0, slope) * max(0, 1 - error² / slope²)

    with the jackknife error over targets: pure noise has error of the size of the slope and closes the gate. It is
    closed too unless, with gamma learned without some targets, the squared error on them is smaller than the
    baseline's, summed over all. truth, others [n_perturbations, n_genes]: changes against the two halves of the
    control cells.
    """
    n = len(truth)
    if n < FEWEST:
        return Gate(0.0, 0.0, 0.0, 0.0, n)
    gamma, slope, error = _shrunk_slope(truth, others, features, own)
    squared = np.zeros(2)  # baseline, gated
    fold = np.arange(n) % FOLDS
    for left in range(min(n, FOLDS)):
        out, rest = fold == left, fold != left
        without, _, _ = _shrunk_slope(truth[rest], others[rest], features[rest], own[rest])
        residual = np.where(own[out], 0, truth[out] - others[rest].mean(axis=0))
        step = np.where(own[out], 0, features[out] - features[rest].mean(axis=0))
        squared += (np.sum(residual**2), np.sum((residual - without * step) ** 2))
    gain = float(1 - squared[1] / squared[0]) if squared[0] > 0 else 0.0
    return Gate(gamma if gain > 0 else 0.0, slope, error, gain, n)


def _shrunk_slope(truth: Array, others: Array, features: Array, own: NDArray[np.bool_]) -> tuple[float, float, float]:
    residual = np.where(own, 0, truth - leave_one_out_mean(others))
    step = np.where(own, 0, features - leave_one_out_mean(features))
    a, b = (step * residual).sum(axis=1), (step**2).sum(axis=1)
    if b.sum() == 0:
        return 0.0, 0.0, 0.0
    slope, n = a.sum() / b.sum(), len(a)
    rest = b.sum() - b
    jackknife = np.divide(a.sum() - a, rest, out=np.zeros(n), where=rest > 0)
    error = np.sqrt((n - 1) / n * np.sum((jackknife - jackknife.mean()) ** 2))
    shrink = max(0.0, 1 - (error / slope) ** 2) if slope > 0 else 0.0
    return float(max(0.0, slope) * shrink), float(slope), float(error)
