"""`infer_features`: from a data set of the store to a vector for each gene or cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import polars as pl
import pyarrow as pa

from perturbome.ingest.features.cell_vectors import chosen_genes, expression_vectors, score_vectors
from perturbome.ingest.features.gene_vectors import entries_of, gene_vectors
from perturbome.ingest.features.kinds import find_kind
from perturbome.ingest.regulation.groups import group_cells
from perturbome.ingest.regulation.regulators import perturbations_of
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError, UnknownName
from perturbome.platform.lake.expression_chunks import ExpressionChunks, expression_chunks
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class InferredFeatures:
    """Features: their run, their kind, how many vectors of how many entries, what the reader should know."""

    run: str
    kind: str
    n_vectors: int
    size: int
    said: list[str]


def infer_features(
    store: Store,
    dataset: str,
    *,
    of: Literal["genes", "cells"] = "genes",
    kind: str | None = None,
    size: int | None = None,
    genes: Sequence[str] = (),
    cell_types: Sequence[str] | None = None,
    by_cell_type: bool = True,
    time_bins: int | None = None,
    min_cells: int = 30,
    cells: Literal["all", "control"] = "all",
    leave_out: Sequence[str] = (),
    report: Report = silent,
) -> InferredFeatures:
    """Give each gene, per cell type and time, or each cell a vector, and write the vectors as a run.

    Genes: `quantiles` (default; `size` levels, (i + 1/2) / size, of the expression over the cells, zeros included) or
    `pseudobulk` (mean, standard deviation, share of cells expressing, cells). Cells are grouped as `infer regulation`
    groups them: see there for `cell_types`, `by_cell_type`, `time_bins`, `min_cells`, `cells` and `leave_out`.
    Cells: `components` (default; scores on the first `size` principal components) or `expression` (of `genes` and of
    the most variable others, `size` in all). Quantiles, pseudobulk and the expression of named genes read the cells in
    chunks; components and the choice of variable genes hold the sparse matrix.
    Raises UnknownName, NothingFound where no group has `min_cells` cells, InputError for what does not go together.
    """
    started = datetime.now(UTC)
    record, size = find_kind(of, kind, size)
    if of == "cells" and (time_bins is not None or not by_cell_type):
        raise InputError("Cells have a vector each: time bins and cell types taken together mean nothing for them.")
    if genes and record.name != "expression":
        raise InputError(f"Genes are named for the kind 'expression' of cells; '{record.name}' takes every gene.")
    unseen = perturbations_of(store, dataset, leave_out)
    where = ~pl.col("perturbation").is_in(unseen).fill_null(False)
    if cells == "control":
        where &= pl.col("control")
    if of == "cells" and cell_types:
        where &= pl.col("cell_type").is_in(list(cell_types))
        _check_types(store, dataset, cell_types)
    expression = expression_chunks(store.lake, dataset, where)
    said: list[str] = []
    rows: Iterator[pa.RecordBatch]
    if of == "genes":
        groups, told = group_cells(
            expression.cells, dataset, cell_types=cell_types, by_cell_type=by_cell_type, time_bins=time_bins,
            min_cells=min_cells,
        )  # fmt: skip
        said += [sentence for sentence in told if "network" not in sentence]
        entries = entries_of(record, size)
        rows = gene_vectors(expression, groups, record, size, report)
    else:
        entries, rows, told = _of_cells(store, expression, where, record.name, size, genes, report)
        said += told
    with store.run(
        "infer",
        name=f"infer features {dataset}",
        configuration={
            "dataset": dataset, "of": of, "kind": record.name, "size": len(entries), "entries": entries,
            "genes": list(genes), "cell_types": list(cell_types) if cell_types else None, "by_cell_type": by_cell_type,
            "time_bins": time_bins, "min_cells": min_cells, "cells": cells, "leave_out": unseen,
        },
        parents=[expression.dataset["run"]],
        datasets=[dataset],
        started=started,
        report=report,
    ) as run:  # fmt: skip
        n_vectors = run.write("features", rows)
        run.metrics.update(n_vectors=n_vectors, said=said)
    return InferredFeatures(run.id, record.name, n_vectors, len(entries), said)


def _of_cells(
    store: Store,
    expression: ExpressionChunks,
    where: pl.Expr,
    kind: str,
    size: int,
    genes: Sequence[str],
    report: Report,
) -> tuple[list[str], Iterator[pa.RecordBatch], list[str]]:
    """What the entries are, the rows, and what to say."""
    dataset = expression.dataset["dataset"]
    if kind == "components":
        from perturbome.ingest.transitions.components import principal_components

        report("components", 0, None)
        scores = principal_components(store.expression(dataset, where).X, size)
        entries = [f"component {i + 1}" for i in range(scores.shape[1])]
        return entries, score_vectors(expression, scores), _fewer(len(entries), size, "component")
    X = store.expression(dataset, where).X if len(set(genes)) < size else None
    columns = chosen_genes(X, expression.genes, genes, size)
    entries = expression.genes.sort("gene_index")["gene"].gather(columns).to_list()
    return entries, expression_vectors(expression, columns, report), _fewer(len(entries), size, "gene")


def _fewer(found: int, asked: int, what: str) -> list[str]:
    return [f"{many(found, what)} where {asked:,} were asked for: no more vary."] if found < asked else []


def _check_types(store: Store, dataset: str, cell_types: Sequence[str]) -> None:
    """UnknownName for a cell type the data set does not have."""
    cells = store.lake.scan("cells").filter(pl.col("dataset") == dataset)
    known = cells.select(pl.col("cell_type").unique().sort()).collect()["cell_type"].drop_nulls().to_list()
    for name in cell_types:
        if name not in known:
            raise UnknownName("cell type", name, f"data set '{dataset}'", known)
