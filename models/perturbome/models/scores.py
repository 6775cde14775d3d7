"""Scores of a predicted change against a measured one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def pearson_delta(predicted: Array, truth: Array, left_out: NDArray[np.bool_] | None = None) -> Array:
    """Pearson correlation over genes of predicted and true change, row by row: [n_perturbations].

    Genes in `left_out` (the perturbation's own targets) do not count. NaN where either side does not vary: a
    prediction of no change has no correlation, which is not the same as a correlation of zero.
    """
    counted = np.ones(truth.shape, dtype=bool) if left_out is None else ~left_out
    n = counted.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = (
            np.where(counted, values - np.where(counted, values, 0).sum(axis=1, keepdims=True) / n, 0)
            for values in (predicted, truth)
        )
        # A constant row leaves rounding noise after centring; its correlation would be noise as well.
        flat = [
            np.abs(centred).max(axis=1, initial=0) <= 1e-12 * np.maximum(np.abs(values).max(axis=1, initial=0), 1e-300)
            for centred, values in ((a, predicted), (b, truth))
        ]
        correlation = (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.where(flat[0] | flat[1], np.nan, correlation)


def full_length(half: Array) -> Array:
    """Correlation of two whole replicates from that of two halves: 2r / (1 + r). Spearman 1910, Brown 1910."""
    return np.where(half > 0, 2 * half / (1 + half), half)
