"""`compare_networks`: what became of each edge between two networks of the store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from perturbome.ingest.comparison.edges import Agreement, agreement, by_regulator, lay_side_by_side, strongest
from perturbome.ingest.comparison.possible import Possible, possible_edges
from perturbome.ingest.comparison.sentences import about_the_caps, about_the_runs
from perturbome.ingest.comparison.sides import ALL, Group, Side, group_name, listed, matched, read_side
from perturbome.platform.errors import NothingFound

if TYPE_CHECKING:
    from perturbome.platform.lake import Run
    from perturbome.platform.store import Store

T = TypeVar("T")

RANKS = (
    "Spearman's rho is of |weight|: over the shared edges, and over the union, where an absent edge stands at the "
    "bottom; there, edges that one network alone has pull it below zero."
)


@dataclass(frozen=True)
class Compared:
    """Two networks of one cell type and time each, and how alike they are."""

    cell_type_before: str
    time_before: float | None
    cell_type_after: str
    time_after: float | None
    numbers: Agreement


@dataclass(frozen=True)
class NetworkComparison:
    """What became of each edge between the network of run `before` and that of run `after`.

    `edges`: cell_type, time (of before), source, target, their symbols, change, reason, weights, signs, places in 0..1
    by |weight| (strength) and difference, the largest first; what a run ruled out comes last.
    `regulators`: see `by_regulator`.
    """

    before: str
    after: str
    groups: list[Compared]
    edges: pl.DataFrame
    regulators: pl.DataFrame
    said: list[str]


def compare_networks(
    store: Store,
    before: str,
    after: str,
    *,
    cell_type: str | tuple[str | None, str | None] | None = None,
    time: float | tuple[float | None, float | None] | None = None,
    pooled: bool = False,
) -> NetworkComparison:
    """Compare two stored networks: edges gained, lost, sign flipped and kept, and how alike they are in numbers.

    `before` and `after` are runs of `infer regulation`, by id or the unique beginning of one; the same run twice
    compares its cell types or times. Networks are matched by cell type and time; `cell_type` and `time` choose one,
    or as a pair one of each side, which then need not agree. `pooled` takes cell types and times of a side together,
    the strongest edge of each pair of genes speaking. An edge that the other run could not have found, because a gene
    was not measured or might not regulate there, is told apart from one gained or lost.
    Raises UnknownName for a run, cell type or time that is not there, NothingFound where a run holds no regulation or
    nothing can be compared.
    """
    types, times = _pair(cell_type), _pair(time)
    runs = store.lake.run(before), store.lake.run(after)
    sides = [read_side(store.lake, runs[i], types[i], times[i]) for i in range(2)]
    (could_before, unknown_before), (could_after, unknown_after) = (possible_edges(store.lake, run) for run in runs)
    could = (could_before, could_after)
    _check_genes(runs, could)
    said = about_the_runs(*runs, could) + list(dict.fromkeys(unknown_before + unknown_after)) + about_the_caps(*runs)
    if pooled:
        said += _pooled(*sides)
        sides = [_together(side, choice) for side, choice in zip(sides, types, strict=True)]
    pairs, alone_before, alone_after = matched(
        *sides,
        same_type=not (isinstance(cell_type, tuple) or pooled),
        same_time=not (isinstance(time, tuple) or pooled),
    )
    if not pairs:
        raise NothingFound(
            f"The two networks share no cell type and time: {listed(alone_before)} before, {listed(alone_after)} "
            "after. Take each side together with pooled=True (--pooled), or name one of each side (--cell-type and "
            "--after-cell-type, --time and --after-time)."
        )
    for alone, when in ((alone_before, "before"), (alone_after, "after")):
        if alone:
            said.append(f"Only {when}, and left out: {listed(alone)}.")
    laid = [lay_side_by_side(_edges(sides[0], one), _edges(sides[1], other), could) for one, other in pairs]
    groups = [Compared(*one, *other, agreement(rows)) for (one, other), rows in zip(pairs, laid, strict=True)]
    if not pooled:
        said += [f"{group_name(one)} before, {group_name(other)} after." for one, other in pairs if one != other]
    edges = pl.concat(
        rows.with_columns(cell_type=pl.lit(one[0]), time=pl.lit(one[1], pl.Float32))
        for (one, _), rows in zip(pairs, laid, strict=True)
    )
    symbols = store.genes().select("gene", "symbol")
    return NetworkComparison(
        runs[0].id, runs[1].id, groups, _named(edges, symbols), _with_symbol(by_regulator(edges), symbols, "source"),
        [*said, RANKS],
    )  # fmt: skip


def _pair(given: T | tuple[T, T]) -> tuple[T, T]:
    """What holds for each side: the same for both, unless a pair was given."""
    return given if isinstance(given, tuple) else (given, given)


def _check_genes(runs: tuple[Run, Run], could: tuple[Possible, Possible]) -> None:
    """NothingFound where two data sets have no gene in common, as those of two organisms."""
    before, after = (side.measured for side in could)
    if before is not None and after is not None and not before & after:
        raise NothingFound(
            f"No gene is measured in both {', '.join(runs[0].datasets)} and {', '.join(runs[1].datasets)}: there is "
            "nothing to compare. Genes are matched by id; names of other organisms are not translated."
        )


def _edges(side: Side, group: Group) -> pl.DataFrame:
    """The edges of one cell type and time."""
    cell_type, time = group
    moment = pl.col("time").is_null() if time is None else pl.col("time") == pl.lit(time, pl.Float32)
    return side.edges.filter(moment & (pl.col("cell_type") == cell_type)).drop("cell_type", "time")


def _together(side: Side, cell_type: str | None) -> Side:
    """All cell types and times of a side as one network."""
    times = {time for _, time in side.groups}
    group: Group = cell_type or ALL, times.pop() if len(times) == 1 else None
    edges = strongest(side.edges).with_columns(cell_type=pl.lit(group[0]), time=pl.lit(group[1], pl.Float32))
    return replace(side, edges=edges, groups=(group,))


def _pooled(before: Side, after: Side) -> list[str]:
    """What each side takes together, said once where it is the same."""
    told = {"Before": before.groups, "After": after.groups}
    if before.groups == after.groups:
        told = {"On both sides": before.groups}
    many = " are taken together, the strongest edge of each pair of genes"
    return [f"{when}: {listed(groups)}{many * (len(groups) > 1)}." for when, groups in told.items()]


def _named(edges: pl.DataFrame, symbols: pl.DataFrame) -> pl.DataFrame:
    """Edges with the symbols of their genes, the largest difference first, those that one run ruled out last."""
    then = ["source", "target", "cell_type", "time"]
    named = _with_symbol(_with_symbol(edges, symbols, "source"), symbols, "target")
    first = [pl.col("reason").is_not_null(), pl.col("difference").round(9)]
    return named.sort(*first, *then, descending=[False, True, *[False] * 4], nulls_last=True).select(
        "cell_type", "time", "source", "target", "source_symbol", "target_symbol", "change", "reason", "weight_before",
        "weight_after", "sign_before", "sign_after", "strength_before", "strength_after", "difference",
    )  # fmt: skip


def _with_symbol(rows: pl.DataFrame, symbols: pl.DataFrame, end: str) -> pl.DataFrame:
    names = symbols.rename({"gene": end, "symbol": f"{end}_symbol"})
    joined = rows.join(names, on=end, how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce(f"{end}_symbol", end).alias(f"{end}_symbol"))
