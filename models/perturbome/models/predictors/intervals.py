"""Intervals on any predictor, calibrated on training conditions it had not seen, and the coverage they had there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perturbome.models.conformal import SIGNIFICANT, Calibration, calibrate, coverages
from perturbome.models.contracts import FitReport
from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.predictors.contract import Predicted, Predictor
from perturbome.models.predictors.cross_fit import OutOfFold, cross_fit
from perturbome.models.predictors.features import Features
from perturbome.models.predictors.training_rows import NO_CHANGE
from perturbome.platform.errors import InputError

Array = NDArray[np.float64]

LEVEL = 0.9
FEWEST_UNITS = 5
"""Fewer sets of targets cannot calibrate an interval and measure its coverage on others."""
SMALLEST = 1e-12


@dataclass(frozen=True)
class Intervals:
    """Half-widths around a prediction; they cover a measured change, with the noise of both its sides.

    `as_trained`: for a condition with cells like the training conditions'. `at_usual`: for one with the usual number
    of cells, from which that for n cells follows:
        half(n) = half_usual sqrt((signal + v/n + c) / (signal + v/usual + c))
    signal [n_genes]: mean squared error without noise; v: variance of a cell; c: variance of the control means.
    """

    as_trained: Calibration
    at_usual: Calibration
    signal: Array
    cell: Array
    control: Array
    usual: float  # cells, the median of the left-out conditions
    level: float

    def half(self, delta: Array, cells: Array | None = None) -> Array:
        """Half-widths [n, n_genes] around delta, for conditions measured on so many cells [n], where that is known."""
        zero = np.zeros_like(delta)
        if cells is None:
            return self.as_trained.half(delta, zero)
        return self.at_usual.half(delta, zero) * stretch(self.signal, self.cell, self.control, cells, self.usual)


def stretch(signal: Array, cell: Array, control: Array, cells: Array, usual: float) -> Array:
    """How much wider an interval is [n, n_genes] where a mean of `cells` [n] cells is covered, not of the usual."""
    here = signal + cell / np.asarray(cells, dtype=np.float64)[:, None] + control
    factor: Array = np.sqrt(here / np.maximum(signal + cell / usual + control, SMALLEST))
    return np.where(here > SMALLEST, factor, 1.0)


def judged_residual(oof: OutOfFold, delta: Array, how: Sequence[str]) -> Array:
    """Residuals [n, n_genes] of left-out conditions with the control noise that the judge's will have, not twice it.

    Left-out conditions are measured against a quarter of the controls (a) and predicted from another (b), judged ones
    against and from halves, whose means vary half as much. A prediction that subtracts its control mean errs by
    b - a; of that all but 1/sqrt(2) is taken away. 'No change' subtracts none and errs by -a; it is given the mean of
    both quarters for a. One that subtracts it more than once, as a sum of effects, keeps a little too much.
    """
    apart = oof.start - oof.table.control  # b - a
    share = np.array([0.5 if h.startswith(NO_CHANGE) else 1 - np.sqrt(0.5) for h in how])
    residual: Array = oof.table.delta - delta - share[:, None] * apart
    return residual


def fit_intervals(
    oof: OutOfFold, delta: Array, how: Sequence[str], level: float = LEVEL
) -> tuple[Intervals | None, dict[str, float], tuple[str, ...]]:
    """Calibrate on left-out conditions predicted as `delta` [n, n_genes]; the intervals, their coverage, sentences.

    Coverage is of the measured changes of each fold, by intervals calibrated on the other folds: `coverage` of all
    genes, `coverage_top` of the largest predicted changes, `coverage_changed` of genes measured to change. No
    intervals below five sets of targets.
    """
    if not 0 < level < 1:
        raise InputError(f"The level of intervals lies between 0 and 1, as 0.9; it was {level:g}.")
    if oof.n_units < FEWEST_UNITS:
        return None, {}, (f"No intervals: {oof.n_units} sets of targets cannot calibrate them, {FEWEST_UNITS} can.",)
    own, residual = oof.table.own(), judged_residual(oof, delta, how)
    found = _calibrated(oof, residual, delta, own, level)
    if found is None:
        return None, {}, ("No intervals: the left-out conditions are too few to calibrate them.",)
    inside, known = np.zeros_like(own), np.zeros_like(own)
    for left in np.unique(oof.fold):
        out = oof.fold == left
        rest = _calibrated(oof, residual, delta, own, level, ~out & ~np.isin(oof.unit, oof.unit[out]))
        if rest is None:
            continue
        inside[out] = np.abs(residual[out]) <= rest.half(delta[out])
        known[out] = True
    numbers: dict[str, float] = {"interval level": level, "interval cells": found.usual}
    if known.any():
        rows = known[:, 0]
        changed = np.abs(oof.table.delta) > SIGNIFICANT * oof.table.error
        numbers |= coverages(inside[rows], own[rows], delta[rows], changed[rows])
    said = (
        f"Intervals cover a measured change, noise included, in {level:.0%} of cases, for conditions with cells like "
        f"the training's (median {found.usual:.0f}) and controls as here; say how many cells there were to have them "
        "fit that number.",
    )
    return found, numbers, said


def _calibrated(
    oof: OutOfFold, residual: Array, delta: Array, own: NDArray[np.bool_], level: float,
    rows: NDArray[np.bool_] | None = None,
) -> Intervals | None:  # fmt: skip
    at = np.ones(len(oof), dtype=bool) if rows is None else rows
    residual, delta, own, n = residual[at], delta[at], own[at], oof.table.n[at]
    zero = np.zeros_like(residual)
    if not at.any():
        return None
    cell = np.average(oof.table.variance[at], axis=0, weights=n)
    control = cell * np.mean(1 / oof.table.n_control[at])  # of two halves, each twice a quarter
    usual = float(np.median(n))
    counted = np.maximum((~own).sum(axis=0), 1)
    square = np.where(own, 0, residual**2).sum(axis=0) / counted
    signal = np.maximum(square - cell * np.mean(1 / n) - control, 0)
    wide = stretch(signal, cell, control, n, usual)
    as_trained = calibrate(residual, zero, own, level, predicted=delta)
    at_usual = calibrate(residual / wide, zero, own, level, predicted=delta)
    if as_trained is None or at_usual is None:
        return None
    return Intervals(as_trained, at_usual, signal, cell, control, usual, level)


def with_intervals(predicted: Predicted, intervals: Intervals | None, cells: Sequence[float] | None) -> Predicted:
    """The prediction with its interval, where there is one. InputError where cells are not one number a condition."""
    if cells is not None and (len(cells) != len(predicted.conditions) or min(cells, default=1) < 1):
        raise InputError(
            f"{len(cells)} numbers of cells were given for {len(predicted.conditions)} conditions. Give one of 1 or "
            "more for each, or none."
        )
    if intervals is None:
        return predicted
    n = None if cells is None else np.asarray(cells, dtype=np.float64)
    half = intervals.half(predicted.delta, n)
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
            found = fit_intervals(oof, oof.delta[self.name], oof.how[self.name], self.level)
            self._intervals, numbers, said = found[0], found[1], (*oof.said, *found[2])
        return replace(report, numbers={**report.numbers, **numbers}, said=(*report.said, *said))

    def predict(self, conditions: Sequence[Condition], cells: Sequence[float] | None = None) -> Predicted:
        """The prediction with its interval; `cells` of each condition, where they are known."""
        return with_intervals(self.predictor.predict(conditions), self._intervals, cells)
