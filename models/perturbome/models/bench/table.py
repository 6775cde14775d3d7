"""The leaderboard of one benchmark: every model's mean of every metric, and its distance from the best baseline."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from perturbome.models.bench.bench import Benchmark
from perturbome.models.bench.challenge import SCORE, challenge_scores
from perturbome.models.bench.plan import CEILING, is_baseline
from perturbome.models.referee.metrics import METRICS
from perturbome.models.referee.rivals import CONTENDER, against_best, compare

SHOWN = ("centred Pearson", "Pearson-delta", "RMSE", "noise-corrected error", "PDS cosine", "coverage")
ON_SCREEN = ("centred Pearson", "Pearson-delta", "RMSE", "coverage")
"""As many as a terminal of eighty columns shows without breaking a model's name."""
JUDGED = ("centred Pearson", "RMSE")


def by_condition(scores: pl.DataFrame, model: str) -> pl.DataFrame:
    """One model's scores, mean over splits and seeds: condition, metric, value (NaN where never defined)."""
    return (
        scores.filter(model=model)
        .group_by("condition", "metric", maintain_order=True)
        .agg(pl.col("value").drop_nans().mean().fill_null(float("nan")))
    )


def means(scores: pl.DataFrame, models: Sequence[str]) -> pl.DataFrame:
    """Mean over conditions of every metric: a row per model, a column per metric.

    Null where a metric is defined for less than half of the conditions: the mean of a few is no one's rival.
    """
    rows = []
    for model in models:
        each = by_condition(scores, model)
        known = pl.col("value").is_not_nan()
        enough = each.filter(known.mean().over("metric") >= CONTENDER).filter(known)
        found = dict(enough.group_by("metric").agg(pl.col("value").mean()).iter_rows())
        rows.append({"model": model, **found})
    names = list(dict.fromkeys([*METRICS, *scores["metric"].unique(maintain_order=True)]))
    present = [name for name in names if any(name in row for row in rows)]
    schema = {"model": pl.String, **dict.fromkeys(present, pl.Float64)}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def leaderboard(found: Benchmark) -> pl.DataFrame:
    """The models, best centred Pearson first, the replicate on top; seconds are the mean of a fit and prediction.

    With the score of the Virtual Cell Challenge where cell-eval2 gave its members and its baseline was judged.
    """
    table = means(found.scores, [CEILING, *found.models])
    scores = challenge_scores({model: by_condition(found.scores, model) for model in found.models}, table)
    if scores:
        own = pl.col("model").replace_strict({**scores}, default=None, return_dtype=pl.Float64)
        table = table.with_columns(own.alias(SCORE))
    spent: dict[str, list[float]] = {}
    for cell, outcome in found.cells:
        spent.setdefault(cell.model, []).append(outcome.seconds)
    seconds = {model: sum(s) / len(s) for model, s in spent.items()}
    first = pl.col("model") != CEILING
    ranked = table.with_columns(
        seconds=pl.col("model").replace_strict({**seconds}, default=None, return_dtype=pl.Float64)
    )
    by = SHOWN[0] if SHOWN[0] in ranked.columns else ranked.columns[-1]
    return ranked.sort(first, pl.col(by), descending=[False, True], nulls_last=[False, True])


def verdicts(found: Benchmark, seed: int = 0) -> pl.DataFrame:
    """Every model that is no baseline against the baseline that is best in each metric, with paired intervals."""
    tables = {model: by_condition(found.scores, model) for model in found.models}
    tables = {model: table for model, table in tables.items() if table.height}
    baselines = {model: table for model, table in tables.items() if is_baseline(model)}
    rows = []
    for model, table in tables.items():
        judged = set(table["condition"])
        rivals = {name: rival for name, rival in baselines.items() if set(rival["condition"]) == judged}
        if not is_baseline(model) and rivals:
            known = table.filter(pl.col("metric").is_in(list(METRICS)))
            rows.append(against_best(known, rivals, seed=seed).select(pl.lit(model).alias("model"), pl.all()))
    return pl.concat(rows) if rows else pl.DataFrame()


def against_each(found: Benchmark, model: str, metrics: Sequence[str] = JUDGED, seed: int = 0) -> pl.DataFrame:
    """One model against every baseline in turn, in the metrics that a leaderboard is judged by."""
    mine = by_condition(found.scores, model).filter(pl.col("metric").is_in(list(metrics)))
    rows = []
    for name in filter(is_baseline, found.models):
        other = by_condition(found.scores, name).filter(pl.col("metric").is_in(list(metrics)))
        if mine.height and set(other["condition"]) == set(mine["condition"]):
            rows.append(compare(mine, other, rival=name, seed=seed))
    return pl.concat(rows) if rows else pl.DataFrame()
