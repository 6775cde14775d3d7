"""What says which cell is later: measured time, a pseudotime in the file, or one computed here."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.platform.errors import InputError

Asked = Literal["auto", "time", "pseudotime", "dpt"]
CONTINUOUS_FROM = 100
"""Distinct measured times beyond which they are no time points."""


def choose_clock(
    cells: pl.DataFrame, dataset: str, asked: Asked
) -> tuple[Literal["time", "pseudotime", "dpt"], NDArray[np.float64], list[str]]:
    """The clock that orders the cells, its values [n] (NaN where unknown; none known for "dpt"), and what to tell.

    "auto" takes measured time where there are two time points or more, else the file's pseudotime, else diffusion
    pseudotime, which is computed later. Raises InputError where the column asked for holds nothing.
    """
    columns = {name: cells[name].cast(pl.Float64).fill_null(float("nan")).to_numpy() for name in ("time", "pseudotime")}
    n_distinct = {name: np.unique(values[np.isfinite(values)]).size for name, values in columns.items()}
    unknown = np.full(cells.height, np.nan)
    if asked == "dpt":
        return "dpt", unknown, []
    if asked != "auto":
        if not n_distinct[asked]:
            held = next((name for name, n in n_distinct.items() if n > 1), "dpt")
            what = "computes a diffusion pseudotime" if held == "dpt" else f"takes the {held} it has"
            raise InputError(
                f"Data set '{dataset}' has no {asked}, so it cannot say which cell is later. --time {held} {what}; "
                f"or ingest the file again with its column named (--{asked}-column)."
            )
        said = [f"Cells are ordered by {asked} ({n_distinct[asked]:,} distinct values)."]
        if n_distinct[asked] == 1:
            said.append(f"All cells have the same {asked}: none is later than another, so the graph has no edges.")
        return asked, columns[asked], said
    name: Literal["time", "pseudotime"]
    one_point = "There is one time point only, which orders nothing: no cell was measured later than another."
    said = [one_point] if n_distinct["time"] == 1 else []
    for name in ("time", "pseudotime"):
        if n_distinct[name] > 1:
            said.append(f"Cells are ordered by {name} ({n_distinct[name]:,} distinct values).")
            return name, columns[name], said
    return "dpt", unknown, said


def are_points(clock: str, values: NDArray[np.float64]) -> bool:
    """Whether the values [n] are time points: measured, and few."""
    return clock == "time" and np.unique(values).size <= CONTINUOUS_FROM
