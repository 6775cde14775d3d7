"""The expression matrix of a data set, read back from the `cells` table as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from perturbome.platform.errors import NothingFound, UnknownName
from perturbome.platform.lake.genes import known_genes
from perturbome.platform.lake.lake import Lake

LISTS = ("gene_index", "value")


@dataclass(frozen=True)
class Expression:
    """Cells x genes; row i of `X` is row i of `cells`, column j is the gene with `gene_index` j."""

    X: sp.csr_matrix  # [n_cells, n_genes] float32, in the data set's expression unit
    cells: pl.DataFrame
    genes: pl.DataFrame  # gene, key, symbol, ensembl, gene_index, regulator; by gene_index
    dataset: dict[str, Any]

    @property
    def shape(self) -> tuple[int, int]:
        """(cells, genes)."""
        rows, columns = self.X.shape
        return rows, columns


def read_expression(lake: Lake, dataset: str, where: pl.Expr | None = None, as_of: str | None = None) -> Expression:
    """Read the cells of a data set for which `where` holds (default all), with their genes.

    Raises UnknownName for a data set the store does not hold, NothingFound where no cell is left.
    """
    row = dataset_row(lake, dataset, as_of)
    frame = lake.scan("cells", [row["run"]], as_of).filter(pl.col("dataset") == dataset)
    cells = (frame if where is None else frame.filter(where)).collect()
    if cells.is_empty():
        raise NothingFound(f"No cell of data set '{dataset}' meets the condition {where}.")
    genes = dataset_genes(lake, row, as_of)
    return Expression(matrix_of(cells, genes.height), cells.drop(LISTS), genes, row)


def dataset_row(lake: Lake, dataset: str, as_of: str | None = None) -> dict[str, Any]:
    """The newest row of a data set in the table `datasets`; UnknownName otherwise."""
    known = lake.scan("datasets", as_of=as_of).sort("run").collect()
    found = known.filter(pl.col("dataset") == dataset)
    if found.is_empty():
        mend = "" if known.height else "The store holds no data set yet: perturbome ingest experiment FILE."
        raise UnknownName("data set", dataset, "the store", known["dataset"].unique().sort().to_list(), mend)
    return found.row(-1, named=True)


def dataset_genes(lake: Lake, dataset: dict[str, Any], as_of: str | None = None) -> pl.DataFrame:
    """Genes measured by a data set in the order of its matrix, with what the whole store knows of them."""
    columns = (
        lake.scan("genes", [dataset["run"]], as_of)
        .filter((pl.col("dataset") == dataset["dataset"]) & pl.col("gene_index").is_not_null())
        .select("gene", "gene_index")
    )
    return (
        columns.collect()
        .join(known_genes(lake, as_of), on="gene", how="left")
        .sort("gene_index")
        .select("gene", "key", "symbol", "ensembl", "gene_index", "regulator")
    )


def matrix_of(cells: pl.DataFrame, n_genes: int) -> sp.csr_matrix:
    """List columns to CSR; the value buffers are used as they are."""
    lengths = cells["gene_index"].list.len().to_numpy()
    indptr = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=indptr[1:])
    columns = cells["gene_index"].explode(empty_as_null=False).to_numpy()
    values = cells["value"].explode(empty_as_null=False).to_numpy()
    if indptr[-1] < np.iinfo(np.int32).max:
        indptr = indptr.astype(np.int32)
    return sp.csr_matrix((values, columns, indptr), shape=(len(lengths), n_genes))
