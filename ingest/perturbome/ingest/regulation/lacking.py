"""Why a method can say nothing of a data set, and what would help: never an option that cannot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.regulation.groups import CellGroup
from perturbome.ingest.regulation.method import Method
from perturbome.platform.words import first_few

MOST_NAMED = 4


def without_effects(dataset: str, control: NDArray[np.bool_], n_aimed: int, n_aims: int) -> str:
    """Why no group of cells can show what a perturbation does; empty where that lies in how they were grouped.

    `control` [n] are the unperturbed ones of the cells looked at, `n_aimed` the measured genes among the `n_aims` that
    perturbations of the data set aim at.
    """
    if control.all() and not n_aims:
        return (
            f"nothing was perturbed in '{dataset}': every cell is taken as unperturbed. If a column tells what was "
            "done, ingest it again with --perturbation-column and --control"
        )
    if control.all():
        return f"none of the perturbed cells of '{dataset}' is looked at: leave out --cells control or --leave-out"
    if not n_aimed:
        return f"no perturbation in '{dataset}' aims at a gene that it measures (what compounds aim at is not known)"
    if not control.any():
        return f"'{dataset}' has no control cells among those looked at"
    return ""


def others_that_work(methods: Sequence[Method]) -> str:
    """The methods that need nothing but cells, as advice."""
    plain = [m.name for m in methods if not m.needs and m.ground == "association" and m.name != "consensus"]
    return f"Take another method (--method {' or '.join(plain)})"


def taken_together(by_cell_type: bool, time_bins: int | None) -> str:
    """The options, not given yet, that take more cells together."""
    options = ["--together"] * by_cell_type + ["--time-bins 1"] * (time_bins != 1)
    return f"take cells together ({' or '.join(options)})"


def borrowed_controls(groups: Sequence[CellGroup], cells: pl.DataFrame) -> list[str]:
    """What to tell where perturbed cells are compared with controls of other cell types or times, having none there."""
    context = cells.select(pl.col("cell_type").fill_null("all"), pl.col("time").cast(pl.Float64), "control")
    lonely: list[str] = []
    for group in groups:
        here = context[group.rows]
        if not here["control"].any():
            continue
        varying = [c for c in ("cell_type", "time") if here[c].n_unique() > 1]
        if not varying:
            continue
        each = here.group_by(varying).agg(pl.col("control").any()).filter(~pl.col("control")).sort(varying)
        lonely += [_named(row) for row in each.select(varying).iter_rows(named=True)]
    names = list(dict.fromkeys(lonely))
    if not names:
        return []
    return [
        f"Confounded: {first_few(names, MOST_NAMED)} {'has' if len(names) == 1 else 'have'} no control cells. What was "
        "perturbed there is compared with controls of other cell types or times, so that any difference between these "
        "counts as its effect. Infer from cell types and times that have controls of their own."
    ]


def _named(row: dict[str, Any]) -> str:
    parts = [str(row["cell_type"])] if "cell_type" in row else []
    if "time" in row:
        parts.append("an unknown time" if row["time"] is None else f"time {row['time']:g}")
    return " at ".join(parts)
