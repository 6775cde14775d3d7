"""Vectors of genes: rows of the table `features`, some genes at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.features.kinds import Kind
from perturbome.ingest.features.pseudobulk import ENTRIES, group_pseudobulk
from perturbome.ingest.features.quantiles import Pieces, group_quantiles, levels
from perturbome.ingest.regulation.groups import CellGroup
from perturbome.platform.lake.expression_chunks import ExpressionChunks
from perturbome.platform.progress import Report, silent


def entries_of(kind: Kind, size: int) -> list[str]:
    """What each entry of a vector is."""
    return list(ENTRIES) if kind.name == "pseudobulk" else [f"quantile {level:.6g}" for level in levels(size)]


def gene_vectors(
    expression: ExpressionChunks, groups: Sequence[CellGroup], kind: Kind, size: int, report: Report = silent
) -> Iterator[pa.RecordBatch]:
    """A vector of every gene in every group of cells, as rows of `features`."""
    n_cells, n_genes = expression.shape
    group_of = np.full(n_cells, -1, np.intp)
    for number, group in enumerate(groups):
        group_of[group.rows] = number
    pieces = _pieces(expression, group_of, report)
    if kind.name == "pseudobulk":
        yield from _batches(expression, groups, 0, group_pseudobulk(pieces, len(groups), n_genes))
        return
    for first, found in group_quantiles(pieces, len(groups), n_genes, size):
        yield from _batches(expression, groups, first, found)


def _pieces(expression: ExpressionChunks, group_of: NDArray[np.intp], report: Report) -> Pieces:
    def pieces() -> Iterator[tuple[sparse.csr_matrix, NDArray[np.intp]]]:
        start = 0
        for number, chunk in enumerate(expression.chunks):
            report("cells", number, len(expression.chunks))
            stop = start + chunk.shape[0]
            yield chunk.read(), group_of[start:stop]
            start = stop
        report("cells", len(expression.chunks), len(expression.chunks))

    return pieces


def _batches(
    expression: ExpressionChunks, groups: Sequence[CellGroup], first: int, found: NDArray[np.floating]
) -> Iterator[pa.RecordBatch]:
    """Rows of the genes from `first` on, group by group; found is [g, n_groups, D]."""
    genes = expression.genes.sort("gene_index")[first : first + len(found)]
    for number, group in enumerate(groups):
        n = genes.height
        yield batch(
            expression.dataset["dataset"], "gene", genes["key"], found[:, number], gene=genes["gene"],
            cell_type=pl.repeat(group.cell_type, n, dtype=pl.String, eager=True),
            time=pl.repeat(group.time, n, dtype=pl.Float32, eager=True),
        )  # fmt: skip


def batch(
    dataset: str, node_kind: str, key: pl.Series, vectors: NDArray[np.floating], **columns: pl.Series
) -> pa.RecordBatch:
    """Rows of `features`; `vectors` is [n, D]."""
    n, size = vectors.shape
    lists = pa.ListArray.from_arrays(
        pa.array(np.arange(0, (n + 1) * size, size or 1, dtype=np.int32)[: n + 1]),
        pa.array(np.ascontiguousarray(vectors, np.float32).ravel()),
    )
    named = {
        "dataset": pa.array([dataset] * n, pa.string()),
        "node_kind": pa.array([node_kind] * n, pa.string()),
        "key": key.cast(pl.Int64).to_arrow(compat_level=pl.CompatLevel.oldest()),
        **{name: values.to_arrow(compat_level=pl.CompatLevel.oldest()) for name, values in columns.items()},
        "vector": lists,
    }
    return pa.RecordBatch.from_pydict(named)
