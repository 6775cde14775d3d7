"""Mean, spread and detection of every gene, from a matrix or from pieces of one put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Piece: TypeAlias = NDArray[np.floating] | sparse.csr_matrix  # [n_cells, n_genes], held in memory
Floats = NDArray[np.float64]

AT_ONCE = 1 << 20  # entries looked at together: what is computed in float64 stays small beside the matrix


@dataclass(frozen=True)
class Summary:
    """What is known of every gene of `n` cells."""

    n: int
    mean: Floats  # [G]
    squares: Floats  # [G], sum of squared differences from the mean
    seen: NDArray[np.int64]  # [G], cells in which a gene is not zero

    @property
    def sd(self) -> Floats:
        """Population standard deviation [G]."""
        sd: Floats = np.sqrt(self.squares / max(self.n, 1))
        return sd

    def __add__(self, other: Summary) -> Summary:
        """The summary of both sets of cells (Chan, Golub and LeVeque 1983): no large sums are subtracted."""
        n = self.n + other.n
        step = other.mean - self.mean
        share = other.n / max(n, 1)
        squares = self.squares + other.squares + step**2 * (self.n * share)
        return Summary(n, self.mean + step * share, squares, self.seen + other.seen)


def nothing(n_genes: int) -> Summary:
    """The summary of no cell: adding it changes nothing."""
    return Summary(0, np.zeros(n_genes), np.zeros(n_genes), np.zeros(n_genes, np.int64))


def is_dask(X: object) -> bool:
    """True for a Dask array, told without loading Dask."""
    return type(X).__module__.split(".", maxsplit=1)[0] == "dask"


def summarise(X: Piece) -> Summary:
    """Summary of X [n, G], dense, CSR, or a Dask array of either, in float64, some million entries at a time."""
    if is_dask(X):
        from perturbome.ingest.regulation.on_dask import dask_summary

        return dask_summary(X)
    return _of_dense(X) if isinstance(X, np.ndarray) else _of_sparse(X.tocsr())


def _of_dense(X: NDArray[np.floating]) -> Summary:
    n, n_genes = X.shape
    rows = max(1, AT_ONCE // max(n_genes, 1))
    whole = nothing(n_genes)
    for start in range(0, n, rows):
        part = X[start : start + rows].astype(np.float64)
        seen = np.count_nonzero(part, axis=0)
        mean = part.mean(0)
        part -= mean
        part *= part
        whole = whole + Summary(part.shape[0], mean, part.sum(0), seen)
    return whole


def _of_sparse(X: sparse.csr_matrix) -> Summary:
    """Zeros that are stored count as zeros, twice stored entries as their sum."""
    n, n_genes = X.shape
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    total, second, seen = np.zeros(n_genes), np.zeros(n_genes), np.zeros(n_genes, np.int64)
    for start in range(0, X.nnz, AT_ONCE):
        gene, value = X.indices[start : start + AT_ONCE], X.data[start : start + AT_ONCE].astype(np.float64)
        seen += np.bincount(gene[value != 0], minlength=n_genes)
        total += np.bincount(gene, value, n_genes)
        value *= value
        second += np.bincount(gene, value, n_genes)
    mean = total / max(n, 1)
    return Summary(n, mean, np.maximum(second - n * mean**2, 0.0), seen)
