"""Sufficient statistics of a group of cells: Gram matrices by block of cells, and correlations under any weights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas

from perturbome.ingest.regulation.summary import Piece, Summary, is_dask, summarise
from perturbome.ingest.regulation.threads import small_products
from perturbome.platform.hashing import Hashes, seeded

Matrix: TypeAlias = Piece  # [n_cells, n_genes]; or, where a function says so, a Dask array of such pieces
SUMS = ("count", "total", "square", "gram", "aim_count", "aim_gram", "aim_own")  # of Blocks, by block
DENSE_AT_ONCE = 1 << 22  # entries of a block made dense at a time


@dataclass(frozen=True)
class Correlations:
    """What a ridge needs to know of a group: correlations and scales, from weighted cells."""

    regulators: NDArray[np.float64]  # [p, p] among regulators, unit diagonal
    targets: NDArray[np.float64]  # [p, G] of regulators with all genes (float32 where `single` was asked for)
    sd: NDArray[np.float64]  # [G]
    n: float  # cells
    aimed: NDArray[np.intp]  # [m], columns of the genes that were perturbed in some cells
    aim_regulators: NDArray[np.float64]  # [p, m] of regulators with "this gene is perturbed in this cell"
    aim_own: NDArray[np.float64]  # [m] of the perturbed gene itself with it


@dataclass(frozen=True)
class Blocks:
    """Counts, sums and Gram matrices of each block of cells, of genes centred and scaled over all cells.

    Any re-weighting of blocks is one product with these, so a bootstrap never touches a cell again. Gram matrices
    are float32 (entries are of order one times the cells of a block), sums are float64. The arrays are filled in
    place, by `add`.
    """

    count: NDArray[np.float64]  # [B]
    total: NDArray[np.float64]  # [B, G]
    square: NDArray[np.float64]  # [B, G]
    gram: NDArray[np.float32]  # [B, p, G], regulators with all genes
    regulators: NDArray[np.intp]  # [p], columns
    mean: NDArray[np.float64]  # [G], of all cells
    sd: NDArray[np.float64]  # [G], of all cells; 1 where a gene is constant
    aimed: NDArray[np.intp]  # [m], columns of perturbed genes
    aim_count: NDArray[np.float64]  # [B, m], cells in which each is perturbed
    aim_gram: NDArray[np.float32]  # [B, p, m], sums of the regulators over those cells
    aim_own: NDArray[np.float64]  # [B, m], sums of the perturbed gene over them

    @classmethod
    def empty(cls, of: Summary, regulators: NDArray[np.intp], n_blocks: int, aimed: NDArray[np.intp]) -> Blocks:
        """Blocks without cells, for genes that are centred and scaled as `of` says."""
        p, n_genes, m = regulators.size, of.mean.size, aimed.size
        sd = np.where(of.sd > 1e-6, of.sd, 1.0)
        return cls(
            np.zeros(n_blocks), np.zeros((n_blocks, n_genes)), np.zeros((n_blocks, n_genes)),
            np.zeros((n_blocks, p, n_genes), np.float32), regulators, of.mean, sd, aimed,
            np.zeros((n_blocks, m)), np.zeros((n_blocks, p, m), np.float32), np.zeros((n_blocks, m)),
        )  # fmt: skip

    def add(
        self, X: Piece, block: NDArray[np.integer], perturbed: NDArray[np.bool_], n_threads: int | None = None
    ) -> None:
        """Add cells X [n, G], each to its `block` [n]; `perturbed` [n, m] says in which each aimed gene is perturbed.

        Dense products in single precision are as fast as sparse ones where a tenth of the entries is not zero
        (measured), and do not slow down where more are: a block is made dense, some million entries at a time.
        """
        order = np.argsort(block, kind="stable")
        present, begins = np.unique(block[order], return_index=True)
        ends = np.append(begins[1:], block.size)

        def one(i: int) -> None:
            rows = order[begins[i] : ends[i]]
            self._add_to(int(present[i]), X[rows], perturbed[rows].astype(np.float32))

        with small_products() as n_workers, ThreadPoolExecutor(n_threads or n_workers) as workers:
            list(workers.map(one, range(present.size)))

    def _add_to(self, b: int, X: Piece, aim: NDArray[np.float32]) -> None:
        """Add cells X [n, G] to block b; `aim` [n, m] is 1 where a gene is perturbed."""
        rows = max(1, DENSE_AT_ONCE // max(X.shape[1], 1))
        for start in range(0, X.shape[0], rows):
            part = slice(start, start + rows)
            z, d = standardised(X[part], self.mean, self.sd), aim[part]
            x = z[:, self.regulators]
            self.count[b] += z.shape[0]
            self.total[b] += z.sum(0, dtype=np.float64)
            self.square[b] += np.einsum("ng,ng->g", z, z, dtype=np.float64)
            # gram += x' z, written where it is; BLAS counts by columns, hence the transposes.
            blas.sgemm(1.0, z.T, x.T, beta=1.0, c=self.gram[b].T, trans_b=True, overwrite_c=True)
            if self.aimed.size:
                self.aim_count[b] += d.sum(0)
                self.aim_gram[b] += x.T @ d
                self.aim_own[b] += np.einsum("nm,nm->m", z[:, self.aimed], d)

    def some(self, which: slice) -> Blocks:
        """Some of the blocks; their arrays are views of these."""
        return replace(self, **{name: getattr(self, name)[which] for name in SUMS})

    def absorb(self, other: Blocks) -> None:
        """Add the sums of the same blocks over other cells."""
        for name in SUMS:
            mine: NDArray[np.floating] = getattr(self, name)
            mine += getattr(other, name)

    def correlations(self, weight: NDArray[np.float64] | None = None, *, single: bool = False) -> Correlations:
        """Correlations under block weights [B] (default one each); constant genes get zeros, not NaN.

        `single`: those with targets [p, G] in single precision, which is that of the Gram matrices, at half the cost.
        """
        n_blocks = self.count.size
        weight = np.ones(n_blocks) if weight is None else weight
        n = float(weight @ self.count)
        mean = weight @ self.total / n
        variance = np.maximum(weight @ self.square / n - mean**2, 0.0)
        sd = np.sqrt(variance)
        inverse = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 1e-6)
        scaled, own_inverse = mean * inverse, inverse[self.regulators]
        # corr = E[xy] / (sd_x sd_y) - (mean_x / sd_x) (mean_y / sd_y), in place: [p, G] is large.
        product: NDArray[Any] = _pooled(weight, self.gram)
        product = product if single else product.astype(np.float64)
        product *= (own_inverse / n).astype(product.dtype)[:, None]
        product *= inverse.astype(product.dtype)
        minus_outer = blas.sger if single else blas.dger
        minus_outer(-1.0, scaled, scaled[self.regulators], a=product.T, overwrite_a=True)
        among = product[:, self.regulators].astype(np.float64)
        among = (among + among.T) / 2
        np.fill_diagonal(among, 1.0)
        share = weight @ self.aim_count / n
        spread = np.sqrt(share * (1 - share))
        per_spread = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 1e-6)
        aim_regulators = _pooled(weight, self.aim_gram) / n - np.outer(mean[self.regulators], share)
        aim_regulators *= own_inverse[:, None] * per_spread
        aim_own = (weight @ self.aim_own / n - mean[self.aimed] * share) * inverse[self.aimed] * per_spread
        return Correlations(among, product, sd * self.sd, n, self.aimed, aim_regulators, aim_own)


def assign_blocks(key: Hashes, n_blocks: int, seed: int) -> NDArray[np.intp]:
    """Block of each cell [n] at random, by its key alone: a cell keeps its block whatever other cells there are."""
    return (seeded(key, seed, 0) % np.uint64(n_blocks)).astype(np.intp)


def block_moments(
    X: Matrix,
    regulators: NDArray[np.intp],
    block: NDArray[np.integer],
    perturbed: NDArray[np.bool_] | None = None,
    aimed: NDArray[np.intp] | None = None,
) -> Blocks:
    """Moments of expression X [n, G] (dense, CSR, or a Dask array of either) by `block` [n] of cells.

    `perturbed` [n, m] says in which cells each of the genes `aimed` [m] (columns of X) is perturbed.
    """
    if is_dask(X):
        from perturbome.ingest.regulation.on_dask import dask_moments

        return dask_moments(X, regulators, block, perturbed, aimed)
    aimed = np.empty(0, np.intp) if aimed is None else aimed
    perturbed = np.zeros((X.shape[0], aimed.size), bool) if perturbed is None else perturbed
    blocks = Blocks.empty(summarise(X), regulators, int(np.max(block, initial=-1)) + 1, aimed)
    blocks.add(X, block, perturbed)
    return blocks


def take_rows(X: Matrix, rows: NDArray[np.intp]) -> Piece:
    """Some rows of X (dense, CSR, or a Dask array of either), in memory."""
    if is_dask(X):
        from perturbome.ingest.regulation.on_dask import dask_rows

        return dask_rows(X, rows)
    taken: Piece = X[rows]
    return taken


def standardised(X: Piece, mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float32]:
    """`(X - mean) / scale` [n, G], dense, in float32; X is left as it is.

    Computed in the precision of X. A mean rounded to it shifts a gene a little, which correlations do not see.
    """
    dense: NDArray[np.floating] = np.array(X) if isinstance(X, np.ndarray) else X.toarray()
    if not np.issubdtype(dense.dtype, np.floating):
        dense = dense.astype(np.float64)
    dense -= mean.astype(dense.dtype)
    dense *= (1 / scale).astype(dense.dtype)
    z: NDArray[np.float32] = dense.astype(np.float32, copy=False)
    return z


def mean_and_sd(X: Matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and (population) standard deviation of each gene of X [n, G], in float64."""
    found = summarise(X)
    return found.mean, found.sd


def _pooled(weight: NDArray[np.float64], sums: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weighted sum over blocks [B] of `sums` [B, p, k]: [p, k]."""
    pooled: NDArray[np.float32] = weight.astype(np.float32) @ sums.reshape(sums.shape[0], -1)
    return pooled.reshape(sums.shape[1:])
