"""`infer_transitions`: from a data set of the store to its cell graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from perturbome.ingest.transitions.clock import Asked, are_points, choose_clock
from perturbome.ingest.transitions.growth import growth_of
from perturbome.ingest.transitions.method import Cells, Floats, Found, Method, Options
from perturbome.ingest.transitions.ordering import order_cells
from perturbome.ingest.transitions.registry import METHODS, find_method
from perturbome.ingest.words import many
from perturbome.platform.errors import BadValues, InputError
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.lake.expression import Expression
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class InferredTransitions:
    """An inference: its run, method and table, the number of edges, the clock, cells with edges, what to know."""

    run: str
    method: str
    table: str
    n_edges: int
    clock: str
    n_sources: int
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
    exact: bool | None = None,
    seed: int = 0,
    report: Report = silent,
) -> InferredTransitions:
    """Infer which later cells each cell may become, and write the edges as a run.

    `method`: a name of `METHODS`, or "auto": transport between time points, else diffusion along pseudotime.
    `time`: what orders the cells; "auto" takes measured time where there are two time points or more, else the
    file's pseudotime, else computes one ("dpt"; extra [models]) from `root`, the name of a cell, or `root_type`.
    `epsilon`, `balanced` and `growth` (descendants per unit of time, by the name of the cell) concern transport.
    Every edge points to a later cell and the weights of a cell's edges sum to 1; cells without later ones have none.
    Raises InputError where the method cannot work with what the data set has, UnknownName for names it lacks.
    """
    started = datetime.now(UTC)
    _check(n_neighbors, n_components, window, epsilon)
    expression = store.expression(dataset)
    if root is not None or root_type is not None:
        time = _time_of_a_root(time)
    clock, values, said = choose_clock(expression.cells, dataset, time)
    chosen = _choose(method, are_points(clock, values[np.isfinite(values)]) and np.unique(values).size > 1)
    options = Options(
        n_neighbors=min(n_neighbors or chosen.n_neighbors, max(expression.shape[0] - 1, 1)),
        window=window,
        exact=exact,
        epsilon=epsilon,
        source_penalty=None if balanced else Options.source_penalty,
        target_penalty=None if balanced else Options.target_penalty,
        seed=seed,
        report=report,
    )
    if n_neighbors and n_neighbors > options.n_neighbors:
        said.append(f"There are {many(expression.shape[0], 'cell')} only: {options.n_neighbors} neighbours, not more.")
    cells = _cells(expression, values, n_components)
    details: dict[str, Any] = {}
    if clock == "dpt":
        details, sentences = order_cells(cells, expression.cells, dataset, root, root_type, options)
        said += sentences
    known = np.flatnonzero(np.isfinite(cells.time))
    if known.size < len(cells.time):
        said.append(f"{many(len(cells.time) - known.size, 'cell')} without a {clock} left out.")
    cells = cells.subset(known)
    cells.points = are_points(clock, cells.time)
    if growth is not None:
        options = replace(options, growth=growth_of(cells.names, growth))
    found = chosen(cells, options)
    said += found.said
    rows = _rows(dataset, expression.cells["cell"].to_numpy()[known], cells.time, found)
    n_sources = int(np.unique(found.edges.source).size)
    with store.run(
        "infer",
        name=f"infer transitions {dataset}",
        configuration={
            "method": chosen.name,
            "dataset": dataset,
            "clock": clock,
            "n_neighbors": options.n_neighbors,
            "n_components": n_components,
            "seed": seed,
            **details,
            **found.details,
        },
        parents=[expression.dataset["run"]],
        datasets=[dataset],
        started=started,
        report=report,
    ) as run:
        run.write(chosen.table, rows)
        run.metrics.update(n_edges=rows.height, n_sources=n_sources, clock=clock, said=said)
    return InferredTransitions(run.id, chosen.name, chosen.table, rows.height, clock, n_sources, said)


def _check(n_neighbors: int | None, n_components: int, window: float, epsilon: float) -> None:
    """BadValues for numbers without meaning."""
    for name, value, least in (("neighbors", n_neighbors, 1), ("components", n_components, 1)):
        if value is not None and value < least:
            raise BadValues(f"{name} is {value}; it must be {least} at least.")
    if not 0 < window <= 1:
        raise BadValues(f"window is {window:g}, a share of the cells: it must lie above 0 and up to 1.")
    if not epsilon > 0:
        raise BadValues(f"epsilon is {epsilon:g}; it must be above 0 (0.05 is usual).")


def _time_of_a_root(time: Asked) -> Asked:
    """A root asks for a pseudotime that starts there; InputError where another clock was asked for."""
    if time not in ("auto", "dpt"):
        raise InputError(
            f"A root begins a computed pseudotime, yet --time {time} was asked for. Leave one of them out."
        )
    return "dpt"


def _choose(method: str, points: bool) -> Method:
    if method != "auto":
        return find_method(method)
    return METHODS["transport" if points else "diffusion"]


def _cells(expression: Expression, values: Floats, n_components: int) -> Cells:
    place = expression.cells.select(pl.col("x", "y", "z").cast(pl.Float64).fill_null(float("nan"))).to_numpy()
    return Cells(expression.X, expression.cells["name"].to_numpy(), values, place, n_components=n_components)


def _rows(dataset: str, keys: np.ndarray, time: Floats, found: Found) -> pl.DataFrame:
    edges = found.edges
    time = time if found.time is None else found.time
    return pl.DataFrame(
        {
            "dataset": pl.repeat(dataset, edges.source.size, dtype=pl.String, eager=True),
            "source": keys[edges.source],
            "target": keys[edges.target],
            "weight": edges.weight.astype(np.float32),
            "source_time": time[edges.source].astype(np.float32),
            "target_time": time[edges.target].astype(np.float32),
        }
    )
