"""`infer_transitions`: from a data set of the store to its cell graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from perturbome.ingest.transitions.checks import Section, check_numbers, check_uses, sections
from perturbome.ingest.transitions.clock import Asked, are_points, choose_clock
from perturbome.ingest.transitions.growth import growth_of
from perturbome.ingest.transitions.method import Cells, Floats, Found, Method, Options
from perturbome.ingest.transitions.ordering import order_cells
from perturbome.ingest.transitions.registry import METHODS, find_method
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.lake.expression import Expression
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class InferredTransitions:
    """An inference: its run, method and table, the number of edges, the clock, cells that edges start from, cells at
    either end of one, and what to know.
    """

    run: str
    method: str
    table: str
    n_edges: int
    clock: str
    n_sources: int
    n_cells: int
    said: list[str]


def infer_transitions(
    store: Store,
    dataset: str,
    *,
    method: str = "auto",
    time: Asked = "auto",
    n_neighbors: int | None = None,
    n_components: int = 30,
    window: float = 0.1,
    root: str | None = None,
    root_type: str | None = None,
    epsilon: float = 0.05,
    balanced: bool = False,
    growth: Mapping[str, float] | None = None,
    file: Path | None = None,
    delaunay: bool = False,
    across_time: bool = False,
    max_distance: float | None = None,
    section: Section = "auto",
    exact: bool | None = None,
    seed: int = 0,
    report: Report = silent,
) -> InferredTransitions:
    """Infer which later cells each cell may become, and write the edges as a run.

    `method`: a name of `METHODS`, or "auto": transport between time points, else diffusion along pseudotime.
    `time`: what orders the cells; "auto" takes measured time where there are two time points or more, else the
    file's pseudotime, else computes one ("dpt"; extra [models]) from `root`, the name of a cell, or `root_type`.
    `epsilon`, `balanced` and `growth` (descendants per unit of time, by the name of the cell) concern transport;
    `file`, the experiment's h5ad with its layers, concerns velocity; `delaunay`, `across_time`, `max_distance` and
    `section` concern "spatial", whose pairs go to `neighbours`.
    Every transition points to a later cell and the weights of a cell's transitions sum to 1; cells without later ones
    have none. Raises InputError where the method cannot work with what the data set has, or would not look at what
    was asked; UnknownName for names it lacks.
    """
    started = datetime.now(UTC)
    check_numbers(
        neighbors=n_neighbors, components=n_components, window=window, epsilon=epsilon, max_distance=max_distance
    )
    chosen = None if method == "auto" else find_method(method)
    expression = store.expression(dataset)
    n = expression.shape[0]
    clock, values, said = _order(chosen, expression.cells, dataset, time, root is not None or root_type is not None)
    chosen = chosen or METHODS["transport" if are_points(clock, values) else "diffusion"]
    asked = {
        "window": window != Options.window, "epsilon": epsilon != Options.epsilon, "balanced": balanced,
        "growth": growth is not None, "file": file is not None, "delaunay": delaunay, "across_time": across_time,
        "max_distance": max_distance is not None, "section": section != "auto",
    }  # fmt: skip
    check_uses(chosen.name, [name for name, given in asked.items() if given])
    k = min(n_neighbors or chosen.n_neighbors, max(n - 1, 1))
    if n_neighbors and n_neighbors > k:
        said.append(f"There are {many(n, 'cell')} only: {k} neighbours, not more.")
    options = Options(
        k, window, exact, epsilon, file=file, delaunay=delaunay, across_time=across_time, max_distance=max_distance,
        source_penalty=None if balanced else Options.source_penalty,
        target_penalty=None if balanced else Options.target_penalty, seed=seed, report=report,
    )  # fmt: skip
    cells = _cells(expression, values, n_components)
    details: dict[str, Any] = {}
    if clock == "dpt":
        details, sentences = order_cells(cells, expression.cells, dataset, root, root_type, options)
        said += sentences
    known = np.arange(n)
    if chosen.clock == "none":
        cells.section, details["section"], sentences = sections(expression.cells, section)
        said += sentences
    elif clock != "velocity":
        known = np.flatnonzero(np.isfinite(cells.time))
        if known.size < n:
            said.append(f"{many(n - known.size, 'cell')} without a {clock} left out.")
        cells = cells.subset(known)
        cells.points = are_points(clock, cells.time)
    if growth is not None:
        options = replace(options, growth=growth_of(cells.names, growth))
    found = chosen(cells, options)
    said += found.said
    rows = _rows(chosen, dataset, expression.cells["cell"].to_numpy()[known], cells.time, found)
    n_sources = int(np.unique(found.edges.source).size)
    n_cells = int(np.union1d(found.edges.source, found.edges.target).size)
    with store.run(
        "infer",
        name=f"infer {chosen.table} {dataset}",
        configuration={
            "method": chosen.name,
            "dataset": dataset,
            "clock": clock,
            "n_neighbors": k,
            "n_components": n_components,
            "seed": seed,
            **details,
            **found.details,
        },
        parents=[expression.dataset["run"]],
        inputs=[] if file is None else [Path(file)],
        datasets=[dataset],
        started=started,
        report=report,
    ) as run:
        run.write(chosen.table, rows)
        run.metrics.update(n_edges=rows.height, n_sources=n_sources, n_cells=n_cells, clock=clock, said=said)
    return InferredTransitions(run.id, chosen.name, chosen.table, rows.height, clock, n_sources, n_cells, said)


def _order(
    chosen: Method | None, cells: pl.DataFrame, dataset: str, time: Asked, rooted: bool
) -> tuple[str, Floats, list[str]]:
    """The clock, its values and what to tell; a root asks for a pseudotime that starts there."""
    if chosen is not None and chosen.clock == "none":
        if rooted:
            raise InputError(f"A root orders cells, and method '{chosen.name}' needs no order. Leave it out.")
        return "none", cells["time"].cast(pl.Float64).fill_null(float("nan")).to_numpy(), []
    if chosen is not None and chosen.clock == "own" and time == "auto" and not rooted:
        return chosen.name, np.full(cells.height, np.nan), []
    if rooted and time not in ("auto", "dpt"):
        raise InputError(f"A root begins a computed pseudotime, yet --time {time} was asked for: leave one out.")
    if rooted:
        time = "dpt"
    elif time == "auto" and chosen is not None and chosen.clock == "points":
        time = "time"
    return choose_clock(cells, dataset, time)


def _cells(expression: Expression, values: Floats, n_components: int) -> Cells:
    place = expression.cells.select(pl.col("x", "y", "z").cast(pl.Float64).fill_null(float("nan"))).to_numpy()
    return Cells(expression.X, expression.cells["name"].to_numpy(), values, place, n_components=n_components)


def _rows(method: Method, dataset: str, keys: np.ndarray, time: Floats, found: Found) -> pl.DataFrame:
    edges = found.edges
    time = (time if found.time is None else found.time).astype(np.float32)
    rows = pl.DataFrame(
        {
            "dataset": pl.repeat(dataset, edges.source.size, dtype=pl.String, eager=True),
            "source": keys[edges.source],
            "target": keys[edges.target],
            "weight": edges.weight.astype(np.float32),
            "source_time": time[edges.source],
            "target_time": time[edges.target],
        }
    )
    if method.table == "transitions" or edges.distance is None:
        return rows
    distance = pl.Series("distance", edges.distance.astype(np.float32))
    return rows.insert_column(3, distance).with_columns(pl.col("source_time", "target_time").fill_nan(None))
