"""Bayesian ridge of every target in closed form, with a penalty of its own found by the evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from perturbome.ingest.regulation.moments import Correlations

Floats = NDArray[np.float64]
PRIOR = 1e-6
"""Shape and rate of the Gamma priors of both precisions, as good as flat (Tipping 2001)."""
MOST_ROUNDS = 300
SINGLE = float(np.finfo(np.float32).eps)
AT_ONCE = 1 << 15
"""Numbers of a [p, targets] array worked on at a time: few enough to stay in the processor's cache."""


@dataclass(frozen=True)
class Posterior:
    """Coefficients of G targets on p regulators, both of unit variance, as the evidence has them."""

    beta: Floats  # [p, G], posterior mean; 0 where a regulator meets itself
    error: Floats  # [p, G], posterior standard deviation
    penalty: Floats  # [G], per cell, as `fit_ridge` counts it: precision of beta over n times that of the noise

    @property
    def z(self) -> Floats:
        """Mean over standard deviation, 0 where there is none."""
        z: Floats = np.divide(self.beta, self.error, out=np.zeros_like(self.beta), where=self.error > 0)
        return z


@dataclass(frozen=True)
class _Problem:
    """Targets in the basis in which the regulators' correlations are diagonal: `R = V diag(values) V'`.

    `right` is `V' c` of a target outside the regulators, and row k of V where the target is regulator k. `along` is
    `V' u` of targets perturbed in some cells, u being the regulators' correlations with that; None where none is.
    """

    values: Floats  # [p]
    right: Floats  # [p, m]
    along: Floats | None  # [p, m]
    inside: NDArray[np.bool_]  # [m]
    size: Floats  # [m], variance of the target that the perturbation leaves

    def solve(self, penalty: Floats) -> tuple[Floats, Floats, Floats | None, Floats]:
        """`P right` [p, m], diagonal F and `t` [p, m] of `P = F + t t'`, and the trace of P [m].

        P is (R - u u' + penalty I)^-1, by Sherman and Morrison: `t = F along / sqrt(1 - along.F along)`.
        """
        shrunk = self.values[:, None] + penalty
        np.divide(1.0, shrunk, out=shrunk)
        solved, trace = shrunk * self.right, shrunk.sum(0)
        if self.along is None:
            return solved, shrunk, None, trace
        tilt = shrunk * self.along
        # Without a penalty an indicator that the regulators explain wholly would divide by zero.
        tilt /= np.sqrt(np.maximum(1 - _dot(tilt, self.along), 1e-9))
        solved += tilt * _dot(tilt, self.right)
        return solved, shrunk, tilt, trace + _dot(tilt, tilt)

    def take(self, which: NDArray[np.intp]) -> _Problem:
        along = None if self.along is None else self.along[:, which]
        return _Problem(self.values, self.right[:, which], along, self.inside[which], self.size[which])


def fit_posterior(
    cor: Correlations, own: NDArray[np.intp], tolerance: float = 1e-4, start: Floats | None = None
) -> Posterior:
    """Bayesian ridge of every target: `y ~ N(x.b, 1/alpha)`, `b ~ N(0, 1/lambda)`, both precisions by the evidence.

    MacKay (1992) in the rounds of Tipping (2001), as scikit-learn's BayesianRidge has them, from alpha = 1/var(y) and
    lambda = 1:

        gamma = p - penalty trace(P),  lambda = gamma / b.b,  alpha = (n - gamma) / rss,  penalty = lambda / (n alpha)

    with `P = (R + penalty I)^-1`, `b = P c`, R [p, p] the regulators' correlations and c [p] those with the target;
    until the coefficients of a target move by less than `tolerance`, as a sum of sizes (bounded by sqrt(p) times the
    length of the move), in at most 300 rounds. The posterior variance is `P_kk / (n alpha)`.

    In the eigenbasis of R, which all targets share, a round costs p numbers a target: b.b, b.c and the trace are sums
    over eigenvalues. A regulator k as a target loses its own row and column, by the block inverse `b = -P_.k / P_kk`; a
    perturbed target is fitted beside an indicator of its cells (see `fit_ridge`). `start` [G]: penalties to begin from.
    """
    p, n_genes = cor.targets.shape
    values, vectors = linalg.eigh(cor.regulators, check_finite=False)
    # Correlations come in single precision: with fewer cells than regulators, what should be 0 is noise of that size.
    values[values < SINGLE * p * values[-1]] = 0.0
    beta, error = np.empty((p, n_genes)), np.empty((p, n_genes))
    penalty = np.empty(n_genes)
    aim = np.full(n_genes, -1, np.intp)
    aim[cor.aimed] = np.arange(cor.aimed.size)
    width = max(1, AT_ONCE // p)
    for kind in (np.flatnonzero(aim < 0), cor.aimed):
        for first in range(0, kind.size, width):
            genes = kind[first : first + width]
            problem = _problem(cor, values, vectors, genes, own[genes], aim[genes])
            found, noise = _penalties(problem, cor.n, tolerance, None if start is None else start[genes])
            penalty[genes] = found
            beta[:, genes], error[:, genes] = _posterior(problem, vectors, own[genes], found, noise * cor.n)
    return Posterior(beta, error, penalty)


def _problem(
    cor: Correlations,
    values: Floats,
    vectors: Floats,
    genes: NDArray[np.intp],
    own: NDArray[np.intp],
    aim: NDArray[np.intp],
) -> _Problem:
    """The problem of some genes, none or all of them perturbed; `aim` is their place among those, or -1."""
    c, along, size = cor.targets[:, genes], None, np.ones(genes.size)
    if (aim >= 0).all():
        u, r = cor.aim_regulators[:, aim], cor.aim_own[aim]
        c, along, size = c - r * u, vectors.T @ u, np.maximum(1 - r**2, 1e-9)
    right = vectors.T @ c
    right[values == 0] = 0.0
    inside = own >= 0
    right[:, inside] = vectors[own[inside]].T
    return _Problem(values, right, along, inside, size)


def _penalties(problem: _Problem, n: float, tolerance: float, start: Floats | None) -> tuple[Floats, Floats]:
    """Penalty per cell [m] and precision of the noise [m] of every target."""
    p, m = problem.right.shape
    alpha = 1 / problem.size
    penalty = 1 / (n * alpha) if start is None else start.copy()
    active, part = np.arange(m), problem
    before: Floats | None = None
    for _ in range(MOST_ROUNDS):
        tau = penalty[active]
        solved, _, _, trace = part.solve(tau)
        dot, length = _dot(solved, part.right), _dot(solved, solved)
        # Of regulator k `solved` is P_.k, and its pivot P_kk. Coefficients are -P_.k / P_kk but for its own, which is
        # -1 and never moves.
        pivot = np.where(part.inside, dot, 1.0)
        solved /= np.where(part.inside, -dot, 1.0)
        bb = np.where(part.inside, np.maximum(length / pivot**2 - 1, 0.0), length)
        bc = np.where(part.inside, part.size + tau - 1 / pivot, dot)
        gamma = p - part.inside - tau * (trace - np.where(part.inside, length / pivot, 0.0))
        rss = n * np.maximum(part.size - bc - tau * bb, 0.0)
        alpha[active] = (n - gamma + 2 * PRIOR) / (rss + 2 * PRIOR)
        penalty[active] = (gamma + 2 * PRIOR) / (bb + 2 * PRIOR) / (n * alpha[active])
        if before is not None:
            before -= solved
            moved = np.sqrt(p * _dot(before, before)) >= tolerance
            if not moved.any():
                break
            if not moved.all():
                active, part, solved = active[moved], part.take(np.flatnonzero(moved)), solved[:, moved]
        before = solved
    return penalty, alpha


def _posterior(
    problem: _Problem, vectors: Floats, own: NDArray[np.intp], penalty: Floats, precision: Floats
) -> tuple[Floats, Floats]:
    """Coefficients and their posterior standard deviations [p, m]."""
    solved, shrunk, tilt, _ = problem.solve(penalty)
    beta, variance = vectors @ solved, vectors**2 @ shrunk
    if tilt is not None:
        variance += (vectors @ tilt) ** 2
    inside = np.flatnonzero(problem.inside)
    itself = own[inside], inside
    pivot = beta[itself]
    variance[:, inside] -= beta[:, inside] ** 2 / pivot
    beta[:, inside] /= -pivot
    beta[itself], variance[itself] = 0.0, 0.0
    return beta, np.sqrt(np.maximum(variance, 0.0) / precision)


def _dot(a: Floats, b: Floats) -> Floats:
    """Scalar products of the columns of two arrays [p, m]."""
    product: Floats = np.einsum("pm,pm->m", a, b)
    return product
