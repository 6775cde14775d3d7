"""Ridge regression of every gene on all regulators at once, in closed form, a regulator never on itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from perturbome.ingest.regulation.moments import Correlations

Floats = NDArray[np.float64]
PENALTIES = tuple(np.logspace(-4, 2, 19).tolist())
MOST_FREEDOM = 0.5
"""Effective parameters a penalty may leave, as a share of the cells: beyond it residuals say little of the noise."""


@dataclass(frozen=True)
class Fit:
    """Ridge coefficients of G targets on p regulators, both of unit variance."""

    beta: Floats  # [p, G]; 0 where a regulator meets itself
    error: Floats  # [p, G], standard error of beta
    freedom: Floats  # [G], residual degrees of freedom

    @property
    def z(self) -> Floats:
        """Coefficient over standard error, 0 where there is no error."""
        z: Floats = np.divide(self.beta, self.error, out=np.zeros_like(self.beta), where=self.error > 0)
        return z

    @property
    def p(self) -> Floats:
        """Two-sided p by Student's t with `freedom`; never below the least float32, so that it can be stored."""
        p: Floats = 2 * special.stdtr(self.freedom, -np.abs(self.z))
        return np.maximum(p, float(np.finfo(np.float32).tiny))


def own_position(regulators: NDArray[np.intp], n_genes: int) -> NDArray[np.intp]:
    """Position of each gene among the regulators [G], -1 for genes that regulate nothing."""
    own = np.full(n_genes, -1, np.intp)
    own[regulators] = np.arange(regulators.size)
    return own


def fit_ridge(cor: Correlations, own: NDArray[np.intp], penalty: float) -> Fit:
    """Fit `(R + penalty I) beta_j = c_j` for every target j; `penalty` is per cell, so cells may be duplicated.

    R [p, p] are the regulators' correlations, c_j [p] those with target j. With P = (R + penalty I)^-1:

    * target outside the regulators: `beta_j = P c_j`, `M = P`;
    * target that is regulator k itself: the system without row and column k, whose solution and inverse
      follow from P by the block-inverse identity: `beta_j = -P_.k / P_kk`, `M = P - P_.k P_k. / P_kk`;
    * target that is perturbed in some cells: there it answers to the perturbation and not to its regulators, so
      an unpenalised indicator d of those cells joins the fit. Partialled out, with u = corr(x, d) and
      r = corr(y, d), it turns R into R - u u' and c into c - r u, and P by Sherman and Morrison into
      `P + v v' / (1 - u.v)`, v = P u.

    Standard errors are `s_j sqrt((M - penalty M^2)_kk)` with `s_j^2 = rss_j / (n - 1 - df_j)`, the residual sum
    of squares per cell `rss_j = 1 - beta.c - penalty beta.beta` and the effective number of parameters
    `df_j = trace(R M)`. As penalty -> 0 these are ordinary least squares and its t-test; beyond that the test is
    that of Halawa and El Bassiouni (2000), which ignores the shrinkage bias.
    """
    p, n_genes = cor.targets.shape
    inverse = linalg.inv(cor.regulators + penalty * np.eye(p), check_finite=False)
    inverse = (inverse + inverse.T) / 2
    squared = inverse @ inverse
    beta = inverse @ cor.targets
    diagonal, diagonal2 = np.diag(inverse)[:, None], np.diag(squared)[:, None]
    unscaled = np.repeat(diagonal - penalty * diagonal2, n_genes, 1)
    used = np.full(n_genes, p - penalty * np.trace(inverse))

    mine = np.flatnonzero(own >= 0)
    k = own[mine]
    beta[:, mine], unscaled[:, mine], freed = _without_itself(
        diagonal, diagonal2, inverse[:, k], squared[:, k], k, penalty
    )
    used[mine] += freed
    residual = 1 - np.einsum("pg,pg->g", beta, cor.targets) - penalty * np.einsum("pg,pg->g", beta, beta)

    if cor.aimed.size:
        aimed, u, r = cor.aimed, cor.aim_regulators, cor.aim_own
        v = inverse @ u
        w = inverse @ v
        # Without a penalty an indicator that the regulators explain wholly would divide by zero.
        rest = np.maximum(1 - np.einsum("pm,pm->m", u, v), 1e-9)
        length = np.einsum("pm,pm->m", v, v)
        target = cor.targets[:, aimed] - r * u
        diagonal, diagonal2 = diagonal + v**2 / rest, diagonal2 + 2 * v * w / rest + v**2 * length / rest**2
        beta[:, aimed] = inverse @ target + v * (np.einsum("pm,pm->m", v, target) / rest)
        unscaled[:, aimed] = diagonal - penalty * diagonal2
        present = (np.abs(u).sum(0) + np.abs(r)) > 0  # an indicator of no cell, or of all, is no parameter
        used[aimed] = present + p - penalty * (np.trace(inverse) + length / rest)
        also = np.flatnonzero(own[aimed] >= 0)
        k, v, w, rest, length = own[aimed[also]], v[:, also], w[:, also], rest[also], length[also]
        vk, wk = v[k, np.arange(k.size)], w[k, np.arange(k.size)]
        column = inverse[:, k] + v * vk / rest
        column2 = squared[:, k] + (w * vk + v * wk) / rest + v * vk * length / rest**2
        beta[:, aimed[also]], unscaled[:, aimed[also]], freed = _without_itself(
            diagonal[:, also], diagonal2[:, also], column, column2, k, penalty
        )
        used[aimed[also]] += freed
        mine = beta[:, aimed]
        residual[aimed] = 1 - r**2 - (mine * target).sum(0) - penalty * (mine**2).sum(0)

    freedom = cor.n - 1 - used
    # Where the fit takes every degree of freedom nothing is left to test with: no coefficient is significant there.
    tested = freedom >= 1
    freedom = np.maximum(freedom, 1.0)
    error = np.sqrt(np.maximum(unscaled, 0.0) * np.maximum(residual, 0.0) / freedom)
    return Fit(beta, np.where(tested, error, np.where(unscaled > 0, np.inf, 0.0)), freedom)


def _without_itself(
    diagonal: Floats, diagonal2: Floats, column: Floats, column2: Floats, k: NDArray[np.intp], penalty: float
) -> tuple[Floats, Floats, Floats]:
    """Coefficients and unscaled variances [p, m] of regulators as targets, and the change of their df [m].

    By the block-inverse identity, from P: its diagonal and that of P^2 [p, 1 or m], columns k of both [p, m].
    """
    itself = k, np.arange(k.size)
    pivot, pivot2 = column[itself], column2[itself]
    beta = -column / pivot
    reduced = diagonal - column**2 / pivot
    reduced2 = diagonal2 - 2 * column * column2 / pivot + column**2 * (pivot2 / pivot**2)
    unscaled = reduced - penalty * reduced2
    beta[itself], unscaled[itself] = 0.0, 0.0
    return beta, unscaled, penalty * pivot2 / pivot - 1


def choose_penalty(
    cor: Correlations, own: NDArray[np.intp], usable: NDArray[np.bool_], grid: tuple[float, ...] = PENALTIES
) -> float:
    """The penalty of the grid with the least generalised cross-validation error, summed over usable targets.

    `GCV = sum_j rss_j(total) / (1 - (1 + df_j) / n)^2` (Golub, Heath and Wahba 1979), the rss being that of the
    residuals; one eigendecomposition serves the whole grid. With fewer cells than regulators a small penalty fits
    anything, and the criterion, 0/0 there, would choose it: penalties that leave more effective parameters than
    `MOST_FREEDOM` of the cells are passed over, but for the largest.
    """
    p = cor.regulators.shape[0]
    values, vectors = linalg.eigh(cor.regulators, check_finite=False)
    values = np.maximum(values, 0.0)
    outside = np.flatnonzero(usable & (own < 0))
    inside = own[np.flatnonzero(usable & (own >= 0))]
    projected = (vectors.T @ cor.targets[:, outside]) ** 2  # [p, outside]
    errors = []
    for penalty in grid:
        shrunk = 1 / (values + penalty)
        used = p - penalty * shrunk.sum()
        residual = 1 - (shrunk + penalty * shrunk**2) @ projected
        error = float(np.maximum(residual, 0.0).sum()) / max(1 - (1 + used) / cor.n, 1e-3) ** 2
        inverse = (vectors * shrunk) @ vectors.T
        pivot = np.diag(inverse)[inside]
        norm = ((vectors**2) @ shrunk**2)[inside]  # |P_.k|^2
        # beta.c = 1 + penalty - 1/P_kk and beta.beta = (|P_.k|^2 - P_kk^2) / P_kk^2, by the block inverse.
        residual = 1 / pivot - penalty - penalty * (norm / pivot**2 - 1)
        used_inside = p - 1 - penalty * (shrunk.sum() - norm / pivot)
        shrinkage = np.maximum(1 - (1 + used_inside) / cor.n, 1e-3)
        error += float((np.maximum(residual, 0.0) / shrinkage**2).sum())
        errors.append(error if penalty == grid[-1] or 1 + used <= MOST_FREEDOM * cor.n else np.inf)
    return grid[int(np.argmin(errors))]
