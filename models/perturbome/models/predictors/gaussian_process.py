"""Gaussian processes over conditions, genes as columns: marginal likelihood, its gradient, and the posterior.

Column g is y_g ~ N(0, scale_g sum_j w_j K_j + tau diag(noise)): all genes share the kernels K_j and their weights w;
how much signal a gene has is its own scale. Rasmussen and Williams 2006, chapters 2 and 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from perturbome.platform.errors import ModelError

Array = NDArray[np.float64]
Class = tuple[float, Array]
"""A scale, and the columns y [n, n_columns] that have it."""

LOG_WEIGHT, LOG_NOISE = (-14.0, 5.0), (-2.0, 2.0)
"""Bounds of the logarithms: a weight of e^-14 is none; the noise is known, but for a factor of seven."""
GRID = np.logspace(-2, 1.5, 36)


def log_likelihood(
    log_theta: Array, kernels: Sequence[Array], noise: Array, classes: Sequence[Class]
) -> tuple[float, Array]:
    """Log marginal likelihood and its gradient by log_theta = (log w_1 .. log w_J, log tau).

    With A = scale K + tau diag(noise), K = sum_j w_j K_j, a = A^-1 y, summed over classes of m columns:
        L = -1/2 sum a'y - m/2 log|A| - nm/2 log 2 pi;   dL/d log w_j = w_j scale/2 tr((aa' - m A^-1) K_j)
    One Cholesky factor per class. ModelError where A is not positive definite.
    """
    w, tau = np.exp(log_theta[:-1]), np.exp(log_theta[-1])
    kernel = mixed(w, kernels)
    value, of_kernel, of_noise = 0.0, np.zeros_like(kernel), np.zeros(len(noise))
    for scale, y in classes:
        n, m = y.shape
        factor = _factor(scale * kernel + np.diag(tau * noise))
        a = linalg.cho_solve(factor, y, check_finite=False)
        inner = a @ a.T - m * linalg.cho_solve(factor, np.eye(n), check_finite=False)
        value -= (
            0.5 * float(np.sum(a * y)) + m * float(np.log(np.diag(factor[0])).sum()) + n * m / 2 * np.log(2 * np.pi)
        )
        of_kernel += scale * inner
        of_noise += np.diag(inner)
    by_weight = [0.5 * wj * np.sum(of_kernel * k) for wj, k in zip(w, kernels, strict=True)]
    return value, np.array([*by_weight, 0.5 * tau * np.sum(of_noise * noise)])


def fit_weights(
    kernels: Sequence[Array], noise: Array, classes: Sequence[Class], prices: Array | None = None, steps: int = 100
) -> tuple[Array, float, float]:
    """Weights [n_kernels], tau and the log likelihood less prices'w at its maximum, by L-BFGS on their logarithms.

    Starts from equal weights that sum to 1 and tau = 1. Without prices [n_kernels] it is maximum likelihood.
    """
    cost = np.zeros(len(kernels)) if prices is None else prices
    n = sum(y.size for _, y in classes)
    theta = np.r_[np.full(len(kernels), -np.log(len(kernels))), 0.0]

    def loss(log_theta: Array) -> tuple[float, Array]:
        value, gradient = log_likelihood(log_theta, kernels, noise, classes)
        paid = cost * np.exp(log_theta[:-1])
        return (paid.sum() - value) / n, (np.r_[paid, 0.0] - gradient) / n

    bounds = [LOG_WEIGHT] * len(kernels) + [LOG_NOISE]
    options = {"maxiter": steps, "ftol": 1e-9, "gtol": 1e-6}
    found = optimize.minimize(loss, theta, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.exp(found.x[:-1]), float(np.exp(found.x[-1])), -float(found.fun) * n


@dataclass(frozen=True)
class Posterior:
    """The process given y [n, m], in the eigenvectors of diag(noise)^-1/2 K diag(noise)^-1/2."""

    root: Array  # [n], noise^-1/2
    vectors: Array  # [n, n]
    values: Array  # [n], 0 or more
    projected: Array  # [n, m], vectors' y / noise^1/2
    scale: Array  # [m]

    def predict(self, cross: Array, own: Array) -> tuple[Array, Array]:
        """Mean and variance [n_asked, m] of what has kernel `cross` [n_asked, n] with the data and `own` [n_asked].

        mean = scale cross A^-1 y;   variance = scale own - scale² cross A^-1 cross', A = scale K + diag(noise).
        """
        v = (cross * self.root) @ self.vectors
        shrink = self.scale / (self.scale * self.values[:, None] + 1)
        mean = v @ (shrink * self.projected)
        variance = self.scale * (own[:, None] - v**2 @ shrink)
        return mean, np.maximum(variance, 0.0)


def condition_on(kernel: Array, noise: Array, y: Array, scale: Array) -> Posterior:
    """One eigendecomposition for all columns of y [n, m], whatever their scales [m]."""
    root = 1 / np.sqrt(noise)
    values, vectors = linalg.eigh(kernel * root[:, None] * root[None, :], check_finite=False)
    return Posterior(root, vectors, np.maximum(values, 0.0), vectors.T @ (y * root[:, None]), np.asarray(scale))


def fit_scales(posterior: Posterior, grid: Array = GRID) -> Array:
    """The scale of every column [m] of largest marginal likelihood, among its own scale times the grid.

    Up to a constant, with z the projected column and v the eigenvalues:
        -2 L(s) = sum_k log(s v_k + 1) + z_k² / (s v_k + 1)
    """
    best, chosen = np.full(len(posterior.scale), np.inf), posterior.scale.copy()
    for factor in grid:
        scale = posterior.scale * factor
        total = posterior.values[:, None] * scale + 1
        loss = np.sum(np.log(total) + posterior.projected**2 / total, axis=0)
        chosen = np.where(loss < best, scale, chosen)
        best = np.minimum(loss, best)
    return chosen


def mixed(weights: Array, kernels: Sequence[Array]) -> Array:
    """sum_j w_j K_j."""
    total = np.zeros_like(kernels[0])
    for w, k in zip(weights, kernels, strict=True):
        total += w * k
    return total


def _factor(a: Array) -> tuple[Array, bool]:
    try:
        factor: tuple[Array, bool] = linalg.cho_factor(a, lower=True, check_finite=False)
        return factor
    except linalg.LinAlgError:
        raise ModelError(
            "The kernels with their noise are not positive definite: a kernel is no kernel, or a condition has no "
            "noise at all. Give kernels of inner products, and noise above 0."
        ) from None
