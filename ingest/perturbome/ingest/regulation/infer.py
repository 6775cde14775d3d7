"""`infer_regulation`: from a data set of the store to regulatory edges per cell type and time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.regulation.bins import bin_cells
from perturbome.ingest.regulation.network import Edges, infer_network
from perturbome.ingest.regulation.regulators import (
    choose_regulators,
    listed_regulators,
    perturbations_of,
    perturbed_cells,
    perturbed_genes,
)
from perturbome.ingest.regulation.threads import small_products
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError, NothingFound, UnknownName
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store

ALL = "all"


@dataclass(frozen=True)
class Group:
    """One group of cells and what came of it."""

    cell_type: str
    time: float | None
    n_cells: int
    n_regulators: int
    n_targets: int
    penalty: float
    n_edges: int


@dataclass(frozen=True)
class Inferred:
    """An inference: its run, the number of edges, its groups, and what the reader should know."""

    run: str
    n_edges: int
    groups: list[Group]
    said: list[str]


def infer_regulation(
    store: Store,
    dataset: str,
    *,
    cell_types: Sequence[str] | None = None,
    regulators: Sequence[str] | None = None,
    time_bins: int | None = None,
    cells: Literal["all", "control"] = "all",
    leave_out: Sequence[str] = (),
    n_bootstraps: int = 50,
    max_edges: int = 5000,
    max_q: float = 0.05,
    min_cells: int = 30,
    by_cell_type: bool = True,
    penalty: float | None = None,
    seed: int = 0,
    report: Report = silent,
) -> Inferred:
    """Infer who regulates whom: one ridge network per cell type and time, written as a run.

    Every gene is regressed on all regulators but itself, in closed form; an edge's weight is the change of the
    target, in its own unit, per standard deviation of the regulator. Edges with q <= `max_q` are kept, at most
    `max_edges` a group, with p and the share of `n_bootstraps` that find them again. `cells="all"` learns from
    perturbed cells as well, whose variation tells cause from company, but for a perturbed gene as a target, which
    there answers to the perturbation; "control" learns from the control cells only. Cells in which a gene of
    `leave_out` was perturbed are not looked at: so a perturbation can be predicted without having been seen.
    `time_bins`: see `bin_cells`; 1 takes all times together. The same store, arguments and seed give the same rows.
    `regulators` None: see `choose_regulators`.
    Raises UnknownName, NothingFound where no group has `min_cells` cells, InputError where nothing may regulate.
    """
    started = datetime.now(UTC)
    unseen = perturbations_of(store, dataset, leave_out)
    seen = ~pl.col("perturbation").is_in(unseen).fill_null(False)
    expression = store.expression(dataset, seen & pl.col("control") if cells == "control" else seen)
    genes = expression.genes
    aims = perturbed_genes(store.lake, expression.dataset)
    groups, left_out = _groups(expression.cells, dataset, cell_types, by_cell_type, time_bins, min_cells)
    rows = np.unique(np.concatenate([rows for _, _, rows in groups]))
    chosen, how = choose_regulators(
        genes,
        listed_regulators(store.lake, genes),
        set(aims["gene"]),
        regulators,
        expression.X if rows.size == expression.X.shape[0] else expression.X[rows],
    )
    perturbed, aimed = perturbed_cells(expression.cells["perturbation"], aims, genes)
    said = [how, *left_out]
    configuration = {
        "method": "ridge", "dataset": dataset, "cells": cells, "leave_out": unseen,
        "cell_types": list(cell_types) if cell_types else None,
        "regulators": genes["symbol"].to_numpy()[chosen].tolist(), "time_bins": time_bins, "by_cell_type": by_cell_type,
        "n_bootstraps": n_bootstraps, "max_edges": max_edges, "max_q": max_q, "min_cells": min_cells,
        "penalty": penalty, "seed": seed,
    }  # fmt: skip
    keys = expression.cells["cell"].to_numpy()
    done, frames, n_capped = [], [], 0
    with small_products():
        for number, (cell_type, time, rows) in enumerate(groups):
            report("cell groups", number, len(groups))
            network = infer_network(
                expression.X[rows],
                chosen,
                np.argsort(np.argsort(keys[rows])),
                _generator(seed, dataset, cells, cell_type, time),
                perturbed=perturbed[rows],
                aimed=aimed,
                penalty=penalty,
                n_bootstraps=n_bootstraps,
                max_edges=max_edges,
                max_q=max_q,
            )
            frames.append(_rows(network, genes, dataset, cell_type, time))
            n_edges = network.source.size
            n_capped += network.n_significant > n_edges
            done.append(
                Group(cell_type, time, rows.size, network.n_regulators, network.n_targets, network.penalty, n_edges)
            )
    report("cell groups", len(groups), len(groups))
    said += _remarks(done, genes.height)
    if n_capped:
        said.append(f"{many(n_capped, 'group was', 'groups were')} capped at {max_edges:,} edges (--max-edges).")
    edges = pl.concat(frames).sort("time", maintain_order=True)
    with store.run(
        "infer",
        name=f"infer regulation {dataset}",
        configuration=configuration,
        parents=[expression.dataset["run"]],
        datasets=[dataset],
        started=started,
        report=report,
    ) as run:
        run.write("regulation", edges)
        run.metrics.update(n_edges=edges.height, n_groups=len(done), groups=[g.__dict__ for g in done], said=said)
    return Inferred(run.id, edges.height, done, said)


def _groups(
    cells: pl.DataFrame,
    dataset: str,
    cell_types: Sequence[str] | None,
    by_cell_type: bool,
    time_bins: int | None,
    min_cells: int,
) -> tuple[list[tuple[str, float | None, NDArray[np.intp]]], list[str]]:
    """Groups of cells (cell type, time, rows) with enough cells, and what was left out."""
    labels = cells["cell_type"].fill_null(ALL).to_numpy()
    present = sorted(set(labels))
    for name in cell_types or ():
        if name not in present:
            raise UnknownName("cell type", name, f"data set '{dataset}'", present)
    wanted = np.isin(labels, list(cell_types)) if cell_types else np.ones(labels.size, bool)
    if not by_cell_type:
        labels = np.full(labels.size, ALL, object)
    time, pseudotime = (
        cells[column].cast(pl.Float64).fill_null(float("nan")).to_numpy() for column in ("time", "pseudotime")
    )
    groups: list[tuple[str, float | None, NDArray[np.intp]]] = []
    said: list[str] = []
    for label in sorted(set(labels[wanted])):
        rows = np.flatnonzero(wanted & (labels == label))
        bins, told = bin_cells(time[rows], pseudotime[rows], n_bins=time_bins, min_cells=min_cells)
        said += [f"{label}: {text}" for text in told]
        groups += [(str(label), b.time, rows[b.rows]) for b in bins if b.rows.size >= min_cells]
        lost = sum(b.rows.size for b in bins if b.rows.size < min_cells)
        if lost:
            said.append(f"{label}: {many(lost, 'cell')} in groups of fewer than {min_cells} cells left out.")
    if not groups:
        raise NothingFound(
            f"No cell type and time of '{dataset}' has {min_cells} cells. Lower --min-cells, or take cells together "
            "with --together or --time-bins 1."
        )
    return groups, said


def _rows(network: Edges, genes: pl.DataFrame, dataset: str, cell_type: str, time: float | None) -> pl.DataFrame:
    """Rows of the table `regulation`, strongest first."""
    named: dict[str, Any] = {}
    for end, columns in (("source", network.source), ("target", network.target)):
        named[end] = genes["gene"].gather(columns)
        named[f"{end}_key"] = genes["key"].gather(columns)
    k = network.source.size
    return pl.DataFrame(
        {
            **named,
            "dataset": pl.Series([dataset] * k, dtype=pl.String),
            "cell_type": pl.Series([cell_type] * k, dtype=pl.String),
            "time": pl.Series([time] * k, dtype=pl.Float32),
            "weight": network.weight.astype(np.float32),
            "sign": np.sign(network.weight).astype(np.int8),
            "p": network.p.astype(np.float32),
            "stability": pl.Series(
                [None] * k if network.stability is None else network.stability.tolist(), dtype=pl.Float32
            ),
        }
    )


def _remarks(groups: list[Group], n_genes: int) -> list[str]:
    """What a reader should know of the groups, one sentence a kind."""
    said = []
    if all(g.n_regulators == 0 for g in groups):
        raise InputError(
            "None of the regulators varies in any group of cells (each is constant or seen in fewer than 10 cells), "
            "so nothing can be inferred from them. Name other regulators, or take cells together."
        )
    fewest = min(g.n_targets for g in groups)
    if fewest < n_genes:
        said.append(
            f"Up to {n_genes - fewest:,} of {n_genes:,} genes are constant or seen in fewer than 10 cells of a group, "
            "and took no part there."
        )
    thin = [g for g in groups if g.n_cells <= g.n_regulators]
    if thin:
        said.append(
            f"{len(thin)} of {many(len(groups), 'group')} {_have(thin)} no more cells than regulators; "
            "the penalty carries the fit."
        )
    empty = [g for g in groups if g.n_edges == 0]
    if empty:
        said.append(f"{len(empty)} of {many(len(groups), 'group')} {_have(empty)} no edge below the q asked for.")
    return said


def _have(groups: list[Group]) -> str:
    return "has" if len(groups) == 1 else "have"


def _generator(seed: int, *names: object) -> np.random.Generator:
    """A generator of its own for every group, whatever other groups there are."""
    digest = hashlib.sha256("\x1f".join(str(n) for n in (seed, *names)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))
