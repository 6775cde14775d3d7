"""The two networks to compare: their runs, their cell types and times, and which of these belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from perturbome.platform.errors import NothingFound, UnknownName
from perturbome.platform.lake import Lake, Run
from perturbome.platform.words import first_few

Group = tuple[str, float | None]
"""A cell type and a time."""

ALL = "all"


@dataclass(frozen=True)
class Side:
    """One of the two networks: its run, and its edges by cell type and time."""

    run: Run
    edges: pl.DataFrame  # cell_type, time, source, target, weight, sign
    groups: tuple[Group, ...]


def read_side(lake: Lake, run: Run, cell_type: str | None, time: float | None) -> Side:
    """The network of a run, of one cell type or time where one is named.

    Cell types and times in which no edge was found belong to it, as the run tells them.
    Raises NothingFound where the run holds no regulation, UnknownName for a cell type or time it does not have.
    """
    if run.status != "complete" or not _is_network(lake, run):
        held = [r for r in lake.runs("infer") if _is_network(lake, r)]
        listing = "; ".join(f"{r.id} ({r.name})" for r in held[-6:]) or "none"
        state = "" if run.status == "complete" else f", which is {run.status},"
        raise NothingFound(
            f"Run {run.id} ({run.name or run.kind}){state} holds no regulation. Runs that do: {listing}. "
            "A network is made by: perturbome infer regulation DATASET"
        )
    edges = (
        lake.scan("regulation", [run.id])
        .select(pl.col("cell_type").fill_null(ALL), "time", "source", "target", "weight", "sign")
        .collect()
    )
    groups = set(edges.select("cell_type", "time").unique().iter_rows()) | _looked_at(run)
    if cell_type is not None:
        known = sorted({name for name, _ in groups})
        if cell_type not in known:
            raise UnknownName("cell type", cell_type, f"the network of run {run.id}", known)
        groups = {group for group in groups if group[0] == cell_type}
    if time is not None:
        times = sorted({t for _, t in groups if t is not None})
        near = {t for t in times if abs(t - time) <= 1e-6 * (1 + abs(time))}
        if not near:
            of = "" if cell_type is None else f", of cell type '{cell_type}'"
            raise UnknownName("time", f"{time:g}", f"the network of run {run.id}{of}", [f"{t:g}" for t in times])
        groups = {group for group in groups if group[1] in near}
    wanted = pl.DataFrame(list(groups), {"cell_type": pl.String, "time": pl.Float32}, orient="row")
    edges = edges.join(wanted, on=["cell_type", "time"], how="semi", nulls_equal=True, maintain_order="left")
    return Side(run, edges, tuple(sorted(groups, key=lambda group: (group[0], group[1] is None, group[1] or 0.0))))


def _is_network(lake: Lake, run: Run) -> bool:
    """Whether the run inferred regulation; it may have found no edge."""
    return lake.has("regulation", [run.id]) or (run.kind == "infer" and "max_edges" in run.configuration)


def _looked_at(run: Run) -> set[Group]:
    """Cell types and times the run says it looked at, with edges or without; times as the table keeps them."""
    told = [group for group in run.metrics.get("groups") or [] if "cell_type" in group]
    return {
        (group["cell_type"] or ALL, None if group["time"] is None else float(np.float32(group["time"])))
        for group in told
    }


def matched(
    before: Side, after: Side, *, same_type: bool, same_time: bool
) -> tuple[list[tuple[Group, Group]], list[Group], list[Group]]:
    """Groups that belong together by cell type and time, and those of either side that have no partner.

    What was named for each side (not `same_type`, not `same_time`) need not agree.
    """

    def key(group: Group) -> tuple[str | None, float | None]:
        return group[0] if same_type else None, group[1] if same_time else None

    partner = {key(group): group for group in after.groups}
    pairs = [(group, partner[key(group)]) for group in before.groups if key(group) in partner]
    taken = {key(group) for group, _ in pairs}
    alone_before, alone_after = ([g for g in side.groups if key(g) not in taken] for side in (before, after))
    return pairs, alone_before, alone_after


def group_name(group: Group) -> str:
    """As in 'B cells at 24', 'all cells', 'all cells at 24'."""
    cell_type, time = group
    name = "all cells" if cell_type == ALL else cell_type
    return name if time is None else f"{name} at {time:g}"


def listed(groups: Sequence[Group], most: int = 6) -> str:
    """The first few groups by name, and how many more."""
    return first_few([group_name(group) for group in groups], most)
