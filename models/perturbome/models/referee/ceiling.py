"""The replicate ceiling: what a repeat of the experiment itself would score against it, metric by metric."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PREDICTION
from perturbome.models.data.table import ConditionTable
from perturbome.models.moments import Moments, group_moments
from perturbome.models.referee.compared import compared
from perturbome.models.referee.judging import scores
from perturbome.platform.errors import ModelError

Array = NDArray[np.float64]

Way = Literal["bootstrap", "halves", "moments"]
DRAWS = 20
FEWEST = 10
"""Cells of a condition from which on resampling them is a repeat: of one cell it gives that cell again."""


def replicate(
    data: PerturbationData, *, way: Way | None = None, draws: int = DRAWS, seed: int = 0, cell_scores: bool = False
) -> pl.DataFrame:
    """Scores of one replicate of the test side against another: columns condition, metric, value, way; means of draws.

    Each draw makes two replicates of every test condition, one in the part of the truth against the truth's half of
    the controls, one in that of the prediction against the prediction's half; the control halves are disjoint as they
    are, so nothing is drawn from them. Ways:

    * `bootstrap` (default where the data hold cells, `FEWEST` or more of every condition, or with `cell_scores`): 2n of
      the condition's n cells, with replacement, cut in two; as cell-eval. Both replicates have the full depth, but
      scatter around the measured mean and so share its noise, and by (n - 1)/n of its variance: above a true
      replicate.
    * `halves`: the condition's cells shuffled and cut in two: nothing is shared, but each replicate has half the depth:
      below a true replicate. Conditions of a single cell are left out.
    * `moments` (default otherwise): both means from a normal with the condition's mean and variance / n, gene by gene:
      `bootstrap` without its correlation between genes.

    With `cell_scores`, the distances between cells as well (`bootstrap` and `halves`). Draws where a value is not
    defined do not count. Raises ModelError for a way that needs cells where there are none.
    """
    has_cells = data.cells.matrix is not None
    if way is None:
        enough = data.test.n.min(initial=FEWEST) >= FEWEST
        way = "bootstrap" if has_cells and (enough or cell_scores) else "moments"
    if way != "moments" and not has_cells:
        raise ModelError(
            f"The replicate ceiling by '{way}' needs single cells, which these data do not hold. Cut them with "
            "their cells (perturbation_data(..., cells=True)), or take the way that needs none, 'moments'."
        )
    truth = data.test
    if way == "halves":
        truth = truth[truth.n > 1]
    other = data.table(truth.names, PREDICTION)
    tables = []
    for draw in range(draws):
        rng = np.random.default_rng((seed, draw))
        if way == "moments":
            first, second, cells = _by_moments(truth, rng), _by_moments(other, rng), None
        else:
            first, second, rows = _by_cells(data, truth, other, way, rng)
            cells = _cells(data, rows) if cell_scores else None
        found = compared(data, first, second.delta, error=second.error, cells=cells)
        tables.append(scores(found).with_columns(draw=pl.lit(draw)))
    return (
        pl.concat(tables)
        .group_by("condition", "metric", maintain_order=True)
        .agg(pl.col("value").drop_nans().mean().fill_null(float("nan")))
        .with_columns(way=pl.lit(way))
    )


def _by_moments(table: ConditionTable, rng: np.random.Generator) -> ConditionTable:
    """The table with means drawn around the measured ones; its errors stay."""
    mean = table.mean + rng.standard_normal(table.mean.shape) * np.sqrt(table.variance / table.n[:, None])
    return replace(table, mean=mean, delta=mean - table.control)


def _by_cells(
    data: PerturbationData, truth: ConditionTable, other: ConditionTable, way: Way, rng: np.random.Generator
) -> tuple[ConditionTable, ConditionTable, list[tuple[NDArray[np.intp], NDArray[np.intp]]]]:
    """Two replicates from single cells, and the rows of the cells that each condition drew for them."""
    parts = []
    for condition in data.rows(truth.names):
        rows = data.cells.rows(int(condition))
        if way == "bootstrap":
            drawn = rng.choice(rows, 2 * len(rows))
            parts.append((drawn[: len(rows)], drawn[len(rows) :]))
        else:
            drawn = rng.permutation(rows)
            parts.append((drawn[: len(rows) // 2], drawn[len(rows) // 2 : len(rows) // 2 * 2]))
    made = []
    for side, table in enumerate((truth, other)):
        rows = np.concatenate([part[side] for part in parts])
        group = np.repeat(np.arange(len(parts)), [len(part[side]) for part in parts])
        made.append(_measured_again(table, group_moments(data.cells.expression[rows], group, len(parts))))
    return made[0], made[1], parts


def _measured_again(table: ConditionTable, treated: Moments) -> ConditionTable:
    """The table with other cells of its conditions against the same control cells."""
    control = np.maximum(table.error**2 - table.variance / table.n[:, None], 0.0)  # the control half's share
    variance = np.where(treated.n[:, None] > 1, treated.variance, table.variance)
    return replace(
        table, mean=treated.mean, delta=treated.mean - table.control, variance=variance, n=treated.n,
        error=np.sqrt(variance / treated.n[:, None] + control),
    )  # fmt: skip


def _cells(
    data: PerturbationData, parts: list[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> dict[int, tuple[Array, Array]]:
    """Cells in the part of the prediction and of the truth, by row."""
    x = data.cells.expression
    return {
        row: (x[second].toarray().astype(np.float64), x[first].toarray().astype(np.float64))
        for row, (first, second) in enumerate(parts)
    }
