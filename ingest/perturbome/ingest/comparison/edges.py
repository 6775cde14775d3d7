"""Two networks laid side by side: every edge of either, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.comparison import measures
from perturbome.ingest.comparison.possible import Possible

KEPT, FLIPPED, GAINED, LOST = "kept", "sign flipped", "gained", "lost"
ONLY_BEFORE, ONLY_AFTER = "only possible before", "only possible after"
CHANGES = (KEPT, FLIPPED, GAINED, LOST, ONLY_BEFORE, ONLY_AFTER)
TOPS = (100, 1000)


@dataclass(frozen=True)
class Agreement:
    """How alike two networks are. Only edges that both could have found are compared, unless a name says otherwise."""

    edges_before: int  # all edges of the network, comparable or not
    edges_after: int
    kept: int
    flipped: int
    gained: int
    lost: int
    only_possible_before: int  # edges before that could not exist after, whatever the regulation
    only_possible_after: int
    jaccard: float
    jaccard_by_degree: float  # what it would be by the numbers of targets and regulators alone
    same_sign: float  # share of shared edges with the same sign, where both are known
    spearman_union: float  # of |weight| over edges in either; absent ones at the bottom
    spearman_shared: float  # of |weight| over edges in both
    top_100: float  # share of the strongest 100 found among the other's strongest 100
    top_1000: float


def lay_side_by_side(before: pl.DataFrame, after: pl.DataFrame, could: tuple[Possible, Possible]) -> pl.DataFrame:
    """Every edge of two networks, in order of gene ids, with what became of it.

    Both have source, target, weight, sign; of several edges between the same genes the strongest speaks. Adds change
    (one of `CHANGES`), reason (why an edge of one network could not be in the other), strength_before, strength_after
    and difference (see `measures`). An edge is gained or lost only if the other network could have held it.
    """
    left, right = (
        strongest(edges).rename({"weight": f"weight_{side}", "sign": f"sign_{side}"})
        for edges, side in ((before, "before"), (after, "after"))
    )
    rows = left.join(right, on=["source", "target"], how="full", coalesce=True).sort("source", "target")
    reasons = [side.reasons(rows, when) for side, when in zip(could, _WHEN, strict=True)]
    had, has = pl.col("weight_before").is_not_null(), pl.col("weight_after").is_not_null()
    signs = pl.col("sign_before").cast(pl.Int16) * pl.col("sign_after")
    rows = rows.with_columns(
        pl.when(had & ~has).then(reasons[1]).when(has & ~had).then(reasons[0]).alias("reason")
    ).with_columns(
        pl.when(had & has & (signs < 0)).then(pl.lit(FLIPPED))
        .when(had & has).then(pl.lit(KEPT))
        .when(has).then(pl.when(pl.col("reason").is_null()).then(pl.lit(GAINED)).otherwise(pl.lit(ONLY_AFTER)))
        .otherwise(pl.when(pl.col("reason").is_null()).then(pl.lit(LOST)).otherwise(pl.lit(ONLY_BEFORE)))
        .alias("change")
    )  # fmt: skip
    place_before, place_after = (measures.strength_rank(_floats(rows, f"weight_{when}")) for when in _WHEN)
    sign_before, sign_after = (rows[f"sign_{when}"].fill_null(0).to_numpy() for when in _WHEN)
    return rows.with_columns(
        strength_before=place_before,
        strength_after=place_after,
        difference=measures.difference(place_before, place_after, sign_before, sign_after),
    )


def agreement(rows: pl.DataFrame) -> Agreement:
    """The numbers of a comparison laid side by side."""
    counts = dict(rows.group_by("change").len().iter_rows())
    kept, flipped, gained, lost = (counts.get(change, 0) for change in (KEPT, FLIPPED, GAINED, LOST))
    fair = rows.filter(~pl.col("change").is_in([ONLY_BEFORE, ONLY_AFTER]))
    before, after = (np.abs(np.nan_to_num(_floats(fair, f"weight_{when}"))) for when in _WHEN)
    had, has = (fair[f"weight_{when}"].is_not_null().to_numpy() for when in _WHEN)
    both = had & has
    source, target = (fair[end].rank("dense").to_numpy().astype(np.int64) - 1 for end in ("source", "target"))
    n_before, n_after, n_shared = int(had.sum()), int(has.sum()), int(both.sum())
    by_degree = min(measures.shared_by_degree(source, target, had, has), n_before, n_after)
    signs = (fair[f"sign_{when}"].fill_null(0).to_numpy()[both] for when in _WHEN)
    return Agreement(
        edges_before=rows["weight_before"].count(),
        edges_after=rows["weight_after"].count(),
        kept=kept,
        flipped=flipped,
        gained=gained,
        lost=lost,
        only_possible_before=counts.get(ONLY_BEFORE, 0),
        only_possible_after=counts.get(ONLY_AFTER, 0),
        jaccard=measures.jaccard(n_shared, n_before, n_after),
        jaccard_by_degree=measures.jaccard(by_degree, n_before, n_after),
        same_sign=measures.same_sign(*signs),
        spearman_union=measures.rank_correlation(before, after),
        spearman_shared=measures.rank_correlation(before[both], after[both]),
        top_100=measures.top_overlap(before, after, TOPS[0]),
        top_1000=measures.top_overlap(before, after, TOPS[1]),
    )


def by_regulator(rows: pl.DataFrame) -> pl.DataFrame:
    """Targets of each regulator before and after, over the edges that both networks could have found.

    source, targets_before, targets_after, difference (after - before), gained, lost, flipped, kept, jaccard (of its
    targets); the regulator with most targets gained, lost and flipped comes first.
    """
    counts = {"gained": GAINED, "lost": LOST, "flipped": FLIPPED, "kept": KEPT}
    changed = pl.col("gained") + pl.col("lost") + pl.col("flipped")
    shared = pl.col("kept") + pl.col("flipped")
    return (
        rows.filter(~pl.col("change").is_in([ONLY_BEFORE, ONLY_AFTER]))
        .group_by("source")
        .agg((pl.col("change") == change).sum().cast(pl.Int64).alias(name) for name, change in counts.items())
        .with_columns(
            targets_before=shared + pl.col("lost"),
            targets_after=shared + pl.col("gained"),
            jaccard=shared / (shared + pl.col("gained") + pl.col("lost")),
        )
        .with_columns(difference=pl.col("targets_after") - pl.col("targets_before"))
        .sort(changed, pl.col("difference").abs(), "source", descending=[True, True, False])
        .select("source", "targets_before", "targets_after", "difference", *counts, "jaccard")
    )


def strongest(edges: pl.DataFrame) -> pl.DataFrame:
    """One edge per source and target: that of the largest |weight|, of equal ones the activating one."""
    return (
        edges.sort(pl.col("weight").abs(), "weight", descending=True)
        .group_by("source", "target", maintain_order=True)
        .agg(pl.col("weight", "sign").first())
    )


_WHEN = ("before", "after")


def _floats(rows: pl.DataFrame, column: str) -> NDArray[np.float64]:
    """A column as floats, null as NaN."""
    return rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
