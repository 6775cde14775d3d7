"""`infer_regulation`: from a data set of the store to regulatory edges per cell type and time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from perturbome.ingest.regulation.checks import check_numbers, check_uses, taking_part
from perturbome.ingest.regulation.groups import CellGroup
from perturbome.ingest.regulation.lacking import borrowed_controls
from perturbome.ingest.regulation.method import Options
from perturbome.ingest.regulation.network import infer_network
from perturbome.ingest.regulation.plan import make_plan, perturbed_by
from perturbome.ingest.regulation.reading import read_cells
from perturbome.ingest.regulation.registry import find_method
from perturbome.ingest.regulation.regulator_file import listed_names, measured_regulators
from perturbome.ingest.regulation.regulators import perturbations_of
from perturbome.ingest.regulation.remarks import Group, gathered, remarks
from perturbome.ingest.regulation.rows import regulation_rows
from perturbome.ingest.regulation.threads import small_products
from perturbome.ingest.words import many
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store


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
    regulators: Sequence[str] | Path | None = None,
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
    dask: str | None = None,
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
    can be predicted without having been seen. `time_bins`: see `bin_cells`; 1 takes all times together. So does a
    method that follows cells in time, unless bins are asked for: of these it sees each with the next. The same store,
    arguments and seed give the same rows.
    `regulators` are names, all of which must be measured, or a file of names, of which those measured are taken;
    None: see `choose_regulators`. `n_trees` concerns trees, `members` the consensus. `dask` "local", or the address of
    a scheduler, leaves the cells in the store's files, for workers to read in chunks: for methods that need no more
    than moments of the cells, and the same result.
    Raises UnknownName, NothingFound where no group has `min_cells` cells, BadValues for numbers without meaning,
    InputError where nothing may regulate, no group has what the method needs, it cannot work in chunks, or nothing
    would look at what was asked.
    """
    started = datetime.now(UTC)
    chosen_method = find_method(method)
    check_numbers(
        max_edges=max_edges, n_bootstraps=n_bootstraps, max_q=max_q, n_trees=n_trees, time_bins=time_bins,
        min_cells=min_cells, penalty=penalty,
    )  # fmt: skip
    check_uses(chosen_method, members=members, prior=prior, mask=mask, n_trees=n_trees, penalty=penalty, dask=dask)
    grown = n_trees if "trees" in [m.name for m in taking_part(chosen_method, members)] else None
    listed = listed_names(regulators) if isinstance(regulators, Path) else []
    unseen = perturbations_of(store, dataset, leave_out)
    seen = ~perturbed_by(unseen)
    looked_at = seen & pl.col("control") if cells == "control" else seen
    done, frames, told = [], [], []
    borrowed: list[str] = []
    least_q: list[float] = []
    spoken: set[int] = set()
    n_capped = 0
    with read_cells(store, dataset, looked_at, dask) as read, small_products():
        named, unmeasured = (
            measured_regulators(regulators, listed, read.genes) if isinstance(regulators, Path) else (regulators, [])
        )
        plan = make_plan(
            store, read, chosen_method, cell_types=cell_types, regulators=named, prior=prior, mask=mask,
            time_bins=time_bins, min_cells=min_cells, by_cell_type=by_cell_type,
        )  # fmt: skip
        if any("perturbations" in m.needs for m in taking_part(chosen_method, members)):
            borrowed = borrowed_controls(plan.groups, read.cells)
        for number, group in enumerate(plan.groups):
            report("cell groups", number, len(plan.groups))
            options = Options(n_bootstraps, penalty, n_trees, tuple(members), _seed(seed, dataset, cells, group))
            found = infer_network(
                plan.cells(group), chosen_method, options, mask=plan.mask, max_edges=max_edges, max_q=max_q
            )
            frames.append(regulation_rows(found, read.genes, dataset, group))
            n_edges = found.source.size
            if found.least_q is not None:
                least_q.append(found.least_q)
            n_capped += found.n_significant > n_edges
            told.append((group.name, found.said))
            spoken.update(found.regulators.tolist())
            about = group.cell_type, group.time, group.rows.size
            done.append(Group(*about, found.regulators.size, found.n_targets, found.penalty, n_edges))
    report("cell groups", len(done), len(done))
    said = [*unmeasured, *plan.said, *borrowed, *gathered(told, len(done))]
    said += remarks(done, read.genes.height, chosen_method, min(least_q, default=None))
    if n_capped:
        said.append(f"{many(n_capped, 'group was', 'groups were')} capped at {max_edges:,} edges (--max-edges).")
    edges = pl.concat(frames).sort("time", maintain_order=True)
    with store.run(
        "infer",
        name=f"infer regulation {dataset}" + ("" if method == "ridge" else f" by {method}"),
        configuration={
            "method": method, "dataset": dataset, "cells": cells, "leave_out": unseen,
            "cell_types": list(cell_types) if cell_types else None,
            "regulators": read.genes["symbol"].to_numpy()[sorted(spoken)].tolist(),
            "prior": list(prior), "mask": mask if prior else None, "time_bins": time_bins,
            "by_cell_type": by_cell_type, "n_bootstraps": n_bootstraps, "max_edges": max_edges, "max_q": max_q,
            "min_cells": min_cells, "penalty": penalty, "n_trees": grown, "members": list(members), "dask": dask,
            "seed": seed,
        },
        parents=[read.dataset["run"], *plan.prior_runs],
        datasets=[dataset],
        started=started,
        report=report,
    ) as run:  # fmt: skip
        run.write("regulation", edges)
        run.metrics.update(n_edges=edges.height, n_groups=len(done), groups=[g.__dict__ for g in done], said=said)
    return Inferred(run.id, edges.height, done, said)


def _seed(seed: int, dataset: str, cells: str, group: CellGroup) -> int:
    """A seed of its own for every group, whatever other groups there are."""
    named = (seed, dataset, cells, group.cell_type, group.time)
    digest = hashlib.sha256("\x1f".join(str(n) for n in named).encode()).digest()
    return int.from_bytes(digest[:8], "little")
