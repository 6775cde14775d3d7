"""Mean and variance of every gene in every group of cells, and Welch's comparison of two groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

Array = NDArray[np.float64]

BLOCK = 50_000  # cells per product: bounds the double-precision copy


@dataclass(frozen=True)
class Moments:
    """Cells, sum and sum of squares per group; groups of cells add up by adding their moments."""

    n: Array  # [n_groups]
    total: Array  # [n_groups, n_genes]
    squares: Array  # [n_groups, n_genes]

    @property
    def mean(self) -> Array:
        """Mean expression [n_groups, n_genes]; NaN for a group without cells."""
        with np.errstate(invalid="ignore"):
            return self.total / np.where(self.n > 0, self.n, np.nan)[:, None]

    @property
    def variance(self) -> Array:
        """Unbiased variance [n_groups, n_genes]; NaN for a group with fewer than two cells."""
        n = self.n[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            centred = np.maximum(self.squares - self.total**2 / n, 0.0)
            return np.where(n > 1, centred / (n - 1), np.nan)

    def merge(self, groups: NDArray[np.intp], n_groups: int) -> Moments:
        """Moments of larger groups: old group i becomes part of new group `groups[i]` (-1: left out)."""
        kept = groups >= 0
        to = sparse.csr_matrix(
            (np.ones(kept.sum()), (groups[kept], np.flatnonzero(kept))), shape=(n_groups, len(groups))
        )
        return Moments(to @ self.n, to @ self.total, to @ self.squares)

    def __add__(self, other: Moments) -> Moments:
        """The same groups with the cells of both."""
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)

    def __getitem__(self, groups: NDArray[np.intp] | slice) -> Moments:
        return Moments(self.n[groups], self.total[groups], self.squares[groups])


def group_moments(x: sparse.csr_matrix, group: NDArray[np.intp], n_groups: int) -> Moments:
    """Moments per group of cells by one indicator matrix product; cells of group -1 count nowhere.

    x [n_cells, n_genes]; group [n_cells]. O(non-zeros), no loop over cells or groups.
    """
    n_genes = x.shape[1]
    total, squares = np.zeros((n_groups, n_genes)), np.zeros((n_groups, n_genes))
    for at in range(0, x.shape[0], BLOCK):
        part = x[at : at + BLOCK].astype(np.float64)
        member = group[at : at + BLOCK]
        cells = np.flatnonzero(member >= 0)
        to = sparse.csr_matrix((np.ones(len(cells)), (member[cells], cells)), shape=(n_groups, part.shape[0]))
        total += (to @ part).toarray()
        part.data **= 2
        squares += (to @ part).toarray()
    return Moments(np.bincount(group[group >= 0], minlength=n_groups).astype(np.float64), total, squares)


@dataclass(frozen=True)
class Difference:
    """Welch's comparison, gene by gene: delta = mean(after) - mean(before), its standard error and freedom."""

    delta: Array
    error: Array
    freedom: Array

    @property
    def t(self) -> Array:
        """Welch's t; 0 where neither group varies and nothing changed."""
        floor = np.where((self.error > 0) | (self.delta == 0), self.error, np.nan)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.delta == 0, 0.0, self.delta / floor)

    @property
    def p(self) -> Array:
        """Two-sided p of Welch's t; 1 where t is not defined."""
        p = 2 * special.stdtr(np.maximum(self.freedom, 1), -np.abs(self.t))
        return np.where(np.isfinite(p), p, 1.0)

    def interval(self, level: float = 0.9) -> tuple[Array, Array]:
        """Ends of the `level` interval from Student's t with Welch's freedom."""
        half = special.stdtrit(np.maximum(self.freedom, 1), (1 + level) / 2) * self.error
        return self.delta - half, self.delta + half


def welch(before: Moments, after: Moments) -> Difference:
    """Compare groups row by row (`before` may be one row for all): delta, s.e. and Welch-Satterthwaite freedom.

    error² = v_a/n_a + v_b/n_b;  freedom = error⁴ / ((v_a/n_a)²/(n_a-1) + (v_b/n_b)²/(n_b-1)). Welch 1947.
    """
    shares = []
    for side in (before, after):
        with np.errstate(invalid="ignore", divide="ignore"):
            shares.append((side.variance / side.n[:, None], side.n[:, None]))
    (b, n_b), (a, n_a) = shares
    square = a + b
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = square**2 / (a**2 / (n_a - 1) + b**2 / (n_b - 1))
    return Difference(after.mean - before.mean, np.sqrt(square), np.where(np.isfinite(freedom), freedom, 1.0))
