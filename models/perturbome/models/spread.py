"""The SD of every gene inside groups of like cells: the unit in which regulation weights are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.models.moments import Moments, group_moments
from perturbome.platform.lake.expression import Expression

Array = NDArray[np.float64]

MOST_TIMES = 50
"""With more distinct times than this, time is a continuum and no grouping."""


@dataclass(frozen=True)
class Strata:
    """Moments of the finest groups of cells; coarser ones are sums of these."""

    moments: Moments  # [n_strata]
    cell_type: NDArray[np.intp]  # [n_strata], code
    time: NDArray[np.intp]  # [n_strata], code
    control: NDArray[np.bool_]  # [n_strata]

    def sd(self, *, by_cell_type: bool = False, by_time: bool = False, control_only: bool = False) -> Array:
        """SD within groups [n_genes]: sqrt(sum of squares around the groups' own means / (cells - groups)).

        0 where no group has two cells. The groups should be those that the regulation was inferred in.
        """
        code = self.cell_type * by_cell_type * (self.time.max() + 1) + self.time * by_time
        group = np.unique(code, return_inverse=True)[1]
        kept = np.where(self.control, group, -1) if control_only else group
        groups = self.moments.merge(kept, int(group.max()) + 1)
        filled = groups[np.flatnonzero(groups.n > 0)]
        within = np.maximum(filled.squares - filled.total**2 / filled.n[:, None], 0).sum(axis=0)
        freedom = filled.n.sum() - len(filled.n)
        sd: Array = np.sqrt(within / freedom) if freedom > 0 else np.zeros(self.moments.total.shape[1])
        return sd


def read_strata(expression: Expression, inside: NDArray[np.bool_]) -> Strata:
    """Groups by cell type, time point and control flag of the cells where `inside` is true."""
    cells = expression.cells
    timed = cells["time"].n_unique() <= MOST_TIMES
    labels = cells.select(
        (pl.col("cell_type").fill_null("all").rank("dense") - 1).alias("cell_type"),
        ((pl.col("time").fill_null(-np.inf).rank("dense") - 1) if timed else pl.lit(0)).alias("time"),
        pl.col("control").fill_null(False),
    ).with_columns(pl.struct("cell_type", "time", "control").rank("dense").alias("group") - 1)
    group = labels["group"].to_numpy().astype(np.intp)
    each = labels.unique("group").sort("group")
    return Strata(
        group_moments(expression.X, np.where(inside, group, -1), each.height),
        each["cell_type"].to_numpy().astype(np.intp),
        each["time"].to_numpy().astype(np.intp),
        each["control"].to_numpy(),
    )
