"""Intervals that measured perturbations have calibrated, and the coverage they turned out to have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 4
"""Fewer measured perturbations than this cannot calibrate an interval."""
SMALLEST = 1e-6  # log1p units; keeps a gene that never changes from dividing zero by zero


FOLDS = 10
"""Coverage is measured on targets left out one by one up to this number of them, in this many groups beyond."""


@dataclass(frozen=True)
class Calibration:
    """Half-width of the interval of gene g: scale * sqrt(half_width² + typical²), typical [n_genes]."""

    scale: float
    typical: Array
    level: float
    n: int

    def interval(self, delta: Array, half_width: Array) -> tuple[Array, Array]:
        """Ends of the calibrated interval around `delta` [.., n_genes]; it covers a measured change, noise included."""
        half = self.scale * np.sqrt(half_width**2 + self.typical**2 + SMALLEST**2)
        return delta - half, delta + half


def calibrate(residual: Array, half_width: Array, own: NDArray[np.bool_], level: float = 0.9) -> Calibration | None:
    """Conformal scale from the residuals of predictions that had not seen their target; None with too few targets.

    Score of target p and gene g: |residual| / sqrt(half_width² + typical²), where typical is the root mean square
    residual of the gene over the other targets; the scale is the ceil((n + 1) level)-th smallest of the n scores.
    Genes of one target are not independent, so the guarantee is approximate: see `coverage`. Lei et al. 2018.
    """
    if len(residual) < FEWEST:
        return None
    square, counted = np.where(own, 0, residual**2), ~own
    typical_without = np.sqrt((square.sum(axis=0) - square) / np.maximum(counted.sum(axis=0) - counted, 1))
    score = np.abs(residual) / np.sqrt(half_width**2 + typical_without**2 + SMALLEST**2)
    scores = score[counted]
    at = min(len(scores), int(np.ceil((len(scores) + 1) * level))) - 1
    typical = np.sqrt(square.sum(axis=0) / np.maximum(counted.sum(axis=0), 1))
    return Calibration(float(np.partition(scores, at)[at]), typical, level, len(residual))


def coverage(residual: Array, half_width: Array, own: NDArray[np.bool_], level: float = 0.9) -> float:
    """Share of measured changes inside intervals calibrated on other targets; NaN with too few targets."""
    n = len(residual)
    fold, inside = np.arange(n) % FOLDS, []
    for left in range(min(n, FOLDS)):
        out, rest = fold == left, fold != left
        found = calibrate(residual[rest], half_width[rest], own[rest], level)
        if found is None:
            return float("nan")
        lower, upper = found.interval(np.zeros(residual.shape)[out], half_width[out])
        inside.append(((lower <= residual[out]) & (residual[out] <= upper))[~own[out]])
    return float(np.mean(np.concatenate(inside))) if inside else float("nan")
