"""Every metric as a record: to add one, write its function over arrays and name it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perturbome.models.referee import cell_scores, gene_scores
from perturbome.models.referee.compared import Compared
from perturbome.models.referee.discrimination import discrimination, prediction_rank
from perturbome.platform.errors import UnknownName

Array = NDArray[np.float64]

Need = Literal["means", "training", "others", "errors", "intervals", "cells"]
"""Means of prediction and truth; training conditions; two conditions in a context; standard errors; predicted
intervals; predicted cells."""

TOP, TOP_CONTROL = 20, 1000

AHLMANN = "Ahlmann-Eltze et al. 2025, Nature Methods"
SYSTEMA = "Vinas Torne et al. 2025, Nature Biotechnology (Systema)"
GEARS = "Roohani et al. 2023, Nature Biotechnology (GEARS)"
PERTURBENCH = "Wu et al. 2024 (PerturBench)"
CELL_EVAL = "Arc Institute 2025 (cell-eval)"


@dataclass(frozen=True)
class Metric:
    """A metric's name, one line for the screen, which way is better, what a perfect prediction has, needs, source."""

    name: str
    meaning: str
    better: Literal["higher", "lower"]
    perfect: float | None  # None where being right does not fix the value
    needs: tuple[Need, ...]
    source: str
    score: Callable[[Compared], Array]  # [n]; NaN where it is not defined


METRICS: dict[str, Metric] = {
    m.name: m
    for m in (
        Metric(
            "Pearson-delta", "correlation over genes of predicted and true change against control", "higher", 1.0,
            ("means",), GEARS, lambda c: gene_scores.correlation(c.delta, c.truth.delta, ~c.own, c.size),
        ),
        Metric(
            "Pearson-delta, top 20", "the same over the 20 genes that truly change most", "higher", 1.0,
            ("means",), GEARS, lambda c: gene_scores.correlation(c.delta, c.truth.delta, _changed(c), c.size),
        ),
        Metric(
            "centred Pearson", "correlation over genes beyond what training perturbations do on average", "higher", 1.0,
            ("means", "training"), SYSTEMA, lambda c: gene_scores.correlation(*c.centred, ~c.own, c.size),
        ),
        Metric(
            "centred Pearson, top 20", "the same over the 20 genes that truly change most", "higher", 1.0,
            ("means", "training"), SYSTEMA, lambda c: gene_scores.correlation(*c.centred, _changed(c), c.size),
        ),
        Metric(
            "cosine", "cosine over genes of predicted and true change", "higher", 1.0,
            ("means",), PERTURBENCH, lambda c: gene_scores.cosine(c.delta, c.truth.delta, ~c.own, c.size),
        ),
        Metric(
            "RMSE", "root mean squared error of the mean profile", "lower", 0.0,
            ("means",), PERTURBENCH,
            lambda c: gene_scores.root_mean_squared_error(c.mean, c.truth.mean, ~c.own),
        ),
        Metric(
            "MAE", "mean absolute error of the mean profile", "lower", 0.0,
            ("means",), CELL_EVAL, lambda c: gene_scores.mean_absolute_error(c.mean, c.truth.mean, ~c.own),
        ),
        Metric(
            "MSE", "mean squared error of the mean profile", "lower", 0.0,
            ("means",), CELL_EVAL, lambda c: gene_scores.mean_squared_error(c.mean, c.truth.mean, ~c.own),
        ),
        Metric(
            "L2, top 1000", "distance of the mean profiles over the 1,000 genes most expressed in control", "lower",
            0.0, ("means",), AHLMANN, lambda c: gene_scores.euclidean_distance(c.mean, c.truth.mean, _expressed(c)),
        ),
        Metric(
            "MSE, top 20 DE", "mean squared error over the 20 genes whose change is surest", "lower", 0.0,
            ("means", "errors"), GEARS,
            lambda c: gene_scores.mean_squared_error(c.mean, c.truth.mean, _surest(c)),
        ),
        Metric(
            "noise-corrected error", "squared error over squared effect, both without sampling noise; 1: no change",
            "lower", 0.0, ("means", "errors"), "Arc Institute 2026 (cell-eval2, expr_mse_unbiased_capped_norm)",
            lambda c: gene_scores.noise_corrected_error(
                c.delta, c.truth.delta, c.truth.error, ~c.own, c.context, c.error
            ),
        ),
        Metric(
            "RMSE rank", "share of the other predictions that are nearer to the true profile", "lower", 0.0,
            ("means", "others"), PERTURBENCH,
            lambda c: prediction_rank(c.mean, c.truth.mean, c.own, c.context, "L2"),
        ),
        Metric(
            "cosine rank", "share of the other predictions whose change points more as the true one", "lower", 0.0,
            ("means", "others"), PERTURBENCH,
            lambda c: prediction_rank(c.delta, c.truth.delta, c.own, c.context, "cosine"),
        ),
        Metric(
            "centroid accuracy", "share of the other perturbations whose true profile is farther", "higher", 1.0,
            ("means", "others"), SYSTEMA,
            lambda c: discrimination(c.mean, c.truth.mean, c.own, c.context, "L2"),
        ),
        Metric(
            "PDS", "share of the other perturbations whose true change is farther, by absolute differences", "higher",
            1.0, ("means", "others"), CELL_EVAL,
            lambda c: discrimination(c.delta, c.truth.delta, c.own, c.context, "L1"),
        ),
        Metric(
            "PDS cosine", "share of the other perturbations whose true change points elsewhere", "higher", 1.0,
            ("means", "others"), CELL_EVAL,
            lambda c: discrimination(c.delta, c.truth.delta, c.own, c.context, "cosine"),
        ),
        Metric(
            "coverage", "share of genes whose true change lies in the predicted interval", "higher", None,
            ("intervals",), "Lei et al. 2018",
            lambda c: gene_scores.coverage(c.lower, c.upper, c.truth.delta, ~c.own),  # type: ignore[arg-type]
        ),
        Metric(
            "interval width", "mean width of the predicted interval over genes", "lower", None,
            ("intervals",), "Lei et al. 2018",
            lambda c: gene_scores.interval_width(c.lower, c.upper, ~c.own),  # type: ignore[arg-type]
        ),
        Metric(
            "energy distance", "squared energy distance of predicted and measured cells, unbiased", "lower", 0.0,
            ("cells",), "Szekely and Rizzo 2013", lambda c: _over_cells(c, cell_scores.energy_distance),
        ),
        Metric(
            "MMD", "squared maximum mean discrepancy of predicted and measured cells, unbiased", "lower", 0.0,
            ("cells",), "Gretton et al. 2012, eq. 3", lambda c: _over_cells(c, cell_scores.mean_discrepancy),
        ),
        Metric(
            "SD misfit", "median over genes of |log2(SD of predicted cells / SD of measured cells)|", "lower", 0.0,
            ("cells",), CELL_EVAL, lambda c: _over_cells(c, cell_scores.spread_misfit),
        ),
    )
}  # fmt: skip


def metrics(without: tuple[Need, ...] = ()) -> list[Metric]:
    """The metrics there are, but for those that need what is not there."""
    return [m for m in METRICS.values() if not set(m.needs) & set(without)]


def find_metric(name: str) -> Metric:
    """The metric of that name; UnknownName lists them all."""
    if name not in METRICS:
        raise UnknownName("metric", name, "the registry", list(METRICS))
    return METRICS[name]


def _changed(c: Compared) -> NDArray[np.bool_]:
    """The 20 genes of largest true change; own targets are not among them."""
    return gene_scores.largest_genes(np.abs(c.truth.delta), ~c.own, TOP)


def _surest(c: Compared) -> NDArray[np.bool_]:
    """The 20 genes of largest true change in units of its standard error; own targets are not among them."""
    error = c.truth.error
    t = np.divide(np.abs(c.truth.delta), error, out=np.zeros(error.shape), where=error > 0)
    return gene_scores.largest_genes(t, ~c.own, TOP)


def _expressed(c: Compared) -> NDArray[np.bool_]:
    """The 1,000 genes most expressed in the truth's control half, then without own targets."""
    every = np.ones(c.delta.shape, dtype=bool)
    return gene_scores.largest_genes(c.truth.control, every, TOP_CONTROL) & ~c.own


def _over_cells(c: Compared, score: Callable[[Array, Array], float]) -> Array:
    """A score of two sets of cells for every condition that has them, own targets left out."""
    found = np.full(len(c.delta), np.nan)
    for row, (predicted, measured) in (c.cells or {}).items():
        genes = ~c.own[row]
        found[row] = score(predicted[:, genes], measured[:, genes])
    return found
