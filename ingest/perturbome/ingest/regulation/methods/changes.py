"""Sufficient statistics of "change of every gene on levels of the regulators", by block of cells."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from perturbome.ingest.regulation.moments import Correlations, Matrix
from perturbome.ingest.regulation.ridge import MOST_FREEDOM, PENALTIES, Fit, fit_ridge

Floats = NDArray[np.float64]
AT_ONCE = 1 << 23  # entries made dense together


@dataclass(frozen=True)
class Course:
    """Cells with a successor, in order of their blocks: what is known of their present and of their change."""

    X: Matrix  # [n, G], all cells
    rows: NDArray[np.intp]  # [m], cells with a successor
    following: sparse.csr_matrix  # [m, n], their successors; rows sum to 1
    step: Floats  # [m], expected time until then
    block: NDArray[np.intp]  # [m], ascending
    regulators: NDArray[np.intp]  # [p], columns
    aimed: NDArray[np.intp]  # [a], columns of the perturbed genes
    perturbed: NDArray[np.bool_]  # [m, a]

    def pieces(self) -> Iterator[tuple[slice, Floats, Floats]]:
        """Some targets at a time: their columns, levels [m, g] and changes per unit of time [m, g], both dense.

        Where a gene is perturbed it answers to the perturbation: there both stand at the mean of the other cells, so
        that these cells say nothing of it as a target.
        """
        X = sparse.csc_matrix(self.X) if sparse.issparse(self.X) else np.asarray(self.X, np.float64)
        n_genes = X.shape[1]
        at_once = max(1, AT_ONCE // max(X.shape[0], 1))
        for start in range(0, n_genes, at_once):
            columns = slice(start, min(start + at_once, n_genes))
            part = dense(X[:, columns])
            level = part[self.rows]
            change = (self.following @ part - level) / self.step[:, None]
            for number in np.flatnonzero((self.aimed >= columns.start) & (self.aimed < columns.stop)):
                cells, gene = self.perturbed[:, number], self.aimed[number] - columns.start
                if not cells.all():
                    for values in (level, change):
                        values[cells, gene] = values[~cells, gene].mean()
            yield columns, level, change

    def regulator_levels(self) -> Floats:
        """Levels of the regulators [m, p], dense."""
        return dense(self.X[self.rows][:, self.regulators])


@dataclass(frozen=True)
class Changes:
    """Sums over the cells of each block; columns are p regulators, then G levels, then G changes, centred and scaled.

    Any re-weighting of blocks is a product with these, so that a bootstrap never touches a cell again.
    """

    count: Floats  # [B]
    total: Floats  # [B, p + 2G]
    square: Floats  # [B, p + 2G]
    gram: NDArray[np.float32]  # [B, p, p + 2G], regulators with everything
    cross: Floats  # [B, G], level times change of the same gene
    sd: Floats  # [p + 2G], of all cells; 0 where constant
    regulators: NDArray[np.intp]  # [p], columns

    def correlations(self, weight: Floats | None = None) -> Correlations:
        """What a ridge of the changes needs, under block weights [B] (default one each).

        The unpenalised covariate of every target is its own level: it stands where `Correlations` has the indicator
        of perturbed cells. `sd` is that of the changes.
        """
        n_blocks, p, width = self.gram.shape
        n_genes = (width - p) // 2
        weight = np.ones(n_blocks) if weight is None else weight
        n = float(weight @ self.count)
        mean = weight @ self.total / n
        sd = np.sqrt(np.maximum(weight @ self.square / n - mean**2, 0.0))
        inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 1e-6)
        # A row at a time: the product in float64, and no second copy of all Gram matrices in it.
        product = np.stack([weight @ self.gram[:, row] for row in range(p)]) / n
        product -= np.outer(mean[:p], mean)
        product *= inverse[:p, None]
        product *= inverse
        among, level, change = product[:, :p], product[:, p : p + n_genes], product[:, p + n_genes :]
        among = (among + among.T) / 2
        np.fill_diagonal(among, 1.0)
        cross = weight @ self.cross / n - mean[p : p + n_genes] * mean[p + n_genes :]
        cross *= inverse[p : p + n_genes] * inverse[p + n_genes :]
        return Correlations(
            among, change, sd[p + n_genes :] * self.sd[p + n_genes :], n, np.arange(n_genes), level, cross
        )


def change_moments(course: Course) -> Changes:
    """Moments of a time course by its blocks."""
    p, n_genes = course.regulators.size, course.X.shape[1]
    width, n_blocks = p + 2 * n_genes, int(course.block.max()) + 1
    ends = np.searchsorted(course.block, np.arange(n_blocks + 1))
    blocks = [slice(a, b) for a, b in itertools.pairwise(ends)]
    total, square = np.zeros((n_blocks, width)), np.zeros((n_blocks, width))
    gram = np.zeros((n_blocks, p, width), np.float32)
    cross, sd = np.zeros((n_blocks, n_genes)), np.zeros(width)
    regulators, sd[:p] = standardised(course.regulator_levels())

    def add(z: Floats, columns: slice) -> None:
        for b, cells in enumerate(blocks):
            total[b, columns] = z[cells].sum(0)
            square[b, columns] = np.einsum("mg,mg->g", z[cells], z[cells])
            gram[b, :, columns] = regulators[cells].T @ z[cells]

    add(regulators, slice(0, p))
    for columns, level, change in course.pieces():
        places = [slice(p + k * n_genes + columns.start, p + k * n_genes + columns.stop) for k in (0, 1)]
        (level, sd[places[0]]), (change, sd[places[1]]) = standardised(level), standardised(change)
        add(level, places[0])
        add(change, places[1])
        for b, cells in enumerate(blocks):
            cross[b, columns] = np.einsum("mg,mg->g", level[cells], change[cells])
    return Changes(np.diff(ends).astype(np.float64), total, square, gram, cross, sd, course.regulators)


def fit_changes(changes: Changes, penalty: float, weight: Floats | None = None) -> Fit:
    """Ridge of all changes; a gene's own level, being a covariate of its own, leaves its regulator nothing to say."""
    cor = changes.correlations(weight)
    return fit_ridge(cor, np.full(cor.targets.shape[1], -1, np.intp), penalty)


def standardised(values: Floats) -> tuple[Floats, Floats]:
    """Columns centred and scaled [m, g], and their standard deviations [g], 0 where a column is constant."""
    mean, sd = values.mean(0), values.std(0)
    sd = np.where(sd > 1e-9 * np.maximum(np.abs(mean), 1.0), sd, 0.0)
    return (values - mean) * np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0), sd


def choose_change_penalty(cor: Correlations, grid: tuple[float, ...] = PENALTIES) -> float:
    """The penalty of the grid with the least generalised cross-validation error, summed over all targets.

    As `choose_penalty`, with the own level of each target partialled out: `GCV = sum_j rss_j / (1 - (1 + df_j)/n)^2`,
    by one eigendecomposition of the regulators' correlations.
    """
    p = cor.regulators.shape[0]
    values, vectors = linalg.eigh(cor.regulators, check_finite=False)
    values = np.maximum(values, 0.0)
    target = vectors.T @ (cor.targets - cor.aim_own * cor.aim_regulators)
    own = vectors.T @ cor.aim_regulators
    errors = []
    for penalty in grid:
        shrunk = (1 / (values + penalty))[:, None]
        v = own * shrunk
        rest = np.maximum(1 - (own * v).sum(0), 1e-9)
        beta = target * shrunk + v * ((v * target).sum(0) / rest)
        residual = 1 - cor.aim_own**2 - (beta * target).sum(0) - penalty * (beta**2).sum(0)
        used = 1 + p - penalty * (shrunk.sum() + (v**2).sum(0) / rest)
        error = (np.maximum(residual, 0.0) / np.maximum(1 - (1 + used) / cor.n, 1e-3) ** 2).sum()
        affordable = 1 + p - penalty * shrunk.sum() <= MOST_FREEDOM * cor.n or penalty == grid[-1]
        errors.append(float(error) if affordable else np.inf)
    return grid[int(np.argmin(errors))]


def dense(part: Matrix) -> Floats:
    """A part of the expression as a float64 array."""
    return np.asarray(part if isinstance(part, np.ndarray) else part.toarray(), np.float64)
