"""What every reader hands over: tables of cells and genes, and matrices read a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import scipy.sparse as sp

ENTRIES_PER_PIECE = 4_000_000
"""Stored entries (dense ones: cells x genes) held in memory at once: about 50 MB with their copies."""

ROWS_PER_PIECE = 16_384


class Matrix(Protocol):
    """Cells x genes on disk."""

    shape: tuple[int, int]

    def rows(self, start: int, stop: int) -> sp.csr_matrix:
        """Cells `start` to `stop` as CSR; stored zeros and NaN come as they are in the file."""
        ...

    def pieces(self) -> Iterator[tuple[int, int]]:
        """Ranges of cells, in order, each small enough to be held in memory."""
        ...


@dataclass
class Source:
    """An opened file: `obs` has one row per cell, `var` one per gene; `open` gives the matrix of that name.

    `matrices` are 'X', 'raw' and the layers; `embeddings` are the names in obsm.
    """

    path: Path
    format: str
    obs: pd.DataFrame
    var: pd.DataFrame
    matrices: tuple[str, ...]
    open: Callable[[str], Matrix]
    uns: dict[str, Any] = field(default_factory=dict)
    raw_var: pd.DataFrame | None = None
    embeddings: tuple[str, ...] = ()
    embedding: Callable[[str], np.ndarray] | None = None
    said: list[str] = field(default_factory=list)
    close: Callable[[], None] = lambda: None

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class InMemory:
    """A matrix that is held whole: small files and text."""

    def __init__(self, matrix: Any) -> None:
        self._matrix = matrix if sp.issparse(matrix) else np.asarray(matrix)
        self.shape: tuple[int, int] = self._matrix.shape

    def rows(self, start: int, stop: int) -> sp.csr_matrix:
        """See `Matrix`."""
        return sp.csr_matrix(self._matrix[start:stop])

    def pieces(self) -> Iterator[tuple[int, int]]:
        """See `Matrix`."""
        return even_pieces(*self.shape)


def even_pieces(n_rows: int, n_columns: int) -> Iterator[tuple[int, int]]:
    """Ranges of rows of a dense matrix."""
    step = max(1, min(ROWS_PER_PIECE, ENTRIES_PER_PIECE // max(1, n_columns)))
    for start in range(0, n_rows, step):
        yield start, min(start + step, n_rows)


def sparse_pieces(indptr: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of rows of a CSR matrix with about `ENTRIES_PER_PIECE` stored entries each."""
    start, n_rows = 0, len(indptr) - 1
    while start < n_rows:
        fits = int(np.searchsorted(indptr, indptr[start] + ENTRIES_PER_PIECE, side="right")) - 1
        stop = min(n_rows, start + ROWS_PER_PIECE, max(start + 1, fits))
        yield start, stop
        start = stop


def sample_rows(matrix: Matrix, n: int = 512, blocks: int = 16) -> sp.csr_matrix:
    """About `n` rows in evenly spread blocks: enough to recognise what the values are."""
    n_rows = matrix.shape[0]
    if n_rows <= n:
        return matrix.rows(0, n_rows)
    size = max(1, n // blocks)
    starts = np.linspace(0, n_rows - size, blocks).astype(int)
    return sp.vstack([matrix.rows(int(s), int(s) + size) for s in starts], format="csr")
