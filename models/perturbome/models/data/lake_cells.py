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
from perturbome.platform.errors import StoreError
from perturbome.platform.lake import Lake
from perturbome.platform.lake.expression import dataset_genes, dataset_row

CHUNK = 16_384
"""Cells in memory at once: bounds what streaming needs, whatever the size of the data set."""
SAID = ("cell", "name", "perturbation", "control", "cell_type", "time", "dose")


@dataclass(frozen=True)
class Chunk:
    """Some consecutive cells: their expression over all measured genes, and its hash."""

    start: int  # number of the first one in the data set
    matrix: sparse.csr_matrix  # [n, n_measured] float32
    content: Hashes  # [n]


@dataclass(frozen=True)
class LakeCells:
    """A data set in the lake: its row, its genes, and what is said of its cells, in the order in which they stream."""

    lake: Lake
    row: dict[str, Any]
    genes: pl.DataFrame  # gene, key, symbol, ensembl, gene_index, regulator; by gene_index
    said: pl.DataFrame  # [n_cells] of SAID

    @classmethod
    def read(cls, lake: Lake, dataset: str) -> LakeCells:
        """Read all but the expression. UnknownName for a data set that the lake does not hold."""
        row = dataset_row(lake, dataset)
        cells = lake.scan("cells", [row["run"]]).filter(pl.col("dataset") == dataset).select(SAID).collect()
        return cls(lake, row, dataset_genes(lake, row), cells)

    def stream(self, *, with_content: bool = False, wanted: NDArray[np.bool_] | None = None) -> Iterator[Chunk]:
        """Chunks in the order of `said`; no more than CHUNK cells are in memory. Content is 0 where not asked for.

        Chunks without a cell that is `wanted` [n_cells] are passed over.
        """
        import pyarrow.parquet as pq

        gene_hashes, start = name_hashes(self.genes["gene"].to_list()), 0
        keys = self.said["cell"].to_numpy()
        for path in self.lake.files("cells", [self.row["run"]]):
            with pq.ParquetFile(path) as file:
                columns = ["dataset", "cell", "gene_index", "value"]
                for batch in file.iter_batches(batch_size=CHUNK, columns=columns):
                    part = pl.DataFrame(batch).filter(pl.col("dataset") == self.row["dataset"])
                    stop = start + part.height
                    if not np.array_equal(part["cell"].to_numpy(), keys[start:stop]):
                        raise StoreError(
                            f"The cells of '{self.row['dataset']}' changed while they were read. Read them again."
                        )
                    if wanted is not None and not wanted[start:stop].any():
                        start = stop
                        continue
                    matrix = _matrix(part, self.genes.height)
                    content = np.zeros(part.height, dtype=np.uint64)
                    if with_content:
                        content = row_hashes(matrix.indptr, matrix.indices, matrix.data, gene_hashes)
                    yield Chunk(start, matrix, content)
                    start = stop


def _matrix(cells: pl.DataFrame, n_genes: int) -> sparse.csr_matrix:
    lengths = cells["gene_index"].list.len().to_numpy()
    indptr = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=indptr[1:])
    columns = cells["gene_index"].explode(empty_as_null=False).to_numpy()
    values = cells["value"].explode(empty_as_null=False).to_numpy()
    return sparse.csr_matrix((values, columns, indptr), shape=(len(lengths), n_genes))
