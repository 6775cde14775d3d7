"""`infer_transitions`: from a data set of the store to its temporal cell graph."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.transitions.components import principal_components
from perturbome.ingest.transitions.knn import directed_neighbours
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store

CONTINUOUS_FROM = 100  # distinct measured times beyond which they are no time points


@dataclass(frozen=True)
class InferredTransitions:
    """An inference: its run, the number of edges, the clock used, cells with edges, what the reader should know."""

    run: str
    n_edges: int
    clock: str
    n_sources: int
    said: list[str]


def infer_transitions(
    store: Store,
    dataset: str,
    *,
    time: Literal["auto", "time", "pseudotime"] = "auto",
    n_neighbors: int = 15,
    n_components: int = 30,
    window: float = 0.1,
    seed: int = 0,
    report: Report = silent,
) -> InferredTransitions:
    """Infer which later cells each cell may become, and write the edges as a run.

    `time`: "auto" takes measured time where there are two time points or more, else pseudotime. Every edge
    points to a later cell; the weights of a cell's edges sum to 1; the latest cells have none. The method
    draws nothing at random: `seed` is only recorded. See `directed_neighbours` for the numbers.
    Raises InputError where the data set has no time to direct the edges by.
    """
    started = datetime.now(UTC)
    expression = store.expression(dataset)
    clock, values, said = choose_clock(expression.cells, dataset, time)
    known = np.flatnonzero(np.isfinite(values))
    if known.size < values.size:
        said.append(f"{many(values.size - known.size, 'cell')} without a {clock} left out.")
    values = values[known]
    distinct = np.unique(values).size
    points = clock == "time" and distinct <= CONTINUOUS_FROM
    report("components", 0, None)
    scores = principal_components(expression.X[known], n_components)
    edges = directed_neighbours(
        scores,
        values,
        steps="points" if points else "continuous",
        n_neighbors=n_neighbors,
        window=window,
        report=report,
    )
    keys = expression.cells["cell"].to_numpy()[known]
    rows = pl.DataFrame(
        {
            "dataset": pl.repeat(dataset, edges.source.size, dtype=pl.String, eager=True),
            "source": keys[edges.source],
            "target": keys[edges.target],
            "weight": edges.weight.astype(np.float32),
            "source_time": values[edges.source].astype(np.float32),
            "target_time": values[edges.target].astype(np.float32),
        }
    )
    with store.run(
        "infer",
        name=f"infer transitions {dataset}",
        configuration={
            "method": "knn",
            "dataset": dataset,
            "clock": clock,
            "steps": "points" if points else "continuous",
            "n_neighbors": n_neighbors,
            "n_components": n_components,
            "window": window,
            "seed": seed,
        },
        parents=[expression.dataset["run"]],
        datasets=[dataset],
        started=started,
        report=report,
    ) as run:
        run.write("transitions", rows)
        n_sources = int(np.unique(edges.source).size)
        run.metrics.update(n_edges=rows.height, n_sources=n_sources, clock=clock, said=said)
    return InferredTransitions(run.id, rows.height, clock, n_sources, said)


def choose_clock(
    cells: pl.DataFrame, dataset: str, asked: Literal["auto", "time", "pseudotime"]
) -> tuple[str, NDArray[np.float64], list[str]]:
    """The column that orders the cells, its values [n] (NaN where unknown), and what to tell.

    One time point orders nothing: "auto" turns to pseudotime, and where there is none either the graph is
    empty and the reader is told. Raises InputError where the column asked for (or both) holds nothing.
    """
    columns = {name: cells[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in ("time", "pseudotime")}
    n_distinct = {name: np.unique(values[np.isfinite(values)]).size for name, values in columns.items()}
    if asked == "auto":
        choice = next((name for name in columns if n_distinct[name] > 1), None)
        choice = choice or next((name for name in columns if n_distinct[name] == 1), None)
    else:
        choice = asked if n_distinct[asked] else None
    if choice is None:
        wanted = "time or pseudotime" if asked == "auto" else asked
        held = [name for name, n in n_distinct.items() if n]
        mend = f" It has {held[0]}: pass --time {held[0]}." if held else ""
        raise InputError(f"Data set '{dataset}' has no {wanted}, so nothing says which cell is later.{mend or _MEND}")
    said = [f"Cells are ordered by {choice} ({n_distinct[choice]} distinct values)."]
    if asked == "auto" and choice == "pseudotime" and n_distinct["time"] == 1:
        said.append("There is one time point only, which orders nothing; pseudotime was taken.")
    if n_distinct[choice] == 1:
        said.append(
            f"All cells have the same {choice}: none is later than another, so the graph has no edges. "
            "A pseudotime column would give it some."
        )
    return choice, columns[choice], said


_MEND = (
    " Add a column 'time' or 'pseudotime' to obs (scanpy.tl.dpt computes a pseudotime) and ingest the file again, "
    "or name the column that holds it with --time-column or --pseudotime-column."
)
