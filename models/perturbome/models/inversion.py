"""Target ranking by effect inversion: whose predicted knock-out looks most like the change that was seen?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from perturbome.models.contracts import Ranking
from perturbome.models.imposed import impose
from perturbome.models.moments import Difference, Moments, welch
from perturbome.models.network import Network
from perturbome.models.ordering import ranks
from perturbome.models.propagation import DAMPING, STEPS, propagate, safe_damping

Array = NDArray[np.float64]


def moderated(change: Difference) -> tuple[Array, Array]:
    """Change in units of its error, t = delta / (error + median error), and that unit [n_genes].

    The median keeps genes that hardly vary from looking certain. Tusher, Tibshirani & Chu 2001 (SAM).
    """
    error = np.nan_to_num(change.error[0], nan=np.inf)
    usual = error[(error > 0) & np.isfinite(error)]
    unit = error + (np.median(usual) if len(usual) else 1.0)
    return np.nan_to_num(change.delta[0]) / unit, unit


def standardise(profiles: Array, counted: NDArray[np.bool_]) -> Array:
    """Rows centred over the counted genes and scaled to length 1, others 0; a row that does not vary becomes 0."""
    n = counted.sum(axis=1, keepdims=True)
    centred = np.where(counted, profiles - np.where(counted, profiles, 0).sum(axis=1, keepdims=True) / n, 0)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    flat = length <= 1e-12 * np.maximum(np.abs(profiles).max(axis=1, keepdims=True), 1e-300)
    return np.where(flat, 0, centred / np.where(flat, 1, length))


def match(standard: Array, t: Array) -> Array:
    """z of the correlation of each standardised profile with the changes t: atanh(r) * sqrt(n - 3).

    t [n_genes] or [n_genes, n_draws]. Fisher 1921.
    """
    y = t - t.mean(axis=0)
    length = np.sqrt((y**2).sum(axis=0))
    r = (standard @ y) / np.where(length > 0, length, 1)
    z: Array = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)) * np.sqrt(max(len(t) - 3, 1))
    return z


def normal_scores(t: Array) -> Array:
    """Normal quantile of each value's rank among the genes, along axis 0: bounded, whatever the outliers."""
    quantile: Array = special.ndtri((stats.rankdata(t, axis=0) - 0.5) / len(t))
    return quantile


def combine(z: Array, own: Array, usual: float) -> tuple[Array, Array]:
    """Score and direction of each candidate: the better of "it went down" and "it went up".

    Down scores (max(z, 0) / usual + max(-own, 0)) / sqrt(2), up the same with both signs turned: z > 0 says that the
    change looks like the candidate's loss. Evidence only ever adds. A gene cut by CRISPR may keep its mRNA, and a gene
    that damps its own targets looks like their activator in a network of correlations, so neither silence nor
    contradiction of one kind of evidence is held against the other.
    """
    down = np.maximum(z, 0) / usual + np.maximum(-own, 0)
    up = np.maximum(-z, 0) / usual + np.maximum(own, 0)
    return np.maximum(down, up) / np.sqrt(2), np.sign(up - down)


class InversionRanking:
    """Ranks all genes by how well the propagated effect of their loss, or gain, explains a change.

    Evidence of the network: correlation over all other genes of the predicted knock-out effect with the change,
    both in units of the change's moderated error, as a z-value relative to the usual z of the candidates. Evidence of
    the gene: the normal score of its own change. See `combine`. q: Benjamini and Hochberg
    over p from changes permuted over genes; genes are not independent, so q is optimistic.
    """

    name = "inversion"

    def __init__(
        self, network: Network, steps: int = STEPS, damping: float = DAMPING, n_permutations: int = 200,
        seed: int = 0, spread: Array | None = None,
    ) -> None:  # fmt: skip
        self.network, self.steps, self.damping = network, steps, damping
        self.n_permutations, self.seed, self.spread = n_permutations, seed, spread

    def profiles(self, mean: Array, sd: Array) -> Array:
        """Predicted effect of each regulator's knock-out [n_regulators, n_genes]; a silent gene loses one SD instead.

        What a silent gene cannot lose it may gain, and the profile of a gain is the same with its sign turned.
        """
        regulators = self.network.regulators
        start, held = impose([(r,) for r in regulators], ["knockout"] * len(regulators), mean, sd)
        rows = np.arange(len(regulators))
        start[rows, regulators] = np.where(mean[regulators] > 0, -mean[regulators], -sd[regulators])
        weights = self.network.matrix(sd)
        # Not clipped at zero expression: a profile serves both directions.
        lowest = np.full(len(mean), -np.inf)
        return propagate(weights, start, held, lowest, self.steps, safe_damping(weights, self.damping))

    def rank(self, before: Moments, after: Moments, genes: Sequence[str]) -> Ranking:
        """Rank every gene; those without edges by their own change alone."""
        pooled = before + after
        sd = self.spread if self.spread is not None else np.sqrt(np.nan_to_num(pooled.variance[0]))
        regulators, n = self.network.regulators, len(genes)
        t, unit = moderated(welch(before, after))
        counted = np.ones((len(regulators), n), dtype=bool)
        counted[np.arange(len(regulators)), regulators] = False
        finite = np.where(np.isfinite(unit), unit, np.inf)
        standard = standardise(self.profiles(pooled.mean[0], sd) / finite, counted)

        z, own = np.zeros(n), normal_scores(t)
        z[regulators] = match(standard, t)
        usual = _usual(z[regulators])
        score, direction = combine(z, own, usual)

        rng = np.random.default_rng(self.seed)
        shuffled = rng.permuted(np.repeat(t[:, None], self.n_permutations, axis=1), axis=0)
        null_z = np.zeros(shuffled.shape)
        null_z[regulators] = match(standard, shuffled)
        null = np.sort(combine(null_z, normal_scores(shuffled), _usual(null_z[regulators]))[0].ravel())
        p = (1 + len(null) - np.searchsorted(null, score, side="left")) / (1 + len(null))
        q = stats.false_discovery_control(p)
        return Ranking(tuple(genes), score, ranks(score), q, direction.astype(np.int8), self.name)


def _usual(z: Array) -> float:
    """Robust SD of z over the candidates, at least 1: related genes move together, which widens z for all."""
    return max(1.0, 1.4826 * float(np.median(np.abs(z)))) if z.size else 1.0
