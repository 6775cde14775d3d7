"""Intervals that measured perturbations have calibrated, and the coverage they turned out to have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 4
"""Fewer measured perturbations than this cannot calibrate an interval."""
SMALLEST = 1e-6  # log1p units; keeps a gene that never changes from dividing zero by zero


@dataclass(frozen=True)
class Calibration:
    """Half-width of the interval of gene g: scale * sqrt(half_width² + typical²), typical [n_genes]."""

    scale: float
    typical: Array
    coverage: float  # measured on targets left out of the calibration
    level: float
    n: int

    def interval(self, delta: Array, half_width: Array) -> tuple[Array, Array]:
        """Ends of the calibrated interval around `delta` [.., n_genes]; it covers a measured change, noise included."""
        half = self.scale * np.sqrt(half_width**2 + self.typical**2 + SMALLEST**2)
        return delta - half, delta + half


def calibrate(residual: Array, half_width: Array, own: NDArray[np.bool_], level: float = 0.9) -> Calibration | None:
    """Split-conformal scale, one target left out at a time; None with too few targets.

    Score of target p and gene g: |residual| / sqrt(half_width² + typical²), where typical is the root mean square
    residual of the gene over the other targets. The scale is the ceil((n + 1) level)-th smallest of the n scores.
    Coverage of p is measured with the scale from the others' scores. Genes of one target are not independent, so
    the guarantee is approximate: that is why coverage is measured. Lei et al. 2018.
    """
    n = len(residual)
    if n < FEWEST:
        return None
    square = np.where(own, 0, residual**2)
    counted = (~own).sum(axis=0)
    typical_without = np.sqrt((square.sum(axis=0) - square) / np.maximum(counted - ~own, 1))
    score = np.abs(residual) / np.sqrt(half_width**2 + typical_without**2 + SMALLEST**2)
    covered = []
    for left in range(n):
        rest = np.arange(n) != left
        scale = _conformal_quantile(score[rest][~own[rest]], level)
        covered.append(np.mean(score[left][~own[left]] <= scale))
    return Calibration(
        _conformal_quantile(score[~own], level),
        np.sqrt(square.sum(axis=0) / np.maximum(counted, 1)),
        float(np.mean(covered)), level, n,
    )  # fmt: skip


def _conformal_quantile(scores: Array, level: float) -> float:
    """The ceil((n + 1) level)-th smallest score, or the largest."""
    at = min(len(scores), int(np.ceil((len(scores) + 1) * level))) - 1
    return float(np.partition(scores, at)[at])
