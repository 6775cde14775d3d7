"""The change of every gene in time, on the levels of all regulators, as a method."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from perturbome.ingest.regulation.method import Cells, Evidence, Floats, Options
from perturbome.ingest.regulation.methods.changes import change_moments, choose_change_penalty, fit_changes
from perturbome.ingest.regulation.methods.course import course_of, kinds_of
from perturbome.ingest.regulation.methods.inflation import inflation
from perturbome.ingest.regulation.methods.ridge import exponential_weights
from perturbome.ingest.regulation.methods.successors import successors


def dynamic(cells: Cells, options: Options) -> Evidence:
    """Rate of change of every target on the levels of all regulators, and on its own level, which is its decay.

    For a cell i with successors T (those given, else see `successors`) and times t,
    `(sum_j T_ij x_j - x_i) / (sum_j T_ij t_j - t_i) = sum_k b_k x_ik - d x_i + c`: ridge in closed form, all targets
    at once, d and c without a penalty (a linear dynGENIE3, Huynh-Thu and Geurts 2018). Weight is b times the mean
    step of time and the standard deviation of the regulator: a change of the target in its own unit. Without times
    every step is 1.

    Genes that merely change at the same times, successors that cells share, and the noise that a cell's level and its
    change have in common make z far too large. So the whole fit is repeated on surrogate cells, in which every gene
    keeps its course over time and is independent of all others (see `surrogates`), and z is divided by what makes the
    surrogates' largest thousandth that of Student's t: strength is the size of that z, p its two-sided test.
    Raises InputError where no cell has a successor.
    """
    alike = kinds_of(cells)
    T = successors(cells.X, cells.time, alike, cells.key) if cells.successor is None else cells.successor
    course, said = course_of(cells, T, options)
    changes = change_moments(course)
    cor = changes.correlations()
    penalty = choose_change_penalty(cor) if options.penalty is None else options.penalty
    fit = fit_changes(changes, penalty)
    scale = inflation(cells, alike, options)
    weights = exponential_weights(changes.count, options)

    def refit(b: int) -> Floats:
        return without_own(fit_changes(changes, penalty, weights[b]).z, cells.regulators) / scale

    strength = without_own(np.abs(fit.z), cells.regulators) / scale
    weight = without_own(fit.beta * (cor.sd * course.step.mean()), cells.regulators)
    p = np.maximum(2 * special.stdtr(fit.freedom, -strength), float(np.finfo(np.float32).tiny))
    return Evidence(weight, strength, p, refit, options.n_bootstraps, penalty, said)


def without_own(values: NDArray[np.floating], regulators: NDArray[np.intp]) -> Floats:
    """Values [p, G] as float64 with 0 where a regulator meets itself."""
    freed: Floats = np.array(values, np.float64)
    freed[np.arange(regulators.size), regulators] = 0.0
    return freed
