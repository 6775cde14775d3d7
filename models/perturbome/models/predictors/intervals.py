"""Intervals on any predictor, calibrated on training conditions it had not seen, and the coverage they had there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from perturbome.models.conformal import SIGNIFICANT, Calibration, calibrate, coverages
from perturbome.models.contracts import FitReport
from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.predictors.contract import Predicted, Predictor
from perturbome.models.predictors.control_noise import added, control_weights, freed, shortfall
from perturbome.models.predictors.cross_fit import OutOfFold, cross_fit
from perturbome.models.predictors.features import Features
from perturbome.platform.errors import InputError

Array = NDArray[np.float64]

LEVEL = 0.9
FEWEST_UNITS = 5
"""Fewer sets of targets cannot calibrate an interval and measure its coverage on others."""


@dataclass(frozen=True)
class Intervals:
    """Half-widths around a prediction; they cover a measured change, with the noise of both its sides.

    Conformal half-widths `alike` from residuals freed of the noise of control means (see `freed`), for a condition
    with cells like the training conditions'. With z the normal quantile of the level, v the variance of a cell
    [n_genes], m the control cells of a quarter, and n cells in the condition (default: 1/n is their mean of 1/n),

        half² = max(alike² + z² v (1/n - mean 1/n), z² v/n) + z² k v/m + z² missing

    for a prediction that subtracts its control mean k times: noise adds in squares, whatever errors it is added to.
    `missing` [n_genes] is how far the control noise that all left-out conditions shared, one draw of it, fell short of
    its variance (see `shortfall`): the judge's controls are another draw.
    """

    alike: Calibration
    cell: Array
    quarter: float
    inverse: float  # mean of 1/cells
    level: float
    missing: Array

    def half(self, delta: Array, weight: Array, cells: Array | None = None) -> Array:
        """Half-widths [n, n_genes] around delta; weight [n] as `control_weights`, cells [n] where they are known."""
        z2 = special.ndtri((1 + self.level) / 2) ** 2
        square = self.alike.half(delta, np.zeros_like(delta)) ** 2
        if cells is not None:
            noise = self.cell / np.asarray(cells, dtype=np.float64)[:, None]
            square = np.maximum(square + z2 * (noise - self.cell * self.inverse), z2 * noise)
        half: Array = np.sqrt(square + z2 * (added(weight, self.cell, self.quarter) + self.missing))
        return half


def fit_intervals(
    oof: OutOfFold, delta: Array, weight: Array, level: float = LEVEL
) -> tuple[Intervals | None, dict[str, float], tuple[str, ...]]:
    """Calibrate on left-out conditions predicted as `delta` [n, n_genes]; the intervals, their coverage, sentences.

    weight [n]: as `control_weights`. Coverage is of each fold by intervals calibrated on the other folds, control
    noise left out on both sides, as all folds share it: `coverage` of all genes, `coverage_top` of the largest
    predicted changes, `coverage_changed` of genes measured to change. No intervals below five sets of targets.
    """
    if not 0 < level < 1:
        raise InputError(f"The level of intervals lies between 0 and 1, as 0.9; it was {level:g}.")
    if oof.n_units < FEWEST_UNITS:
        return None, {}, (f"No intervals: {oof.n_units} sets of targets cannot calibrate them, {FEWEST_UNITS} can.",)
    own = oof.table.own()
    residual = freed(oof.table.delta - delta, oof.table.control, oof.start, weight)
    found = _calibrated(oof, residual, delta, own, level)
    if found is None:
        return None, {}, ("No intervals: the left-out conditions are too few to calibrate them.",)
    inside, known = np.zeros_like(own), np.zeros_like(own)
    for left in np.unique(oof.fold):
        out = oof.fold == left
        others = ~out & ~np.isin(oof.unit, oof.unit[out])
        if len(np.unique(oof.unit[others])) < FEWEST_UNITS:  # folds of contexts hold the same perturbations
            others = ~out
        rest = _calibrated(oof, residual, delta, own, level, others)
        if rest is None:
            continue
        inside[out] = np.abs(residual[out]) <= rest.half(delta[out], np.zeros(int(out.sum())))
        known[out] = True
    context = np.unique([c.context.name for c in oof.table.conditions], return_inverse=True)[1]
    found = replace(found, missing=shortfall(np.where(own, 0, residual), context, weight, found.cell, found.quarter))
    numbers: dict[str, float] = {"interval level": level, "interval cells": 1 / found.inverse}
    if known.any():
        rows = known[:, 0]
        changed = np.abs(oof.table.delta) > SIGNIFICANT * oof.table.error
        numbers |= coverages(inside[rows], own[rows], delta[rows], changed[rows])
    said = (
        f"Intervals cover a measured change, noise included, in {level:.0%} of cases, for conditions with cells like "
        f"the training's (harmonic mean {1 / found.inverse:.0f}) and controls as here; say how many cells there were "
        "to have them fit that number.",
    )
    return found, numbers, said


def _calibrated(
    oof: OutOfFold, residual: Array, delta: Array, own: NDArray[np.bool_], level: float,
    rows: NDArray[np.bool_] | None = None,
) -> Intervals | None:  # fmt: skip
    at = np.ones(len(oof), dtype=bool) if rows is None else rows
    residual, delta, own, n = residual[at], delta[at], own[at], oof.table.n[at]
    if not at.any():
        return None
    cell = np.average(oof.table.variance[at], axis=0, weights=n)
    found = calibrate(residual, np.zeros_like(residual), own, level, predicted=delta)
    if found is None:
        return None
    quarter = float(1 / np.mean(1 / oof.table.n_control[at]))
    return Intervals(found, cell, quarter, float(np.mean(1 / n)), level, np.zeros_like(cell))


def with_intervals(
    predicted: Predicted, intervals: Intervals | None, weight: Array, cells: Sequence[float] | None
) -> Predicted:
    """The prediction with its interval, where there is one; weight as `control_weights`.

    InputError where cells are not one number for each condition.
    """
    if cells is not None and (len(cells) != len(predicted.conditions) or min(cells, default=1) < 1):
        raise InputError(
            f"{len(cells)} numbers of cells were given for {len(predicted.conditions)} conditions. Give one of 1 or "
            "more for each, or none."
        )
    if intervals is None:
        return predicted
    n = None if cells is None else np.asarray(cells, dtype=np.float64)
    half = intervals.half(predicted.delta, weight, n)
    return replace(predicted, lower=predicted.delta - half, upper=predicted.delta + half)


@dataclass
class Calibrated:
    """Any predictor with conformal intervals around what it says. Lei et al. 2018; Vovk et al. 2003."""

    predictor: Predictor
    level: float = LEVEL

    def __post_init__(self) -> None:
        self.name = self.predictor.name
        self._intervals: Intervals | None = None

    def fit(self, data: PerturbationData, features: Features | None = None, seed: int = 0) -> FitReport:
        """Fit without each inner fold, to calibrate, then to all training conditions."""
        fresh: Callable[[], Predictor] = lambda: deepcopy(self.predictor)  # noqa: E731
        oof = cross_fit({self.name: fresh}, data, features, seed)
        report = self.predictor.fit(data, features, seed)
        if oof is None or self.name not in oof.delta:
            why = ("The training conditions cannot be left out in turn.",) if oof is None else oof.said
            self._intervals, numbers, said = None, {}, (*why, "No intervals.")
        else:
            weight = control_weights(oof.how[self.name], oof.table.conditions)
            found = fit_intervals(oof, oof.delta[self.name], weight, self.level)
            self._intervals, numbers, said = found[0], found[1], (*oof.said, *found[2])
        return replace(report, numbers={**report.numbers, **numbers}, said=(*report.said, *said))

    def predict(self, conditions: Sequence[Condition], cells: Sequence[float] | None = None) -> Predicted:
        """The prediction with its interval; `cells` of each condition, where they are known."""
        found = self.predictor.predict(conditions)
        return with_intervals(found, self._intervals, control_weights(found.how, conditions), cells)
