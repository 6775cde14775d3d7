"""Intervals that measured perturbations have calibrated, and the coverage they turned out to have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST = 4
"""Fewer measured perturbations than this cannot calibrate an interval."""
SMALLEST = 1e-6  # expression units; keeps a gene that never changes from dividing zero by zero
FOLDS = 10
"""Coverage is measured on targets left out one by one up to this number of them, in this many groups beyond."""
SHARES = (0.5, 0.8, 0.95)
"""Shares of predicted changes below the edges between classes of size."""
FEWEST_SCORES = 20
"""A class with fewer scores than this takes the largest scale of the others."""
TOP = 20
"""How many of the largest predicted changes of a perturbation are looked at on their own."""
SIGNIFICANT = 3.0
"""A gene was measured to change beyond this many standard errors."""


@dataclass(frozen=True)
class Calibration:
    """Half-width for gene g predicted to change by d: scale(|d|) * sqrt(half_width² + typical² + d²).

    typical [n_genes]; scale is a step function of |d| with `scales` [n_classes] between `edges` [n_classes - 1].
    """

    edges: Array
    scales: Array
    typical: Array
    level: float
    n: int

    def half(self, delta: Array, half_width: Array) -> Array:
        """Half-width of the interval around `delta` [.., n_genes]; it covers a measured change, noise included."""
        scale = self.scales[np.searchsorted(self.edges, np.abs(delta))]
        width: Array = scale * _size(delta, half_width, self.typical)
        return width


def calibrate(
    residual: Array, half_width: Array, own: Mask, level: float = 0.9, *, predicted: Array | None = None
) -> Calibration | None:
    """Conformal scales from the residuals of predictions that had not seen their target; None with too few targets.

    Score of target p and gene g: |residual| / sqrt(half_width² + typical² + predicted²), where typical is the root
    mean square residual of the gene over the other targets. Each class of |predicted| has a scale of its own, the
    ceil((n + 1) level)-th smallest of its n scores: one scale for all would be set by the genes that do not move, and
    be too small for those that do. Genes of one target are not independent, so the guarantee is approximate: see
    `held_out`. Lei et al. 2018; Vovk et al. 2003 for classes (Mondrian).
    """
    if len(residual) < FEWEST:
        return None
    predicted = np.zeros(residual.shape) if predicted is None else predicted
    square, counted = np.where(own, 0, residual**2), ~own
    typical_without = np.sqrt((square.sum(axis=0) - square) / np.maximum(counted.sum(axis=0) - counted, 1))
    score = np.abs(residual) / _size(predicted, half_width, typical_without)
    size = np.abs(predicted[counted])
    edges = np.unique(np.quantile(size, SHARES)) if size.any() else np.empty(0)
    scales = _scales(score[counted], np.searchsorted(edges, size), len(edges) + 1, level)
    typical = np.sqrt(square.sum(axis=0) / np.maximum(counted.sum(axis=0), 1))
    return Calibration(edges, scales, typical, level, len(residual))


def held_out(
    residual: Array, half_width: Array, own: Mask, level: float = 0.9, *, predicted: Array | None = None
) -> Mask | None:
    """True where a measured change is inside the interval calibrated on other targets; None with too few targets."""
    n = len(residual)
    predicted = np.zeros(residual.shape) if predicted is None else predicted
    inside, fold = np.zeros(residual.shape, dtype=bool), np.arange(n) % FOLDS
    for left in range(min(n, FOLDS)):
        out, rest = fold == left, fold != left
        found = calibrate(residual[rest], half_width[rest], own[rest], level, predicted=predicted[rest])
        if found is None:
            return None
        inside[out] = np.abs(residual[out]) <= found.half(predicted[out], half_width[out])
    return inside if n else None


def coverages(inside: Mask, own: Mask, predicted: Array, changed: Mask) -> dict[str, float]:
    """Shares inside: `coverage` of all genes, `coverage_top` of the largest predicted changes of each perturbation,
    `coverage_changed` of the genes measured to change. Own targets do not count; a share of nothing is absent.
    """
    groups = {"coverage": ~own, "coverage_top": largest(predicted, own), "coverage_changed": changed & ~own}
    return {name: float(inside[group].mean()) for name, group in groups.items() if group.any()}


def largest(predicted: Array, own: Mask, n: int = TOP) -> Mask:
    """True for the `n` largest predicted changes of each perturbation that are not zero; own targets do not count."""
    size = np.where(own, 0, np.abs(predicted))
    found = np.zeros(size.shape, dtype=bool)
    np.put_along_axis(found, np.argsort(-size, axis=1, kind="stable")[:, :n], True, axis=1)
    return found & (size > 0)


def _size(predicted: Array, half_width: Array, typical: Array) -> Array:
    size: Array = np.sqrt(half_width**2 + typical**2 + predicted**2 + SMALLEST**2)
    return size


def _scales(score: Array, kind: NDArray[np.intp], n_kinds: int, level: float) -> Array:
    scales = np.full(n_kinds, np.nan)
    for k in range(n_kinds):
        scores = score[kind == k]
        if len(scores) >= FEWEST_SCORES:
            at = min(len(scores), int(np.ceil((len(scores) + 1) * level))) - 1
            scales[k] = np.partition(scores, at)[at]
    if np.isnan(scales).all():
        at = min(len(score), int(np.ceil((len(score) + 1) * level))) - 1
        scales[:] = np.partition(score, at)[at] if len(score) else 1.0
    return np.where(np.isnan(scales), np.nanmax(scales), scales)
