"""Which cells make a network together: per cell type and time, or across two neighbouring times."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.regulation.bins import TimeBin, bin_cells
from perturbome.ingest.words import many
from perturbome.platform.errors import NothingFound, UnknownName

ALL = "all"


@dataclass(frozen=True, eq=False)
class CellGroup:
    """Cells taken together: their cell type, the time their network is written at, and their rows."""

    cell_type: str
    time: float | None
    rows: NDArray[np.intp]

    @property
    def name(self) -> str:
        """As it is called in a sentence."""
        return self.cell_type if self.time is None else f"{self.cell_type} at {self.time:g}"


def group_cells(
    cells: pl.DataFrame,
    dataset: str,
    *,
    cell_types: Sequence[str] | None = None,
    by_cell_type: bool = True,
    time_bins: int | None = None,
    min_cells: int = 30,
    across_time: bool = False,
) -> tuple[list[CellGroup], list[str]]:
    """Groups with at least `min_cells` cells, and what to tell of those left out.

    Times are binned as `bin_cells` says. `across_time`, for a method that must see what became of cells: all times
    of a cell type are one group, without a time of its own; with `time_bins`, a group is a bin and the next one,
    written at the time of the first. Cells of a single bin stay one group.
    Raises UnknownName for a cell type that is not there, NothingFound where no group is large enough.
    """
    labels = cells["cell_type"].fill_null(ALL).to_numpy()
    present = sorted(set(labels))
    for name in cell_types or ():
        if name not in present:
            raise UnknownName("cell type", name, f"data set '{dataset}'", present)
    wanted = np.isin(labels, list(cell_types)) if cell_types else np.ones(labels.size, bool)
    if not by_cell_type:
        labels = np.full(labels.size, ALL, object)
    time, pseudotime = _clock(cells, "time"), _clock(cells, "pseudotime")
    groups: list[CellGroup] = []
    said: list[str] = []
    for label in sorted(set(labels[wanted])):
        rows = np.flatnonzero(wanted & (labels == label))
        asked = 1 if across_time and time_bins is None else time_bins
        bins, told = bin_cells(time[rows], pseudotime[rows], n_bins=asked, min_cells=min_cells)
        said += [f"{label}: {text}" for text in told]
        large = [b for b in bins if b.rows.size >= min_cells]
        lost = sum(b.rows.size for b in bins) - sum(b.rows.size for b in large)
        if lost:
            said.append(f"{label}: {many(lost, 'cell')} in groups of fewer than {min_cells} cells left out.")
        groups += [CellGroup(str(label), b.time, rows[b.rows]) for b in (_pairs(large) if across_time else large)]
    if not groups and int(wanted.sum()) < min_cells:
        of = f" of {' and '.join(cell_types)}" if cell_types else ""
        raise NothingFound(
            f"'{dataset}' has {many(int(wanted.sum()), 'cell')}{of} to learn from, and a network asks for {min_cells}: "
            "there are too few, however they are taken together. Lower --min-cells, or take a larger data set."
        )
    if not groups:
        together = ["--together"] * by_cell_type + ["--time-bins 1"] * (time_bins != 1)
        raise NothingFound(
            f"No cell type and time of '{dataset}' has {min_cells} cells. Lower --min-cells"
            + (f", or take cells together with {' or '.join(together)}." if together else ".")
        )
    return groups, said


def snapshot(cells: pl.DataFrame) -> list[str]:
    """What to tell of networks of cells that all share one time point; nothing otherwise."""
    time = _clock(cells, "time")
    if np.unique(time[np.isfinite(time)]).size != 1:
        return []
    return [
        "All cells share one time point: each network is a snapshot, whose arrows come from the list of regulators and "
        "from perturbations, not from what happened first."
    ]


def clock_of(cells: pl.DataFrame) -> NDArray[np.float64]:
    """Time of each cell [n], or pseudotime where times tell no cells apart; NaN where unknown."""
    time, pseudotime = _clock(cells, "time"), _clock(cells, "pseudotime")
    told_apart = np.unique(time[np.isfinite(time)]).size > 1 or not np.isfinite(pseudotime).any()
    return time if told_apart else pseudotime


def _clock(cells: pl.DataFrame, column: str) -> NDArray[np.float64]:
    return cells[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _pairs(bins: list[TimeBin]) -> list[TimeBin]:
    """Each bin with the next one, at its own time; a single bin alone."""
    if len(bins) < 2:
        return bins
    ordered = sorted(bins, key=lambda b: np.inf if b.time is None else b.time)
    return [
        TimeBin(first.time, np.sort(np.concatenate([first.rows, second.rows])))
        for first, second in itertools.pairwise(ordered)
    ]
