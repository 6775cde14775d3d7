"""Cells into time bins: one per time point, or quantiles of time or pseudotime."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.words import many

DEFAULT_BINS = 5


@dataclass(frozen=True)
class TimeBin:
    """Cells taken together, and the time their network is written at; None where there is no time."""

    time: float | None
    rows: NDArray[np.intp]


def bin_cells(
    time: NDArray[np.float64], pseudotime: NDArray[np.float64], *, n_bins: int | None = None, min_cells: int = 30
) -> tuple[list[TimeBin], list[str]]:
    """Bin cells [n] by time (NaN where unknown), else by pseudotime; returns the bins and what to tell.

    * Measured times: each time point with at least `min_cells` cells is a bin. If no time point has that many,
      quantiles of time. `n_bins` asks for that many quantiles outright.
    * Pseudotime alone: `n_bins` (default 5) quantiles, fewer if they would hold fewer than `min_cells` cells.
    * Neither, or `n_bins=1`: one bin, without a time unless all cells share one.

    A quantile bin's time is the median of its cells. Cells without a time are left out where others have one.
    """
    everything = np.arange(time.size)
    if n_bins == 1:
        known = np.unique(time[np.isfinite(time)])
        return [TimeBin(float(known[0]) if known.size == 1 else None, everything)], []
    clock = time if np.isfinite(time).any() else pseudotime
    rows = np.flatnonzero(np.isfinite(clock))
    if rows.size == 0:
        return [TimeBin(None, everything)], []
    said = [] if rows.size == time.size else [f"{many(time.size - rows.size, 'cell')} without a time left out."]
    if clock is time and n_bins is None:
        points, sizes = np.unique(clock[rows], return_counts=True)
        if sizes.max() >= min_cells:
            small = points[sizes < min_cells]
            if small.size:
                names = ", ".join(f"{t:g}" for t in small[:6])
                said.append(f"Time points with fewer than {min_cells} cells were left out: {names}.")
            return [TimeBin(float(t), rows[clock[rows] == t]) for t in points[sizes >= min_cells]], said
    wanted = max(1, min(n_bins or DEFAULT_BINS, rows.size // max(min_cells, 1)))
    edges = np.quantile(clock[rows], np.linspace(0, 1, wanted + 1)[1:-1])
    # Ties stay together, so that a bin depends on times alone and not on the order of the cells.
    which = np.searchsorted(edges, clock[rows], side="right")
    return [
        TimeBin(float(np.median(clock[rows[which == b]])), rows[which == b])
        for b in range(wanted)
        if (which == b).any()
    ], said
