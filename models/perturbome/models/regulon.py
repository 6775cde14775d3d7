"""Target ranking by regulon: did the regulator's direct targets change as its weights say?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special, stats

from perturbome.models.contracts import Ranking
from perturbome.models.moments import Moments, welch
from perturbome.models.network import Network
from perturbome.models.ordering import ranks

Array = NDArray[np.float64]


def univariate_t(weights: sparse.csr_matrix, t: Array) -> Array:
    """t of the slope when the genes' t-values [n_genes] are regressed on each row of weights [n_sets, n_genes].

    slope t = r * sqrt((n - 2) / (1 - r²)) with Pearson's r over all genes, those without an edge at weight 0: the
    univariate linear model of Badia-i-Mompel et al. 2022 (decoupler). 0 for a row that does not vary.
    """
    n = len(t)
    y = t - t.mean()
    mean = np.asarray(weights.mean(axis=1)).ravel()
    square = np.asarray(weights.multiply(weights).sum(axis=1)).ravel() - n * mean**2
    scale = np.sqrt(np.maximum(square, 0) * (y @ y))
    r = np.divide(weights @ y, scale, out=np.zeros(weights.shape[0]), where=scale > 0)
    r = np.clip(r, -1 + 1e-15, 1 - 1e-15)
    slope_t: Array = r * np.sqrt((n - 2) / (1 - r**2))
    return slope_t


class RegulonRanking:
    """Score |t| of the regulator's regulon; genes that regulate nothing score 0. p: Student, n - 2; q: BH."""

    name = "regulon"

    def __init__(self, network: Network) -> None:
        self.network = network

    def rank(self, before: Moments, after: Moments, genes: Sequence[str]) -> Ranking:
        """Rank regulators by the change of their direct targets."""
        change = np.nan_to_num(welch(before, after).t[0])
        t = univariate_t(self.network.matrix(np.ones(len(genes))), change)
        p = np.where(t == 0, 1.0, 2 * special.stdtr(len(genes) - 2, -np.abs(t)))
        return Ranking(
            tuple(genes), np.abs(t), ranks(np.abs(t)), stats.false_discovery_control(p),
            np.sign(t).astype(np.int8), self.name,
        )  # fmt: skip
