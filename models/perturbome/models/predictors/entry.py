"""What a kernel must explain before it gets weight: genes move together, so chance looks like evidence many times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from perturbome.models.predictors.gaussian_process import Class, mixed

Array = NDArray[np.float64]

CHANCE = 0.05
"""The chance that any kernel at all gets weight where none deserves it."""


def entry_prices(
    kernels: Sequence[Array], noise: Array, classes: Sequence[Class], null: Sequence[Array], weights: Array, tau: float,
    standard_errors: float | None = None,
) -> Array:  # fmt: skip
    """Price of a unit of weight of every kernel [n_kernels], in log likelihood: so many s.e. of its score by chance.

    Where the null model (kernels `null` with weights and tau, as fitted) holds, the score dL/dw_j at w_j = 0 has
        s.e. = m sqrt(tr(B²) / (2 m_eff)),   B = scale A^-1/2 K_j A^-1/2 less its mean diagonal,
    for m columns that count as m_eff independent ones; summed over classes, as their genes move together too. By
    default as many s.e. as chance reaches once in twenty among all kernels (Bonferroni). A kernel
    whose score is below its price gets no weight (a score test, Lin 1997; as a price, the lasso's).
    """
    prices = np.zeros(len(kernels))
    common = mixed(weights, null) if len(null) else np.zeros((len(noise), len(noise)))
    for scale, y in classes:
        half = linalg.cholesky(scale * common + np.diag(tau * noise), lower=True, check_finite=False)
        white = linalg.solve_triangular(half, y, lower=True, check_finite=False)
        n, m = y.shape
        for j, k in enumerate(kernels):
            left = linalg.solve_triangular(half, k, lower=True, check_finite=False)
            b = scale * linalg.solve_triangular(half, left.T, lower=True, check_finite=False)
            spread = max(float(np.sum(b**2) - np.trace(b) ** 2 / n), 0.0)
            prices[j] += m * np.sqrt(spread / (2 * independent_columns(white)))
    few = -float(special.ndtri(CHANCE / max(len(kernels), 1)))
    return (few if standard_errors is None else standard_errors) * prices


def independent_columns(white: Array) -> float:
    """How many independent columns those of white [n, m] are worth, 1 to m: (tr S)² / tr S² of their covariance S.

    tr S² is estimated without the bias of n rows: (|Z'Z|² - (tr Z'Z)² / n) / (n (n + 1)), rows independent, mean 0.
    """
    n, m = white.shape
    inner = white @ white.T
    total = float(np.trace(inner))
    square = (float(np.sum(inner**2)) - total**2 / n) / (n * (n + 1))
    return float(np.clip((total / n) ** 2 / square, 1, m)) if square > 0 else float(m)
