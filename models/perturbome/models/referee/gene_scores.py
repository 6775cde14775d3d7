"""Scores over the genes of each condition: errors, correlation, cosine; genes that do not count are masked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

ROUNDING = 1e-10
"""A profile that varies by less than this share of the numbers it was computed from does not vary."""


def mean_absolute_error(predicted: Array, truth: Array, counted: Mask) -> Array:
    """MAE = mean over counted genes of |predicted - truth|: [n]; NaN where no gene counts."""
    return _mean(np.abs(predicted - truth), counted)


def mean_squared_error(predicted: Array, truth: Array, counted: Mask) -> Array:
    """MSE = mean over counted genes of (predicted - truth)²: [n]; NaN where no gene counts."""
    return _mean((predicted - truth) ** 2, counted)


def root_mean_squared_error(predicted: Array, truth: Array, counted: Mask) -> Array:
    """RMSE = square root of the MSE: [n]; NaN where no gene counts."""
    return np.sqrt(mean_squared_error(predicted, truth, counted))


def euclidean_distance(predicted: Array, truth: Array, counted: Mask) -> Array:
    """L2 = square root of the sum over counted genes of (predicted - truth)²: [n]; NaN where no gene counts."""
    found: Array = np.sqrt(mean_squared_error(predicted, truth, counted) * counted.sum(axis=1))
    return found


def correlation(
    predicted: Array, truth: Array, counted: Mask, size: tuple[Array | None, Array | None] = (None, None)
) -> Array:
    """Pearson correlation over the counted genes: [n]; NaN where either side does not vary.

    `size` [n] each: how large the numbers were that the two sides are differences of; what varies by rounding only
    (see ROUNDING) does not vary. By default the largest number of a side itself. A prediction of no change has no
    correlation, which is not the same as a correlation of zero.
    """
    sides, flat = [], np.zeros(len(truth), dtype=bool)
    for values, scale in zip((predicted, truth), size, strict=True):
        centred = np.where(counted, values - _mean(values, counted)[:, None], 0.0)
        largest = _largest(values, counted) if scale is None else np.maximum(scale, _largest(values, counted))
        flat |= _largest(centred, counted) <= ROUNDING * largest
        sides.append(centred)
    return np.where(flat, np.nan, _cosine(*sides))


def cosine(
    predicted: Array, truth: Array, counted: Mask, size: tuple[Array | None, Array | None] = (None, None)
) -> Array:
    """<predicted, truth> / (|predicted| |truth|) over the counted genes: [n]; NaN where either side is zero.

    `size` as in `correlation`.
    """
    sides, zero = [], np.zeros(len(truth), dtype=bool)
    for values, scale in zip((predicted, truth), size, strict=True):
        kept = np.where(counted, values, 0.0)
        zero |= _largest(kept, counted) <= (0.0 if scale is None else ROUNDING * scale)
        sides.append(kept)
    return np.where(zero, np.nan, _cosine(*sides))


def noise_corrected_error(
    predicted: Array, truth: Array, error: Array, counted: Mask, context: NDArray[np.intp],
    predicted_error: Array | None = None,
) -> Array:  # fmt: skip
    """Squared error without sampling noise, over the squared effect without it: [n]; 0 perfect, 1 no change.

    Over the counted genes of changes against control, with their standard errors:
        value_p = (|predicted_p - truth_p|² - |error_p|² - min(|predicted_error_p|², |error_p|²)) / D
        D       = mean over the conditions q of the same context of (|truth_q|² - |error_q|²)
    so that the mean over a context is a ratio of sums, as cell-eval2's `expr_mse_unbiased_capped_norm`: single
    conditions without an effect do not blow up, and values below 0 are noise, not better than perfect. A prediction
    that is itself a sample may subtract its own noise, capped at the truth's. NaN where a context has no effect
    beyond its noise.
    """
    noise = _sum(error**2, counted)
    own = np.zeros(len(truth)) if predicted_error is None else np.minimum(_sum(predicted_error**2, counted), noise)
    above = _sum((predicted - truth) ** 2, counted) - noise - own
    below = _sum(truth**2, counted) - noise
    effect = (np.bincount(context, below) / np.maximum(np.bincount(context), 1))[context]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((effect > 0) & counted.any(axis=1), above / effect, np.nan)


def largest_genes(size: Array, counted: Mask, n: int) -> Mask:
    """True for the n counted genes of largest `size` in each row [n_conditions, n_genes].

    Genes as large as the n-th are all in, so that the order of genes does not matter.
    """
    if n >= size.shape[1]:
        return counted.copy()
    seen = np.where(counted, size, -np.inf)
    edge = -np.partition(-seen, n - 1, axis=1)[:, n - 1 : n]
    found: Mask = (seen >= edge) & counted
    return found


def coverage(lower: Array, upper: Array, truth: Array, counted: Mask) -> Array:
    """Share of the counted genes whose true change lies within [lower, upper]: [n]; genes without ends do not count."""
    known = counted & ~np.isnan(lower) & ~np.isnan(upper)
    return _mean(((truth >= lower) & (truth <= upper)).astype(np.float64), known)


def interval_width(lower: Array, upper: Array, counted: Mask) -> Array:
    """Mean of upper - lower over the counted genes that have both ends: [n], expression units."""
    known = counted & ~np.isnan(lower) & ~np.isnan(upper)
    return _mean(upper - lower, known)


def _sum(values: Array, counted: Mask) -> Array:
    total: Array = np.where(counted, values, 0.0).sum(axis=1)
    return total


def _mean(values: Array, counted: Mask) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Array = _sum(values, counted) / counted.sum(axis=1)
        return mean


def _largest(values: Array, counted: Mask) -> Array:
    found: Array = np.where(counted, np.abs(values), 0.0).max(axis=1, initial=0.0)
    return found


def _cosine(a: Array, b: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = (a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
        return found
