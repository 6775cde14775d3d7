"""Sufficient statistics of a group of cells: Gram matrices by block of cells, and correlations under any weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.threads import small_products

Matrix: TypeAlias = NDArray[np.floating] | sparse.csr_matrix  # [n_cells, n_genes]


@dataclass(frozen=True)
class Correlations:
    """What a ridge needs to know of a group: correlations and scales, from weighted cells."""

    regulators: NDArray[np.float64]  # [p, p] among regulators, unit diagonal
    targets: NDArray[np.float64]  # [p, G] of regulators with all genes
    sd: NDArray[np.float64]  # [G]
    n: float  # cells
    aimed: NDArray[np.intp]  # [m], columns of the genes that were perturbed in some cells
    aim_regulators: NDArray[np.float64]  # [p, m] of regulators with "this gene is perturbed in this cell"
    aim_own: NDArray[np.float64]  # [m] of the perturbed gene itself with it


@dataclass(frozen=True)
class Blocks:
    """Counts, sums and Gram matrices of each block of cells, of genes centred and scaled over all cells.

    Any re-weighting of blocks is one product with these, so a bootstrap never touches a cell again.
    Gram matrices are float32 (entries are of order one times the cells of a block), sums are float64.
    """

    count: NDArray[np.float64]  # [B]
    total: NDArray[np.float64]  # [B, G]
    square: NDArray[np.float64]  # [B, G]
    gram: NDArray[np.float32]  # [B, p, G], regulators with all genes
    regulators: NDArray[np.intp]  # [p], columns
    sd: NDArray[np.float64]  # [G], of all cells; 1 where a gene is constant
    aimed: NDArray[np.intp]  # [m], columns of perturbed genes
    aim_count: NDArray[np.float64]  # [B, m], cells in which each is perturbed
    aim_gram: NDArray[np.float64]  # [B, p, m], sums of the regulators over those cells
    aim_own: NDArray[np.float64]  # [B, m], sums of the perturbed gene over them

    def correlations(self, weight: NDArray[np.float64] | None = None) -> Correlations:
        """Correlations under block weights [B] (default one each); constant genes get zeros, not NaN."""
        n_blocks, p, n_genes = self.gram.shape
        weight = np.ones(n_blocks) if weight is None else weight
        n = float(weight @ self.count)
        mean = weight @ self.total / n
        variance = np.maximum(weight @ self.square / n - mean**2, 0.0)
        sd = np.sqrt(variance)
        inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 1e-6)
        pooled = (weight.astype(np.float32) @ self.gram.reshape(n_blocks, -1)).reshape(p, n_genes)
        product = pooled.astype(np.float64)
        product /= n
        product -= np.outer(mean[self.regulators], mean)
        product *= inverse[self.regulators, None]
        product *= inverse
        among = product[:, self.regulators]
        among = (among + among.T) / 2
        np.fill_diagonal(among, 1.0)
        share = weight @ self.aim_count / n
        spread = np.sqrt(share * (1 - share))
        per_spread = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 1e-6)
        aim_regulators = np.tensordot(weight, self.aim_gram, 1) / n - np.outer(mean[self.regulators], share)
        aim_regulators *= inverse[self.regulators, None] * per_spread
        aim_own = (weight @ self.aim_own / n - mean[self.aimed] * share) * inverse[self.aimed] * per_spread
        return Correlations(among, product, sd * self.sd, n, self.aimed, aim_regulators, aim_own)


def assign_blocks(rank: NDArray[np.integer], n_blocks: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Block of each cell [n], from its rank under a fixed order: like-sized, at random, blind to the order of rows."""
    n = rank.size
    n_blocks = min(n_blocks, n)
    shuffled: NDArray[np.intp] = rng.permutation(np.arange(n) % n_blocks)[rank]
    return shuffled


def block_moments(
    X: Matrix,
    regulators: NDArray[np.intp],
    block: NDArray[np.integer],
    perturbed: NDArray[np.bool_] | None = None,
    aimed: NDArray[np.intp] | None = None,
) -> Blocks:
    """Moments of expression X [n, G] (dense or CSR) by `block` [n] of cells, densifying one block at a time.

    `perturbed` [n, m] says in which cells each of the genes `aimed` [m] (columns of X) is perturbed.
    """
    aimed = np.empty(0, np.intp) if aimed is None else aimed
    perturbed = np.zeros((X.shape[0], aimed.size), bool) if perturbed is None else perturbed
    n_genes = X.shape[1]
    mean, sd = mean_and_sd(X)
    scale = np.where(sd > 1e-6, sd, 1.0)
    order = np.argsort(block, kind="stable")
    sizes = np.bincount(block)
    ends = np.cumsum(sizes)
    n_blocks = sizes.size
    total, square = np.empty((n_blocks, n_genes)), np.empty((n_blocks, n_genes))
    gram = np.empty((n_blocks, regulators.size, n_genes), np.float32)
    aim_count, aim_own = np.empty((n_blocks, aimed.size)), np.empty((n_blocks, aimed.size))
    aim_gram = np.empty((n_blocks, regulators.size, aimed.size))

    def fill(b: int) -> None:
        rows = order[ends[b] - sizes[b] : ends[b]]
        part = X[rows]
        dense = part if isinstance(part, np.ndarray) else part.toarray()
        z = ((dense - mean) / scale).astype(np.float32)
        aim = perturbed[rows].astype(np.float32)
        total[b] = z.sum(0, dtype=np.float64)
        square[b] = np.einsum("ng,ng->g", z, z, dtype=np.float64)
        np.matmul(z[:, regulators].T, z, out=gram[b])
        aim_count[b] = aim.sum(0)
        aim_gram[b] = z[:, regulators].T @ aim
        aim_own[b] = np.einsum("nm,nm->m", z[:, aimed], aim)

    with small_products() as n_workers, ThreadPoolExecutor(n_workers) as workers:
        list(workers.map(fill, range(n_blocks)))
    count = sizes.astype(np.float64)
    return Blocks(count, total, square, gram, regulators, scale, aimed, aim_count, aim_gram, aim_own)


def mean_and_sd(X: Matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and (population) standard deviation of each gene of X [n, G], in float64."""
    if isinstance(X, np.ndarray):
        dense = X.astype(np.float64)
        return dense.mean(0), dense.std(0)
    wide = X.astype(np.float64)
    mean = np.asarray(wide.sum(0)).ravel() / X.shape[0]
    second = np.asarray(wide.multiply(wide).sum(0)).ravel() / X.shape[0]
    return mean, np.sqrt(np.maximum(second - mean**2, 0.0))
