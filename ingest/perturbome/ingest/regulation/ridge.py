"""Ridge regression of every gene on all regulators at once, in closed form, a regulator never on itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special
from scipy.linalg import lapack

from perturbome.ingest.regulation.moments import Correlations
from perturbome.ingest.regulation.threads import small_products
from perturbome.platform.errors import InputError

Floats = NDArray[np.float64]
PENALTIES = tuple(np.logspace(-4, 2, 19).tolist())
MOST_FREEDOM = 0.5
"""Effective parameters a penalty may leave, as a share of the cells: beyond it residuals say little of the noise."""


@dataclass(frozen=True)
class Fit:
    """Ridge coefficients of G targets on p regulators, both of unit variance, and what their errors are made of.

    The standard error of a coefficient is the root of its unscaled variance times the noise of its target. Most
    targets share one system, hence one column of variances; errors [p, G] are made only when they are asked for.
    """

    beta: Floats  # [p, G], in the precision of the correlations' targets; 0 where a regulator meets itself
    variance: Floats  # [p], unscaled, for targets that share the system
    special: NDArray[np.intp]  # [s], columns of targets with a system of their own: regulators and perturbed genes
    special_variance: Floats  # [p, s]
    noise: Floats  # [G], residual standard deviation; infinite where no degree of freedom is left to test with
    freedom: Floats  # [G], residual degrees of freedom

    @property
    def error(self) -> Floats:
        """Standard error of beta [p, G]; 0 where a regulator meets itself."""
        with np.errstate(invalid="ignore"):
            error = np.sqrt(self.variance)[:, None] * self.noise
            error[:, self.special] = np.sqrt(self.special_variance) * self.noise[self.special]
        return np.nan_to_num(error, copy=False, nan=0.0, posinf=np.inf)

    @property
    def z(self) -> Floats:
        """Coefficient over standard error [p, G], 0 where there is no error."""
        z = self.beta * _inverse_root(self.variance).astype(self.beta.dtype)[:, None]
        z[:, self.special] = self.beta[:, self.special] * _inverse_root(self.special_variance)
        certainty = np.divide(1.0, self.noise, out=np.zeros_like(self.noise), where=self.noise > 0)
        z *= certainty.astype(z.dtype)
        return z

    @property
    def p(self) -> Floats:
        """Two-sided p [p, G] by Student's t with `freedom`; never below the least float32, so that it can be stored."""
        return two_sided_p(self.z, self.freedom)


def two_sided_p(t: Floats, freedom: Floats) -> Floats:
    """Two-sided p of Student's t [p, G] with `freedom` [G]; never below the least float32, so that it can be stored."""
    p = np.empty_like(t)

    def fill(k: int) -> None:
        np.abs(t[k], out=p[k])
        np.negative(p[k], out=p[k])
        special.stdtr(freedom, p[k], out=p[k])

    with small_products() as n_workers, ThreadPoolExecutor(n_workers) as workers:
        list(workers.map(fill, range(t.shape[0])))
    p *= 2
    return np.maximum(p, float(np.finfo(np.float32).tiny), out=p)


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
    inverse = inverse_of(cor.regulators, penalty)
    squared = inverse @ inverse.T  # of a symmetric matrix; so written it is half the work
    beta = inverse.astype(cor.targets.dtype, copy=False) @ cor.targets
    diagonal, diagonal2 = np.diag(inverse)[:, None], np.diag(squared)[:, None]
    variance = diagonal - penalty * diagonal2
    used = np.full(n_genes, p - penalty * np.trace(inverse))

    mine = np.flatnonzero(own >= 0)
    k = own[mine]
    columns = np.union1d(mine, cor.aimed).astype(np.intp)
    place = np.full(n_genes, -1, np.intp)
    place[columns] = np.arange(columns.size)
    own_variance = np.empty((p, columns.size))
    beta[:, mine], own_variance[:, place[mine]], freed = _without_itself(
        variance, inverse[:, k], squared[:, k], k, penalty
    )
    used[mine] += freed
    residual = 1 - _column_products(beta, cor.targets) - penalty * _column_products(beta, beta)

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
        variance_m = diagonal - penalty * diagonal2
        own_variance[:, place[aimed]] = variance_m
        present = (np.abs(u).sum(0) + np.abs(r)) > 0  # an indicator of no cell, or of all, is no parameter
        used[aimed] = present + p - penalty * (np.trace(inverse) + length / rest)
        also = np.flatnonzero(own[aimed] >= 0)
        k, v, w, rest, length = own[aimed[also]], v[:, also], w[:, also], rest[also], length[also]
        vk, wk = v[k, np.arange(k.size)], w[k, np.arange(k.size)]
        column = inverse[:, k] + v * vk / rest
        column2 = squared[:, k] + (w * vk + v * wk) / rest + v * vk * length / rest**2
        beta[:, aimed[also]], own_variance[:, place[aimed[also]]], freed = _without_itself(
            variance_m[:, also], column, column2, k, penalty
        )
        used[aimed[also]] += freed
        theirs = beta[:, aimed]
        residual[aimed] = 1 - r**2 - (theirs * target).sum(0) - penalty * (theirs**2).sum(0)

    freedom = cor.n - 1 - used
    # Where the fit takes every degree of freedom nothing is left to test with: no coefficient is significant there.
    noise = np.where(freedom >= 1, np.sqrt(np.maximum(residual, 0.0) / np.maximum(freedom, 1.0)), np.inf)
    return Fit(
        beta, np.maximum(variance.ravel(), 0.0), columns, np.maximum(own_variance, 0.0), noise, np.maximum(freedom, 1.0)
    )


def inverse_of(R: Floats, penalty: float) -> Floats:
    """`(R + penalty I)^-1` of correlations R [p, p], by Cholesky.

    Rounding can leave R a little below semi-definite, which a tiny penalty does not mend: then by its eigenvalues,
    those below zero taken as zero. InputError where without a penalty there is no inverse.
    """
    system = R + penalty * np.eye(R.shape[0])
    factor, failed = lapack.dpotrf(system.T, lower=1, clean=0, overwrite_a=1)
    if not failed:
        half, failed = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if failed:
        values, vectors = linalg.eigh(R, check_finite=False)
        values = np.maximum(values, 0.0) + penalty
        if values.min() <= 0:
            raise InputError(
                "Some regulators are exact combinations of others, so that without a penalty their coefficients are "
                "not determined. Give a penalty above 0, or leave the choice to the cells (no --penalty)."
            )
        inverse: Floats = (vectors / values) @ vectors.T
        return (inverse + inverse.T) / 2
    inverse = np.tril(half, -1)
    inverse += inverse.T
    np.fill_diagonal(inverse, np.diag(half))
    return inverse


def _column_products(a: Floats, b: Floats) -> Floats:
    """Scalar product of each column of a with that of b [p, G], summed in float64: [G]."""
    products: Floats = np.einsum("pg,pg->g", a, b, dtype=np.float64)
    return products


def _inverse_root(variance: Floats) -> Floats:
    """`1 / sqrt(variance)`, 0 where it is 0."""
    root = np.sqrt(variance)
    return np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)


def _without_itself(
    variance: Floats, column: Floats, column2: Floats, k: NDArray[np.intp], penalty: float
) -> tuple[Floats, Floats, Floats]:
    """Coefficients and unscaled variances [p, m] of regulators as targets, and the change of their df [m].

    By the block-inverse identity, from P: the variances `P_ll - penalty (P^2)_ll` with it [p, 1 or m], and columns k
    of P and P^2 [p, m].
    """
    itself = k, np.arange(k.size)
    pivot, pivot2 = column[itself], column2[itself]
    beta = column / -pivot
    # The variances of P - P_.k P_k. / P_kk and of its square, gathered by powers of P_.k.
    unscaled = column * (1 + penalty * pivot2 / pivot)
    unscaled -= 2 * penalty * column2
    unscaled *= beta
    unscaled += variance
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
    values, vectors = linalg.eigh(cor.regulators, check_finite=False, driver="evd")
    values = np.maximum(values, 0.0)
    outside = np.flatnonzero(usable & (own < 0))
    inside = own[np.flatnonzero(usable & (own >= 0))]
    projected = vectors.T @ cor.targets[:, outside]  # [p, outside]
    projected *= projected
    share = vectors[inside] ** 2  # [inside, p]: P_kk is its product with 1 / (values + penalty)
    errors = []
    for penalty in grid:
        shrunk = 1 / (values + penalty)
        used = p - penalty * shrunk.sum()
        residual = 1 - (shrunk + penalty * shrunk**2) @ projected
        error = float(np.maximum(residual, 0.0).sum()) / max(1 - (1 + used) / cor.n, 1e-3) ** 2
        pivot, norm = share @ shrunk, share @ shrunk**2  # P_kk, |P_.k|^2
        # beta.c = 1 + penalty - 1/P_kk and beta.beta = (|P_.k|^2 - P_kk^2) / P_kk^2, by the block inverse.
        residual = 1 / pivot - penalty - penalty * (norm / pivot**2 - 1)
        used_inside = p - 1 - penalty * (shrunk.sum() - norm / pivot)
        shrinkage = np.maximum(1 - (1 + used_inside) / cor.n, 1e-3)
        error += float((np.maximum(residual, 0.0) / shrinkage**2).sum())
        errors.append(error if penalty == grid[-1] or 1 + used <= MOST_FREEDOM * cor.n else np.inf)
    return grid[int(np.argmin(errors))]
