"""The normal value with the same tail as that of another distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def normal_of_t(t: Floats, freedom: Floats) -> Floats:
    """z with the tail that t has under Student's distribution, closely and without underflow (Wallace 1959, eq. 2).

    `z = sign(t) (8 d + 1) / (8 d + 3) sqrt(d log(1 + t^2 / d))`.
    """
    z: Floats = np.sign(t) * (8 * freedom + 1) / (8 * freedom + 3) * np.sqrt(freedom * np.log1p(t**2 / freedom))
    return z


def normal_of_skewed(z: Floats, skewness: Floats) -> Floats:
    """z with the tail that a standardised value has under a gamma distribution of skewness g.

    `(6/g) ((g z / 2 + 1)^(1/3) - 1) + g / 6` (Wilson and Hilferty 1931), z itself as g -> 0; values beyond the end of
    the gamma stand at its end.
    """
    g = np.where(np.abs(skewness) < 1e-6, 1e-6, skewness)
    return np.asarray(6 / g * (np.cbrt(np.maximum(g * z / 2 + 1, 0.0)) - 1) + g / 6)
