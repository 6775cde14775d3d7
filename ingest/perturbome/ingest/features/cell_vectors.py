"""Vectors of cells: their expression of chosen genes, or principal components."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from perturbome.ingest.features.gene_vectors import batch
from perturbome.ingest.regulation.moments import Matrix
from perturbome.ingest.regulation.variable import most_variable
from perturbome.platform.errors import InputError, UnknownName
from perturbome.platform.lake.expression_chunks import ExpressionChunks
from perturbome.platform.progress import Report, silent

AT_ONCE = 4096


def named_columns(genes: pl.DataFrame, names: Sequence[str]) -> NDArray[np.intp]:
    """Columns of genes given by symbol, Ensembl id or id, each once; UnknownName for one that was not measured."""
    places: dict[str, int] = {}
    for column in ("symbol", "ensembl", "gene"):
        places |= {name: i for name, i in genes.select(column, "gene_index").iter_rows() if name}
    absent = next((name for name in names if name not in places), None)
    if absent is not None:
        raise UnknownName("gene", absent, "the data set", genes["symbol"].to_list())
    return np.array(list(dict.fromkeys(places[name] for name in names)), np.intp)


def chosen_genes(X: Matrix | None, genes: pl.DataFrame, names: Sequence[str], size: int) -> NDArray[np.intp]:
    """`size` columns of X [n, G]: those named, always, and the most variable of the others (see `most_variable`).

    X may be None where enough are named. They are ordered by gene id, whatever the order of the file. Raises
    InputError where more genes are named than there is room for.
    """
    named = named_columns(genes, names)
    if named.size > size:
        raise InputError(f"{named.size} genes are named and a vector has {size} entries. Give a larger size, or fewer.")
    ids = genes.sort("gene_index")["gene"].to_list()
    columns = named
    if X is not None and named.size < size:
        others = np.setdiff1d(np.arange(len(ids)), named)
        variable = most_variable(X[:, others], [ids[i] for i in others], size - named.size)
        columns = np.concatenate([named, others[variable]])
    return np.array(sorted(columns.tolist(), key=ids.__getitem__), np.intp)


def expression_vectors(
    expression: ExpressionChunks, columns: NDArray[np.intp], report: Report = silent
) -> Iterator[pa.RecordBatch]:
    """Each cell's expression of the genes in `columns` [D], as rows of `features`; one chunk in memory at a time."""
    start = 0
    for number, chunk in enumerate(expression.chunks):
        report("cells", number, len(expression.chunks))
        X = chunk.read()[:, columns]
        for begin in range(0, X.shape[0], AT_ONCE):
            part = X[begin : begin + AT_ONCE].toarray()
            yield cell_batch(expression, start + begin, part)
        start += X.shape[0]
    report("cells", len(expression.chunks), len(expression.chunks))


def score_vectors(expression: ExpressionChunks, scores: NDArray[np.floating]) -> Iterator[pa.RecordBatch]:
    """Scores of cells [n, D] as rows of `features`."""
    for begin in range(0, len(scores), AT_ONCE):
        yield cell_batch(expression, begin, scores[begin : begin + AT_ONCE])


def cell_batch(expression: ExpressionChunks, start: int, vectors: NDArray[np.floating]) -> pa.RecordBatch:
    """Rows of the cells from `start` on."""
    cells = expression.cells[start : start + len(vectors)]
    dataset = expression.dataset["dataset"]
    return batch(dataset, "cell", cells["cell"], vectors, cell_type=cells["cell_type"], time=cells["time"])
