"""The Virtual Cell Challenge's score of every model of a benchmark, relative to that benchmark's own baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping

import polars as pl

from perturbome.models.referee.challenge_score import BASELINE, METRIC, Members, challenge_score

SCORE = "VCC score"
MEANING = (
    f"{SCORE}: the score of the Virtual Cell Challenge 2025, 100 x the mean of max(0, (DES - b) / (1 - b)), "
    f"max(0, (PDS - b) / (1 - b)) and max(0, 1 - MAE / b), with b that of '{BASELINE}' in this very benchmark, not the "
    "challenge's own baseline, so that scores of other data are not comparable (higher is better, 0 no better than b)"
)
READING = (
    "DES, PDS and MAE are cell-eval2's, of cells made by shifting control cells by the predicted change: the overlap "
    "of differentially expressed genes, the share of other perturbations that are farther, and the error of the mean; "
    "own targets count in DES and MAE, as they did there. "
    "A member below the baseline's counts as much as one that is even, so that it can be given up for the two others; "
    "therefore all three stand here as they are."
)


def challenge_scores(tables: Mapping[str, pl.DataFrame], board: pl.DataFrame) -> dict[str, float]:
    """The score of every model that has one.

    tables: each model's condition, metric, value; board: a row per model, a column per metric, its mean. None for a
    model whose members are not all on the board, or are not defined for the very conditions of the baseline.
    """
    if set(METRIC.values()) - set(board.columns) or BASELINE not in tables:
        return {}
    rows = {row["model"]: row for row in board.iter_rows(named=True)}
    baseline = _defined(tables[BASELINE])
    found = {
        model: challenge_score(_members(rows[model]), _members(rows[BASELINE]))
        for model, table in tables.items()
        if _defined(table) == baseline
    }
    return {model: score for model, score in found.items() if not math.isnan(score)}


def challenge_grid(board: pl.DataFrame) -> pl.DataFrame:
    """Score and members of every model that has a member, best first: model, VCC score, DES, PDS, MAE."""
    there = {field: name for field, name in METRIC.items() if name in board.columns}
    score = [SCORE] if SCORE in board.columns else []
    if not there:
        return board.select("model").clear()
    rows = board.select("model", *score, *(pl.col(name).alias(field.upper()) for field, name in there.items()))
    rows = rows.filter(pl.any_horizontal(pl.col(field.upper()).is_not_null() for field in there))
    return rows.sort(SCORE, descending=True, nulls_last=True, maintain_order=True) if score else rows


def why_no_score(board: pl.DataFrame) -> str:
    """Why no model has a score, though cell-eval2 was asked."""
    gone = [field.upper() for field, name in METRIC.items() if name not in board.columns]
    if BASELINE not in board["model"].to_list():
        return f"No {SCORE}: it is relative to '{BASELINE}', which is not among the models. Add it with --model."
    if gone:
        hint = " PDS needs two conditions of a context tested together, as in '5-fold'." if gone == ["PDS"] else ""
        return f"No {SCORE}: {' and '.join(gone)} is not defined for half of the conditions.{hint}"
    return f"No {SCORE}: '{BASELINE}' has not all of DES, PDS and MAE, or is perfect in one of them."


def _members(row: Mapping[str, float | None]) -> Members:
    return Members(*(float("nan") if (v := row[METRIC[field]]) is None else v for field in Members._fields))


def _defined(table: pl.DataFrame) -> set[tuple[str, str]]:
    """Which conditions have which member."""
    known = table.filter(pl.col("metric").is_in(list(METRIC.values())) & pl.col("value").is_not_nan())
    return set(known.select("condition", "metric").iter_rows())
