"""How far single cells stray about the mean of their condition, from one profile or many cells each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from perturbome.ingest.regulation.method import Floats
from perturbome.ingest.regulation.methods.conditions import Conditions
from perturbome.ingest.regulation.moments import Matrix

NO_PRIOR = 1e9  # degrees of freedom that stand for "all alike"
SCARCE = 5  # cells below which a condition says little of its own spread
ENOUGH = 10  # conditions from which those that leave a gene alone can speak of its noise and its level
MEDIAN = 1.4826  # standard deviations of a normal in its median absolute deviation
UNMOVED = 2.5  # standard deviations from the middle up to which a condition is taken to leave a gene alone
CUT = 0.911  # variance of a standard normal whose values beyond these are left out
EFFICIENCY = 0.8  # of that, in degrees of freedom per value
NEARLY_EVERY = 0.9  # of the cells
PLENTY = 100  # cells from which the skewness of a gene is known


@dataclass(frozen=True)
class Noise:
    """Spread of single cells about the mean of their condition."""

    variance: Floats  # [G], of a cell
    freedom: Floats  # [G]
    within: Floats  # [K + 1, G], of a cell of each condition, never below `variance`
    within_freedom: Floats  # [K + 1, G]
    skewness: Floats  # [G], 0 where there are too few cells to know


def noise_of(X: Matrix, conditions: Conditions, mean: Floats, own: NDArray[np.bool_]) -> Noise | None:
    """Noise of every gene from cells that share a condition and, where these are few, from conditions that agree.

    It is the variance within conditions, pooled; conditions that perturb the gene itself say nothing. With ten
    conditions or more, genes seen in nearly every cell (whose noise has no mass at zero) are spared what real effects
    add: conditions of fewer than five cells, which may be doses of one perturbation, count by their median, and the
    spread of all conditions' means, outer ones cut off, is one more estimate; each counts by its degrees of freedom.
    Genes then lend each other strength, and so do the conditions of a gene that have cells enough
    (`shared_variance`): the variance within a condition leans on that of its gene, and is never less, for cells that
    happen to agree prove nothing. None where no condition has two cells and there are few.
    """
    size = conditions.size[:, None]
    squares = np.maximum(conditions.sums(X, 2) - size * mean**2, 0.0)
    squares[squares < 1e-9 * size * mean**2] = 0.0  # rounding, of cells that are all alike
    n_free = np.where(own, 0.0, size - 1)
    freedom, rss = n_free.sum(0), np.where(own, 0.0, squares).sum(0)
    if size.size > ENOUGH:
        graded = np.asarray((X != 0).sum(0)).ravel() > NEARLY_EVERY * X.shape[0]
        more, free = _spared(mean[:, graded], squares[:, graded], size, own[:, graded])
        rss[graded] += more
        freedom[graded] += free
    if not (freedom > 0).any():
        return None
    variance = rss / np.maximum(freedom, 1e-9)
    prior, prior_freedom = shared_variance(variance, freedom)
    if prior_freedom > 0:
        variance = (prior_freedom * prior + rss) / (prior_freedom + freedom)
        freedom = freedom + min(prior_freedom, float(freedom.sum()))
    variance = np.maximum(variance, 1e-6 * float(np.median(variance)))
    if not (variance > 0).all():
        return None
    skewness, excess = shape_of(X, conditions, mean, squares)
    each = squares / np.maximum(size - 1, 1.0)
    # The variance of s^2 is sigma^4 (2 / (n - 1) + excess / n): of heavy-tailed genes it says less.
    worth = 2 / (2 / np.maximum(size - 1, 1.0) + excess / size)
    telling = (worth > SCARCE) & ~own
    _, alike = shared_variance((each / variance)[telling], worth[telling])
    within = (alike * variance + worth * each) / (alike + worth)
    larger = (within > variance) & (size >= SCARCE)
    within = np.where(larger, within, variance)
    return Noise(variance, freedom, within, np.where(larger, np.minimum(alike, freedom) + worth, freedom), skewness)


def _spared(mean: Floats, squares: Floats, size: Floats, own: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """What robust estimates add to sums of squares within conditions, and to their degrees of freedom: [g] each."""
    few = (size < SCARCE) & (size > 1) & ~own
    n_free = np.where(few, size - 1, 1.0)
    typical = np.zeros(mean.shape[1])
    told = few.any(0)
    # The median of chi-square with d degrees of freedom is twice that of a gamma of shape d / 2.
    ratio = np.where(few, squares / (2 * special.gammaincinv(n_free / 2, 0.5)), np.nan)
    typical[told] = np.nanmedian(ratio[:, told], axis=0)
    free = np.where(own, np.nan, mean)
    away = np.abs(free - np.nanmedian(free, axis=0)) * np.sqrt(size)
    near = away < UNMOVED * MEDIAN * np.nanmedian(away, axis=0)
    between = np.where(near, away**2, 0.0).sum(0) / CUT
    return np.where(few, typical * n_free - squares, 0.0).sum(0) + EFFICIENCY * between, EFFICIENCY * near.sum(0)


def shape_of(X: Matrix, conditions: Conditions, mean: Floats, squares: Floats) -> tuple[Floats, Floats]:
    """Skewness and excess kurtosis, not below 0, of single cells: [G] each; 0 with less than a hundred cells.

    From central moments about the means of conditions, pooled; `sum (x - M)^3` of n cells is `(n - 1)(n - 2) / n` times
    the third moment, and of the fourth moment conditions of fewer than five cells tell nothing.
    """
    size = conditions.size[:, None]
    counted = (size >= SCARCE).ravel()
    if size[size > 2].sum() < PLENTY:
        return np.zeros(mean.shape[1]), np.zeros(mean.shape[1])
    third = conditions.sums(X, 3)
    cubes = (third - 3 * mean * squares - size * mean**3).sum(0) / ((size - 1) * (size - 2) / size).sum()
    fourth = conditions.sums(X, 4) - 4 * mean * third + 6 * mean**2 * squares + 3 * size * mean**4
    fourth = fourth[counted].sum(0) / max(float(size[counted].sum()), 1.0)
    spread = squares.sum(0) / (size - 1).sum()
    skewness = np.divide(cubes, spread**1.5, out=np.zeros_like(cubes), where=spread > 0)
    kurtosis = np.divide(fourth, spread**2, out=np.full_like(cubes, 3.0), where=spread > 0)
    return skewness, np.maximum(kurtosis - 3, 0.0)


def shared_variance(variance: Floats, freedom: Floats) -> tuple[float, float]:
    """Variance s0^2 and degrees of freedom d0 of the scaled inverse chi-square that variances with `freedom` [k] share.

    From the mean and spread of `log s^2`, whose expectation is `log s0^2 + psi(d/2) - log(d/2) - psi(d0/2) +
    log(d0/2)` and whose variance is `psi'(d/2) + psi'(d0/2)` (Smyth 2004, section 6.2). Zeros are passed over;
    d0 is `NO_PRIOR` where variances differ no more than chance has it, and 0 where there are too few to tell.
    """
    usable = (variance > 0) & (freedom > 0)
    if usable.sum() < 3:
        return 1.0, 0.0
    half = freedom[usable] / 2
    e = np.log(variance[usable]) - special.digamma(half) + np.log(half)
    spread = float(e.var(ddof=1) - special.polygamma(1, half).mean())
    d0 = NO_PRIOR if spread <= 0 else min(2 * inverse_trigamma(spread), NO_PRIOR)
    return float(np.exp(e.mean() + special.digamma(d0 / 2) - np.log(d0 / 2))), d0


def inverse_trigamma(value: float) -> float:
    """x with `psi'(x) = value > 0`, by Newton's method on 1/psi', which is convex (Smyth 2004, appendix)."""
    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, x))
        step = trigamma * (1 - trigamma / value) / float(special.polygamma(2, x))
        x += step
        if abs(step) < 1e-10 * x:
            break
    return x
