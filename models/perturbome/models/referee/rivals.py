"""Models against each other and against the best baseline, metric by metric, from their tables of scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from perturbome.models.data.condition import Condition
from perturbome.models.referee.metrics import find_metric
from perturbome.models.referee.paired import DRAWS, LEVEL, Paired, paired_bootstrap
from perturbome.platform.errors import InputError, MissingColumn

COLUMNS = ("condition", "metric", "value")
CONTENDER = 0.5
"""A baseline defined on a smaller share of the model's conditions than this is no rival in that metric."""
NEGLIGIBLE = 1e-6
"""Of the values: what is less is rounding."""
FEWEST = 6
"""Groups for a verdict: with five, all differences have one sign by chance in one of sixteen cases."""
SCHEMA = {
    "metric": pl.String, "rival": pl.String, "difference": pl.Float64, "lower": pl.Float64, "upper": pl.Float64,
    "verdict": pl.String, "conditions": pl.Int64, "groups": pl.Int64, "left_out": pl.Int64,
}  # fmt: skip


def groups_of(names: Sequence[str]) -> list[str]:
    """The unit that each condition is resampled with: its sorted targets, whatever the context, mode or dose.

    Where one set of targets is all there is, as one drug in many cell types, it is the context.
    """
    conditions = [Condition.parse(name) for name in names]
    targets = ["+".join(sorted(c.targets)) for c in conditions]
    return targets if len(set(targets)) > 1 else [c.context.name for c in conditions]


def compare(
    a: pl.DataFrame, b: pl.DataFrame, *, rival: str = "", draws: int = DRAWS, level: float = LEVEL, seed: int = 0
) -> pl.DataFrame:
    """One row per metric of two tables of scores: mean of a - b with its interval, and whether a is better.

    verdict: 'better' or 'worse' where the interval lies on one side of 0, in the direction of the metric; 'even'
    where it holds 0 or is within a millionth of the values themselves; null where there is no interval. Both tables
    must hold the same conditions. Raises InputError where they do not, MissingColumn for a table that is none of
    scores.
    """
    rows = []
    for metric, found in _paired(a, b, draws, level, seed).items():
        better = 1 if find_metric(metric).better == "higher" else -1
        size = float(b.filter(pl.col("metric") == metric)["value"].drop_nans().abs().mean() or 0.0)  # type: ignore[arg-type]
        rows.append(
            {
                "metric": metric, "rival": rival, "difference": found.difference, "lower": found.lower,
                "upper": found.upper, "verdict": _verdict(found, better, size), "conditions": found.n,
                "groups": found.n_groups, "left_out": found.left_out,
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA)


def against_best(
    model: pl.DataFrame, baselines: Mapping[str, pl.DataFrame], *, draws: int = DRAWS, level: float = LEVEL,
    seed: int = 0,
) -> pl.DataFrame:  # fmt: skip
    """The model against the baseline that is best in each metric: rows as in `compare`, with the rival's name.

    The best is the one that leaves the model least ahead, over the conditions where both are defined; one that is
    defined on less than half of the model's conditions (no change has no correlation) is no rival. It is chosen on
    the very conditions that are judged, which favours the baselines. Where none is left, rival and numbers are null.
    """
    tables = {
        name: compare(model, table, rival=name, draws=draws, level=level, seed=seed)
        for name, table in sorted(baselines.items())
    }
    rows = []
    for metric in model["metric"].unique(maintain_order=True):
        better = 1 if find_metric(metric).better == "higher" else -1
        defined = model.filter((pl.col("metric") == metric) & pl.col("value").is_not_nan()).height
        rivals = [
            row
            for table in tables.values()
            for row in table.filter(pl.col("metric") == metric).to_dicts()
            if row["conditions"] and row["conditions"] >= CONTENDER * defined
        ]
        none = {**dict.fromkeys(SCHEMA), "metric": metric}
        ahead = [better * row["difference"] for row in rivals]
        rows.append(rivals[ahead.index(min(ahead))] if rivals else none)
    return pl.DataFrame(rows, schema=SCHEMA)


def _paired(a: pl.DataFrame, b: pl.DataFrame, draws: int, level: float, seed: int) -> dict[str, Paired]:
    """The bootstrap of every metric that both tables hold."""
    for table in (a, b):
        for column in COLUMNS:
            if column not in table.columns:
                raise MissingColumn(column, "a table of scores", table.columns, "Hand in what judge() returns.")
    if set(a["condition"]) != set(b["condition"]):
        only = sorted(set(a["condition"]) ^ set(b["condition"]))
        raise InputError(
            f"The two tables of scores are of other conditions: '{only[0]}' and {len(only) - 1} more are in one only. "
            "Judge both models on the same conditions."
        )
    both = a.select(COLUMNS).join(
        b.select("condition", "metric", other="value"), on=["condition", "metric"], how="inner", maintain_order="left"
    )
    found = {}
    for (metric,), part in both.group_by("metric", maintain_order=True):
        first, second = part["value"].to_numpy(), part["other"].to_numpy()
        groups = groups_of(part["condition"].to_list())
        found[str(metric)] = paired_bootstrap(first, second, groups, draws=draws, level=level, seed=seed)
    return found


def _verdict(found: Paired, better: int, size: float) -> str | None:
    if found.n_groups < FEWEST:
        return None
    if max(abs(found.lower), abs(found.upper)) <= NEGLIGIBLE * size:
        return "even"
    if found.lower > 0 or found.upper < 0:
        return "better" if better * found.difference > 0 else "worse"
    return "even"
