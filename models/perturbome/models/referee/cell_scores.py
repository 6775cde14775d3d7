"""Distances between two sets of cells: energy distance, maximum mean discrepancy, and the spread of each gene."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK = 1000  # cells whose distances to all others are held at once


def energy_distance(a: Array, b: Array) -> float:
    """Squared energy distance of two sets of cells [n_a, d], [n_b, d]: 2 E|a-b| - E|a-a'| - E|b-b'|.

    Means over pairs of different cells, so the estimate is unbiased at any n_a and n_b, and may be below 0. NaN with
    fewer than two cells in either. Szekely and Rizzo 2013.
    """
    return 2 * _mean_between(a, b, np.sqrt) - _mean_within(a, np.sqrt) - _mean_within(b, np.sqrt)


def mean_discrepancy(a: Array, b: Array, width: float | None = None) -> float:
    """Unbiased squared MMD of two sets of cells [n_a, d], [n_b, d] with the kernel k(x, y) = exp(-|x-y|² / 2 width²).

    E k(a,a') + E k(b,b') - 2 E k(a,b), means over pairs of different cells; may be below 0. Gretton et al. 2012, eq. 3.
    `width`: by default the median distance between cells of b, the measured ones, so that a prediction cannot choose
    its own yardstick. NaN with fewer than two cells in either, or a width of 0.
    """
    width = median_distance(b) if width is None else width
    if not width > 0:
        return float("nan")

    def kernel(square: Array) -> Array:
        found: Array = np.exp(-square / (2 * width**2))
        return found

    return _mean_within(a, kernel) + _mean_within(b, kernel) - 2 * _mean_between(a, b, kernel)


def median_distance(cells: Array, most: int = BLOCK) -> float:
    """Median Euclidean distance between different cells; of the first `most` of them."""
    some = np.asarray(cells, dtype=np.float64)[:most]
    if len(some) < 2:
        return float("nan")
    return float(np.sqrt(np.median(_squares(some, some)[np.triu_indices(len(some), 1)])))


def spread_ratio(predicted: Array, truth: Array) -> Array:
    """SD over the predicted cells / SD over the measured cells, by gene [d]; NaN where the measured do not vary."""
    if len(predicted) < 2 or len(truth) < 2:
        return np.full(truth.shape[1], np.nan)
    above, below = (np.asarray(x, dtype=np.float64).std(axis=0, ddof=1) for x in (predicted, truth))
    ratio: Array = np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)
    return ratio


def spread_misfit(predicted: Array, truth: Array) -> float:
    """Median over genes of |log2 of the SD ratio|: 0 where cells vary as they do, infinite where they do not vary."""
    ratio = spread_ratio(predicted, truth)
    with np.errstate(divide="ignore"):
        size = np.abs(np.log2(ratio[~np.isnan(ratio)]))
    return float(np.median(size)) if len(size) else float("nan")


def _squares(a: Array, b: Array) -> Array:
    square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    found: Array = np.maximum(square, 0.0)
    return found


def _mean_between(a: Array, b: Array, of: Callable[[Array], Array]) -> float:
    """Mean over pairs of a cell of a and one of b of a function of their squared distance."""
    a, b = _centred(a, b)
    total = sum(float(of(_squares(a[at : at + BLOCK], b)).sum()) for at in range(0, len(a), BLOCK))
    return total / (len(a) * len(b)) if len(a) and len(b) else float("nan")


def _mean_within(a: Array, of: Callable[[Array], Array]) -> float:
    """The same over ordered pairs of different cells of a; a cell and itself do not count."""
    n = len(a)
    if n < 2:
        return float("nan")
    (a,) = _centred(a)
    total = 0.0
    for at in range(0, n, BLOCK):
        square = _squares(a[at : at + BLOCK], a)
        values = of(square)
        values[np.arange(len(square)), at + np.arange(len(square))] = 0.0
        total += float(values.sum())
    return total / (n * (n - 1))


def _centred(*sets: Array) -> tuple[Array, ...]:
    """The sets around the mean of the first: the distances are the same, and lose less to rounding."""
    centre = np.asarray(sets[0], dtype=np.float64).mean(axis=0)
    return tuple(np.asarray(x, dtype=np.float64) - centre for x in sets)
