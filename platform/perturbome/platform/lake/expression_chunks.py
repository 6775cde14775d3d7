"""The expression matrix of a data set in chunks that are read when they are wanted, wherever the files can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import scipy.sparse as sp
from numpy.typing import NDArray

from perturbome.platform.errors import NothingFound
from perturbome.platform.lake.expression import LISTS, dataset_genes, dataset_row, matrix_of
from perturbome.platform.lake.lake import Lake

ROWS = 16_384  # cells of a chunk, about: a few row groups of the table


@dataclass(frozen=True)
class Chunk:
    """Some cells of one file: which of its row groups, and which of their rows. Small, and can be sent to a worker."""

    path: str
    groups: tuple[int, ...]
    rows: NDArray[np.intp]  # [n], positions in the row groups put together, ascending
    n_genes: int

    @property
    def shape(self) -> tuple[int, int]:
        """(cells, genes)."""
        return self.rows.size, self.n_genes

    def read(self) -> sp.csr_matrix:
        """These cells [n, n_genes], float32; of the file, the row groups they are in are read, one after the other."""
        parts, start = [], 0
        with pq.ParquetFile(self.path) as file:
            for number in self.groups:
                frame = pl.from_arrow(file.read_row_group(number, columns=list(LISTS)))
                assert isinstance(frame, pl.DataFrame)
                low, high = np.searchsorted(self.rows, [start, start + frame.height])
                parts.append(matrix_of(frame[self.rows[low:high] - start], self.n_genes))
                start += frame.height
        whole: sp.csr_matrix = sp.vstack(parts, format="csr")
        return whole


@dataclass(frozen=True)
class ExpressionChunks:
    """Cells x genes; the chunks, one below the other, have the rows of `cells` and a column for each gene."""

    chunks: tuple[Chunk, ...]
    cells: pl.DataFrame
    genes: pl.DataFrame  # gene, key, symbol, ensembl, gene_index, regulator; by gene_index
    dataset: dict[str, Any]

    @property
    def shape(self) -> tuple[int, int]:
        """(cells, genes)."""
        return self.cells.height, self.genes.height


def expression_chunks(
    lake: Lake, dataset: str, where: pl.Expr | None = None, as_of: str | None = None, rows: int = ROWS
) -> ExpressionChunks:
    """As `read_expression`, but the matrix stays in the files, in chunks of about `rows` cells.

    What is known of the cells is read; expression is not. Raises UnknownName for a data set the store does not hold,
    NothingFound where no cell is left.
    """
    row = dataset_row(lake, dataset, as_of)
    frame = lake.scan("cells", [row["run"]], as_of).drop(LISTS).with_row_index("_row")
    frame = frame.filter(pl.col("dataset") == dataset)
    cells = (frame if where is None else frame.filter(where)).collect().sort("_row")
    if cells.is_empty():
        raise NothingFound(f"No cell of data set '{dataset}' meets the condition {where}.")
    genes = dataset_genes(lake, row, as_of)
    wanted = cells["_row"].to_numpy().astype(np.intp)
    chunks = _chunks(lake.files("cells", [row["run"]], as_of), wanted, genes.height, rows)
    return ExpressionChunks(tuple(chunks), cells.drop("_row"), genes, row)


def _chunks(files: list[str], wanted: NDArray[np.intp], n_genes: int, rows: int) -> list[Chunk]:
    """Chunks of the `wanted` rows [n], counted through all files; row groups without any are left out."""
    chunks: list[Chunk] = []
    start = 0
    for path in files:
        with pq.ParquetFile(path) as file:
            sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        groups: list[int] = []
        found: list[NDArray[np.intp]] = []
        n_found = n_read = 0
        for number, size in enumerate(sizes):
            low, high = np.searchsorted(wanted, [start, start + size])
            if high > low:
                groups.append(number)
                found.append(wanted[low:high] - start + n_read)
                n_found, n_read = n_found + int(high - low), n_read + size
            start += size
            if groups and (n_found >= rows or number == len(sizes) - 1):
                chunks.append(Chunk(path, tuple(groups), np.concatenate(found), n_genes))
                groups, found, n_found, n_read = [], [], 0, 0
    return chunks
