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
AT_ONCE = 1 << 20
"""Numbers of a [p, targets] array worked on at a time."""


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

    `right` is `V' c` of a target outside the regulators, and row k of V where the target is regulator k; `along` is
    `V' u` where the target is perturbed in some cells, u being the regulators' correlations with that, else 0.
    """

    values: Floats  # [p]
    right: Floats  # [p, m]
    along: Floats  # [p, m]
    inside: NDArray[np.bool_]  # [m]
    size: Floats  # [m], variance of the target that the perturbation leaves

    def solve(self, penalty: Floats) -> tuple[Floats, Floats, Floats]:
        """`P right` and `P along / (1 - along.P along)` [p, m], and `1 / (values + penalty)` [p, m].

        P is (R - u u' + penalty I)^-1 by Sherman and Morrison: `P = F + F along along' F / rest`, F diagonal.
        """
        shrunk = 1 / (self.values[:, None] + penalty)
        tilted = shrunk * self.along
        rest = np.maximum(1 - (self.along * tilted).sum(0), 1e-9)
        tilted /= rest
        return shrunk * self.right + tilted * (self.along * shrunk * self.right).sum(0), tilted, shrunk

    def take(self, which: NDArray[np.intp]) -> _Problem:
        return _Problem(
            self.values, self.right[:, which], self.along[:, which], self.inside[which], self.size[which]
        )


def fit_evidence(
    cor: Correlations, own: NDArray[np.intp], tolerance: float = 1e-4, start: Floats | None = None
) -> Posterior:
    """Bayesian ridge of every target: `y ~ N(x.b, 1/alpha)`, `b ~ N(0, 1/lambda)`, both precisions by the evidence.

    MacKay (1992) in the form of Tipping (2001), as scikit-learn's BayesianRidge has it, from n = 1/var(y), lambda = 1:

        gamma = p - penalty trace(P),  lambda = gamma / b.b,  alpha = (n - gamma) / rss,  penalty = lambda / (n alpha)

    with `P = (R + penalty I)^-1`, `b = P c`; until no round changes the coefficients by `tolerance` in sum of sizes
    (here bounded by sqrt(p) times their length), in at most 300 rounds. In the eigenbasis of R, which all targets share, a
    round costs p numbers a target: b.b, b.c and the trace are sums over eigenvalues. A regulator k as a target loses its own
    row and column, by the block inverse `b = -P_.k / P_kk`; a perturbed target is fitted beside an indicator (see
    `fit_ridge`). `start` [G] are penalties to start from.
    """
    p, n_genes = cor.targets.shape
    values, vectors = linalg.eigh(cor.regulators, check_finite=False)
    values = np.maximum(values, 0.0)
    beta, error = np.empty((p, n_genes)), np.empty((p, n_genes))
    penalty = np.empty(n_genes)
    aim = np.full(n_genes, -1, np.intp)
    aim[cor.aimed] = np.arange(cor.aimed.size)
    width = max(1, AT_ONCE // p)
    for first in range(0, n_genes, width):
        genes = np.arange(first, min(first + width, n_genes))
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
    """The problem of some genes; `aim` is their place among the perturbed ones, or -1."""
    c, along, size = cor.targets[:, genes], np.zeros((values.size, genes.size)), np.ones(genes.size)
    aimed = np.flatnonzero(aim >= 0)
    if aimed.size:
        u, r = cor.aim_regulators[:, aim[aimed]], cor.aim_own[aim[aimed]]
        c[:, aimed] -= r * u
        along[:, aimed] = vectors.T @ u
        size[aimed] = np.maximum(1 - r**2, 1e-9)
    right = vectors.T @ c
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
        solved, tilted, shrunk = part.solve(tau)
        dot, length = (solved * part.right).sum(0), (solved**2).sum(0)
        trace = shrunk.sum(0) + (tilted * shrunk * part.along).sum(0)
        # For regulator k `dot` is P_kk and `solved` P_.k, whose own entry becomes -1 and is none of the coefficients.
        pivot = np.where(part.inside, -dot, 1.0)
        solved /= pivot
        bb = np.where(part.inside, np.maximum(length / dot**2 - 1, 0.0), length)
        bc = np.where(part.inside, part.size + tau - 1 / dot, dot)
        gamma = p - part.inside - tau * (trace - np.where(part.inside, length / dot, 0.0))
        rss = n * np.maximum(part.size - bc - tau * bb, 0.0)
        strength = (gamma + 2 * PRIOR) / (bb + 2 * PRIOR)
        alpha[active] = (n - gamma + 2 * PRIOR) / (rss + 2 * PRIOR)
        penalty[active] = strength / (n * alpha[active])
        if before is not None:
            moved = np.sqrt(p * ((solved - before) ** 2).sum(0)) >= tolerance
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
    solved, tilted, shrunk = problem.solve(penalty)
    rest = np.maximum(1 - (problem.along**2 * shrunk).sum(0), 1e-9)
    beta = vectors @ solved
    variance = vectors**2 @ shrunk + (vectors @ tilted) ** 2 * rest
    inside = np.flatnonzero(problem.inside)
    itself = own[inside], inside
    pivot = beta[itself]
    variance[:, inside] -= beta[:, inside] ** 2 / pivot
    beta[:, inside] /= -pivot
    beta[itself], variance[itself] = 0.0, 0.0
    return beta, np.sqrt(np.maximum(variance, 0.0) / precision)
