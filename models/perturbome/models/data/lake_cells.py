"""Cells of a data set as the lake holds them: what is said of each at once, their expression in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from perturbome.models.data.fingerprint import Hashes, name_hashes, row_hashes
from perturbome.platform.lake import Lake
from perturbome.platform.lake.expression_chunks import ExpressionChunks, expression_chunks


@dataclass(frozen=True)
class Piece:
    """Some consecutive cells: their expression over all measured genes, and its hash."""

    start: int  # number of the first one in the data set
    matrix: sparse.csr_matrix  # [n, n_measured] float32
    content: Hashes  # [n]


@dataclass(frozen=True)
class LakeCells:
    """A data set in the lake: its row, its genes, and what is said of its cells, in the order in which they stream."""

    chunks: ExpressionChunks

    @classmethod
    def read(cls, lake: Lake, dataset: str) -> LakeCells:
        """Read all but the expression. UnknownName for a data set that the lake does not hold."""
        return cls(expression_chunks(lake, dataset))

    @property
    def row(self) -> dict[str, Any]:
        """The row of the table `datasets`."""
        return self.chunks.dataset

    @property
    def genes(self) -> pl.DataFrame:
        """Measured genes by gene_index: gene, key, symbol, ensembl, gene_index, regulator."""
        return self.chunks.genes

    @property
    def said(self) -> pl.DataFrame:
        """What is said of each cell [n_cells]."""
        return self.chunks.cells

    def stream(self, *, with_content: bool = False, wanted: NDArray[np.bool_] | None = None) -> Iterator[Piece]:
        """Pieces in the order of `said`, one chunk in memory at a time. Content is 0 where it is not asked for.

        Pieces without a cell that is `wanted` [n_cells] are passed over.
        """
        gene_hashes, start = name_hashes(self.genes["gene"].to_list()), 0
        for chunk in self.chunks.chunks:
            n = chunk.shape[0]
            if wanted is None or wanted[start : start + n].any():
                matrix = chunk.read()
                content = np.zeros(n, dtype=np.uint64)
                if with_content:
                    content = row_hashes(matrix.indptr, matrix.indices, matrix.data, gene_hashes)
                yield Piece(start, matrix, content)
            start += n
