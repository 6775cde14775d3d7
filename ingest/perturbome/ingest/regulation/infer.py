"""`infer_regulation`: from a data set of the store to regulatory edges per cell type and time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.regulation.groups import CellGroup, clock_of, group_cells
from perturbome.ingest.regulation.mask import Mask
from perturbome.ingest.regulation.method import Cells, Method, Options
from perturbome.ingest.regulation.network import Edges, infer_network
from perturbome.ingest.regulation.prior_mask import prior_mask
from perturbome.ingest.regulation.registry import find_method
from perturbome.ingest.regulation.regulators import (
    choose_regulators,
    listed_regulators,
    perturbations_of,
    perturbed_cells,
    perturbed_genes,
)
from perturbome.ingest.regulation.threads import small_products
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class Group:
    """One group of cells and what came of it."""

    cell_type: str
    time: float | None
    n_cells: int
    n_regulators: int
    n_targets: int
    penalty: float | None
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
    method: str = "ridge",
    cell_types: Sequence[str] | None = None,
    regulators: Sequence[str] | None = None,
    prior: Sequence[str] = (),
    mask: Literal["soft", "hard"] = "soft",
    time_bins: int | None = None,
    cells: Literal["all", "control"] = "all",
    leave_out: Sequence[str] = (),
    n_bootstraps: int = 50,
    n_trees: int = 500,
    members: Sequence[str] = (),
    max_edges: int = 5000,
    max_q: float = 0.05,
    min_cells: int = 30,
    by_cell_type: bool = True,
    penalty: float | None = None,
    seed: int = 0,
    report: Report = silent,
) -> Inferred:
    """Infer who regulates whom: one network per cell type and time, written as a run.

    `method`: see `registry.METHODS`; an edge's weight is the change of the target, in its own unit, per standard
    deviation of the regulator. Edges with q <= `max_q` are kept, at most `max_edges` a group, with p and the share of
    `n_bootstraps` that find them again. Pairs that a stored `prior` supports count for more (`mask` "soft") or are
    the only ones considered ("hard"). `cells="all"` learns from perturbed cells as well, whose variation tells cause
    from company, but for a perturbed gene as a target, which there answers to the perturbation; "control" learns from
    the control cells only. Cells in which a gene of `leave_out` was perturbed are not looked at: so a perturbation
    can be predicted without having been seen. `time_bins`: see `bin_cells`; 1 takes all times together; a method that
    follows cells in time sees each bin with the next. The same store, arguments and seed give the same rows.
    `regulators` None: see `choose_regulators`. `n_trees` concerns trees, `members` the consensus.
    Raises UnknownName, NothingFound where no group has `min_cells` cells, InputError where nothing may regulate or
    no group has what the method needs.
    """
    started = datetime.now(UTC)
    chosen_method = find_method(method)
    unseen = perturbations_of(store, dataset, leave_out)
    seen = ~pl.col("perturbation").is_in(unseen).fill_null(False)
    expression = store.expression(dataset, seen & pl.col("control") if cells == "control" else seen)
    genes = expression.genes
    aims = perturbed_genes(store.lake, expression.dataset)
    groups, left_out = group_cells(
        expression.cells, dataset, cell_types=cell_types, by_cell_type=by_cell_type, time_bins=time_bins,
        min_cells=min_cells, across_time="time" in chosen_method.needs,
    )  # fmt: skip
    rows = np.unique(np.concatenate([group.rows for group in groups]))
    chosen, how = choose_regulators(
        genes,
        listed_regulators(store.lake, genes),
        set(aims["gene"]),
        regulators,
        expression.X if rows.size == expression.X.shape[0] else expression.X[rows],
    )
    said = [how, *left_out]
    support: Mask | None = None
    prior_runs: list[str] = []
    if prior:
        support, prior_runs, told = prior_mask(store.lake, prior, genes, chosen, mask)
        said.append(told)
    perturbed, aimed = perturbed_cells(expression.cells["perturbation"], aims, genes)
    names = tuple(genes.sort("gene_index")["gene"])
    clock, control = clock_of(expression.cells), expression.cells["control"].to_numpy()
    keys = expression.cells["cell"].to_numpy()
    configuration = {
        "method": method, "dataset": dataset, "cells": cells, "leave_out": unseen,
        "cell_types": list(cell_types) if cell_types else None,
        "regulators": genes["symbol"].to_numpy()[chosen].tolist(), "prior": list(prior),
        "mask": mask if prior else None, "time_bins": time_bins, "by_cell_type": by_cell_type,
        "n_bootstraps": n_bootstraps, "max_edges": max_edges,
        "max_q": max_q, "min_cells": min_cells, "penalty": penalty, "n_trees": n_trees if method == "trees" else None,
        "members": list(members), "seed": seed,
    }  # fmt: skip

    def cells_of(group: CellGroup) -> Cells:
        mine = group.rows
        return Cells(
            expression.X[mine], names, chosen, np.argsort(np.argsort(keys[mine])), perturbed[mine], aimed,
            control[mine], clock[mine],
        )  # fmt: skip

    done, frames, n_capped = [], [], 0
    told_of: dict[str, list[str]] = {}
    groups, cannot = _able(chosen_method, groups, cells_of, dataset)
    said += cannot
    with small_products():
        for number, group in enumerate(groups):
            report("cell groups", number, len(groups))
            options = Options(n_bootstraps, penalty, n_trees, tuple(members), _seed(seed, dataset, cells, group))
            network = infer_network(
                cells_of(group), chosen_method, options, mask=support, max_edges=max_edges, max_q=max_q
            )
            frames.append(_rows(network, genes, dataset, group))
            n_edges = network.source.size
            n_capped += network.n_significant > n_edges
            for sentence in network.said:
                told_of.setdefault(sentence, []).append(group.name)
            done.append(
                Group(
                    group.cell_type, group.time, group.rows.size, network.n_regulators, network.n_targets,
                    network.penalty, n_edges,
                )
            )  # fmt: skip
    report("cell groups", len(groups), len(groups))
    said += [s if len(where) == len(groups) else f"{', '.join(where[:4])}: {s}" for s, where in told_of.items()]
    said += _remarks(done, genes.height)
    if n_capped:
        said.append(f"{many(n_capped, 'group was', 'groups were')} capped at {max_edges:,} edges (--max-edges).")
    edges = pl.concat(frames).sort("time", maintain_order=True)
    with store.run(
        "infer",
        name=f"infer regulation {dataset}" + ("" if method == "ridge" else f" by {method}"),
        configuration=configuration,
        parents=[expression.dataset["run"], *prior_runs],
        datasets=[dataset],
        started=started,
        report=report,
    ) as run:
        run.write("regulation", edges)
        run.metrics.update(n_edges=edges.height, n_groups=len(done), groups=[g.__dict__ for g in done], said=said)
    return Inferred(run.id, edges.height, done, said)


def _able(
    method: Method, groups: list[CellGroup], cells_of: Callable[[CellGroup], Cells], dataset: str
) -> tuple[list[CellGroup], list[str]]:
    """The groups that have what the method needs, and what to tell of the others; InputError where none has."""
    if not method.needs:
        return groups, []
    lacking = [method.lacks(cells_of(group)) for group in groups]
    able = [group for group, lack in zip(groups, lacking, strict=True) if lack is None]
    if not able:
        raise InputError(
            f"'{method.name}' needs {lacking[0]}, which no group of cells of '{dataset}' has. Take another method "
            "(--method ridge), or take cells together with --together or --time-bins 1."
        )
    unable = [(group.name, lack) for group, lack in zip(groups, lacking, strict=True) if lack]
    names = ", ".join(name for name, _ in unable[:6])
    return able, [f"Left out, for want of {unable[0][1]}: {names}."] if unable else []


def _rows(network: Edges, genes: pl.DataFrame, dataset: str, group: CellGroup) -> pl.DataFrame:
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
            "cell_type": pl.Series([group.cell_type] * k, dtype=pl.String),
            "time": pl.Series([group.time] * k, dtype=pl.Float32),
            "weight": network.weight.astype(np.float32),
            "sign": np.sign(network.weight).astype(np.int8),
            "p": _column(network.p, k),
            "stability": _column(network.stability, k),
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


def _column(values: NDArray[np.float64] | None, k: int) -> pl.Series:
    return pl.Series([None] * k if values is None else values.tolist(), dtype=pl.Float32)


def _seed(seed: int, dataset: str, cells: str, group: CellGroup) -> int:
    """A seed of its own for every group, whatever other groups there are."""
    named = (seed, dataset, cells, group.cell_type, group.time)
    digest = hashlib.sha256("\x1f".join(str(n) for n in named).encode()).digest()
    return int.from_bytes(digest[:8], "little")
