"""Perturbation data cut from a store by predicate; no model opens a store itself."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from perturbome.models.data.assemble import N_GENES, assemble, choose_genes, looked_at, summed
from perturbome.models.data.cell_cache import Piece, cached_cut
from perturbome.models.data.cells import Cells
from perturbome.models.data.condition import ALL, Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PARTS
from perturbome.models.data.fingerprint import name_hashes
from perturbome.models.data.grouping import Groups, group_cells
from perturbome.models.data.lake_cells import LakeCells
from perturbome.models.data.splits import Split
from perturbome.models.moments import Moments
from perturbome.platform.errors import StoreReadOnly
from perturbome.platform.perturbation import Perturbation
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store


def list_conditions(
    store: Store, dataset: str | None = None, *, contexts: Collection[str] | None = None, by_time: bool = False,
    min_cells: int = 1,
) -> tuple[Condition, ...]:  # fmt: skip
    """The conditions that `perturbation_data` would hold, to make a split of; reads no expression."""
    from perturbome.models.conditions import choose_dataset

    cells = LakeCells.read(store.lake, choose_dataset(store, dataset))
    return _groups(store, cells, contexts, by_time, min_cells, 0)[0].conditions


def perturbation_data(
    store: Store, dataset: str | None = None, split: Split | None = None, *,
    contexts: Collection[str] | None = None, by_time: bool = False, min_cells: int = 1,
    n_genes: int | None = N_GENES, genes: Sequence[str] | None = None, seed: int = 0, cells: bool = False,
    cache: Path | None = None, report: Report = silent,
) -> PerturbationData:  # fmt: skip
    """Cut a data set into conditions and control halves, over genes chosen without looking at held-out conditions.

    Contexts are cell types, or with `by_time` cell types at a time; `contexts` names those to keep (default all that
    hold perturbed cells). Genes: the `n_genes` most variable and every perturbed one, or those of `genes` (ids or
    symbols). With a `split`, its training conditions and the controls decide which are variable; without one the
    controls alone, so that the data serves any split. With `cells`, the expression of single cells as well, mapped
    from a cache made once (in the store, or in the folder `cache`).

    Streams the lake in chunks: memory grows with conditions times genes, not with cells times genes. Raises
    UnknownName, NothingFound (see `group_cells`, `choose_genes`), StoreReadOnly for a cache in a read-only store.
    """
    from perturbome.models.conditions import choose_dataset, expression_unit

    lake_cells = LakeCells.read(store.lake, choose_dataset(store, dataset))
    name = str(lake_cells.row["dataset"])
    where, unit = f"data set '{name}'", expression_unit(store, name)
    groups, keys = _groups(store, lake_cells, contexts, by_time, min_cells, seed)
    measured, symbols = lake_cells.genes["gene"].to_list(), lake_cells.genes["symbol"].to_list()
    every = Cells(keys, keys, np.zeros(0, np.int32), groups.code, len(groups.conditions))
    group, wanted = every.group, every.grouped

    to_context, names = looked_at(groups, split)

    def linear() -> Moments:
        may = np.where(group >= 0, to_context[group], -1)
        return summed(_linear(lake_cells, may, unit, report), len(groups.contexts), len(measured))

    columns, choice = choose_genes(linear, measured, symbols, groups, n_genes, genes, names, where)
    pieces = _pieces(lake_cells, columns, wanted, report)
    n_groups = len(groups.conditions) + len(groups.contexts) * PARTS
    if cells:
        asked = {
            "dataset": name, "run": lake_cells.row["run"], "genes": choice.genes,
            "cells": hashlib.sha256(lake_cells.said["cell"].to_numpy()[wanted].tobytes()).hexdigest(),
        }  # fmt: skip
        cut = cached_cut(_cache_folder(store, cache), asked, pieces, len(columns))
        moments = summed([(cut.matrix, group[wanted])], n_groups, len(columns))
        content, n_expressed, matrix = cut.content, cut.n_expressed, cut.matrix
    else:
        contents, expressed = [], []
        inside = group[wanted]

        def seen() -> Iterator[tuple[sparse.csr_matrix, NDArray[np.intp]]]:
            at = 0
            for piece, hashes, n in pieces:
                contents.append(hashes)
                expressed.append(n)
                yield piece, inside[at : at + len(n)]
                at += len(n)

        moments = summed(seen(), n_groups, len(columns))
        content, n_expressed, matrix = np.concatenate(contents), np.concatenate(expressed), None
    single = Cells(keys[wanted], content, n_expressed, groups.code[wanted], len(groups.conditions), matrix)
    return assemble(
        name, unit, [symbols[j] for j in columns], groups, moments, choice, seed, single, split
    )  # fmt: skip


def _groups(
    store: Store, cells: LakeCells, contexts: Collection[str] | None, by_time: bool, min_cells: int, seed: int
) -> tuple[Groups, NDArray[np.uint64]]:
    """Groups of all cells of the data set, and the hash of every cell's name."""
    said = cells.said.with_columns(
        pl.col("cell_type").fill_null(ALL),
        pl.col("time").cast(pl.Float64) if by_time else pl.lit(None, dtype=pl.Float64).alias("time"),
        pl.col("control").fill_null(False),
    )
    keys = name_hashes(said["name"].to_numpy())
    name = str(cells.row["dataset"])
    perturbations = _perturbations(store, cells)
    groups = group_cells(
        said, keys, perturbations, f"data set '{name}'", contexts=contexts, min_cells=min_cells, seed=seed
    )
    return groups, keys


def _perturbations(store: Store, cells: LakeCells) -> dict[str, Perturbation]:
    """Perturbations of the data set by their id, with the store's own symbols as targets."""
    dataset, run = cells.row["dataset"], cells.row["run"]
    rows = store.lake.scan("perturbations", [run]).filter(pl.col("dataset") == dataset).collect()
    stored = {row["perturbation"]: row["targets"] for row in rows.to_dicts()}
    symbols = dict(store.genes().select("gene", "symbol").iter_rows())
    found = {}
    for name in cells.said["perturbation"].drop_nulls().unique():
        parsed = Perturbation.parse(name)
        targets = stored.get(name) or list(parsed.targets)
        found[name] = replace(parsed, targets=tuple(symbols.get(t, t) for t in targets))
    return found


def _linear(
    cells: LakeCells, context: NDArray[np.intp], unit: str, report: Report
) -> Iterator[tuple[sparse.csr_matrix, NDArray[np.intp]]]:
    """Expression without its logarithm, where the unit says that it has one, of the cells that have a context."""
    n = len(context)
    for chunk in cells.stream(wanted=context >= 0):
        report("cells read for the choice of genes", chunk.start, n)
        here = context[chunk.start : chunk.start + chunk.matrix.shape[0]]
        rows = np.flatnonzero(here >= 0)
        matrix = chunk.matrix[rows].astype(np.float64)
        if unit.startswith("log1p"):
            np.expm1(matrix.data, out=matrix.data)
        yield matrix, here[rows]
    report("cells read for the choice of genes", n, n)


def _pieces(cells: LakeCells, columns: NDArray[np.intp], wanted: NDArray[np.bool_], report: Report) -> Iterator[Piece]:
    """Wanted cells by chosen genes, chunk by chunk; nothing is read before the first is asked for."""
    new = np.full(cells.genes.height, -1, dtype=np.int32)
    new[columns] = np.arange(len(columns), dtype=np.int32)
    n = len(wanted)
    for chunk in cells.stream(with_content=True, wanted=wanted):
        report("cells read", chunk.start, n)
        rows = np.flatnonzero(wanted[chunk.start : chunk.start + chunk.matrix.shape[0]])
        part = chunk.matrix[rows]
        at = new[part.indices]
        kept = at >= 0
        indptr = np.concatenate([[0], np.cumsum(kept)])[part.indptr]
        piece = sparse.csr_matrix((part.data[kept], at[kept], indptr), shape=(len(rows), len(columns)))
        piece.sort_indices()
        yield piece, chunk.content[rows], np.diff(part.indptr).astype(np.int32)
    report("cells read", n, n)


def _cache_folder(store: Store, cache: Path | None) -> Path:
    if cache is not None:
        return Path(cache)
    if store.read_only:
        raise StoreReadOnly(
            f"{store.path} was opened read-only, so single cells cannot be cut into it. Give another folder: "
            "cache=FOLDER."
        )
    return store.path / "cache" / "cells"
