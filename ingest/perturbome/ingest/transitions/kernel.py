"""Adaptive Gaussian weights of neighbours, as Palantir weighs them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def adaptive_scale(distance: NDArray[np.floating]) -> Floats:
    """Scale of each cell [n]: the distance to its neighbour a third of the way out; `distance` [n, k] ascends.

    Where that neighbour lies in the cell's own place, the nearest one that does not; 1 where all do.
    """
    found = np.isfinite(distance).sum(1)
    third = np.maximum(found // 3, 1) - 1
    scale = np.asarray(distance[np.arange(len(distance)), third], np.float64)
    apart = np.where(distance > 0, distance, np.inf).min(1)
    scale = np.where(scale > 0, scale, apart)
    return np.where(np.isfinite(scale), scale, 1.0)


def exponents(
    index: NDArray[np.integer], distance: NDArray[np.floating], own: Floats, scale: Floats
) -> NDArray[np.float64]:
    """-(d^2 / s_i^2 + d^2 / s_j^2) / 2 of cells i, of scales `own` [n], and their neighbours j [n, k].

    `index` are positions in `scale` [m]; -infinity where there is no neighbour (-1).
    """
    squared = distance.astype(np.float64) ** 2
    squared[index < 0] = np.inf
    exponent: NDArray[np.float64] = -squared / 2 * (1 / own[:, None] ** 2 + 1 / scale[index] ** 2)
    return exponent


def normalised(exponent: NDArray[np.floating]) -> Floats:
    """exp(exponent) with rows [n, k] that sum to 1; rows of nothing but -infinity stay 0.

    Taken against the row's largest, so that the weights of a far-off cell do not all vanish.
    """
    top = exponent.max(1, keepdims=True)
    weight = np.exp(exponent.astype(np.float64) - np.where(np.isfinite(top), top, 0.0))
    total = weight.sum(1, keepdims=True)
    return weight / np.where(total > 0, total, 1.0)
