"""Total effects of measured perturbations on every gene, and how sure they are, from one profile or many cells each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.method import Cells, Floats
from perturbome.ingest.regulation.methods.conditions import Conditions
from perturbome.ingest.regulation.methods.noise import ENOUGH, UNMOVED, Noise, noise_of
from perturbome.ingest.regulation.methods.tails import normal_of_skewed, normal_of_t
from perturbome.ingest.regulation.moments import Matrix


@dataclass(frozen=True)
class Effects:
    """What each perturbed gene does to every gene, [m, G]; `error` is scaled so that their ratio is standard normal."""

    delta: Floats
    error: Floats
    aimed: NDArray[np.intp]  # [m], columns of the perturbed genes


@dataclass(frozen=True)
class Experiment:
    """Conditions with their noise: gives the effects of the cells as they are, or weighed anew."""

    X: Matrix
    conditions: Conditions
    solution: sparse.csr_matrix  # [m, K], see `Conditions.solution`
    told: NDArray[np.bool_]  # [m], whether the effect of a gene can be told from the others'
    noise: Noise
    unmoved: NDArray[np.bool_]  # [K + 1, G], conditions that seem to leave a gene alone; none where there are few
    trust: Floats  # [G], share of the control cells in a gene's unperturbed level
    error: Floats  # [m, G]

    @classmethod
    def of(cls, cells: Cells) -> Experiment | None:
        """The experiment of a group of cells; None where nothing in it tells signal from noise."""
        conditions = Conditions.of(cells)
        total = conditions.sums(cells.X)
        size = conditions.size[:, None]
        mean = total / size
        own = conditions.meets_itself(total.shape[1])
        noise = noise_of(cells.X, conditions, mean, own)
        if noise is None:
            return None
        solution, told = conditions.solution()
        unmoved, trust = baseline(mean, size, noise.variance, own)
        n_unmoved = np.where(unmoved, size, 0.0).sum(0)
        # What the control and the unmoved conditions know of a level add up as precisions do.
        level = trust**2 * noise.within[0] / size[0] + (1 - trust) ** 2 * noise.variance / np.maximum(n_unmoved, 1.0)
        error = _errors(solution, noise, size, level, mean, trust, unmoved)
        return cls(cells.X, conditions, solution, told, noise, unmoved, trust, error)

    def effects(self, weight: Floats | None = None, shake: Floats | None = None) -> Effects:
        """Effects under weights of cells [n] (default one each), with `shake` [K + 1, G] standard errors added.

        `delta = A (M - b)`: M are the means of the conditions, A solves for genes (`Conditions.solution`), and b is
        the mean of the control cells, drawn to that of unmoved conditions where controls are few (see `baseline`).
        """
        size = self.conditions.size[:, None]
        total = self.conditions.sums(self.X, weight=weight)
        if weight is None:
            mean = total / size
        else:
            rows = self.conditions.of_cell >= 0
            mean = total / np.bincount(self.conditions.of_cell[rows], weight[rows], minlength=size.size)[:, None]
        if shake is not None:
            mean = mean + shake * np.sqrt(self.noise.within / size)
        delta = self.solution @ (mean[1:] - _level(mean, size, self.trust, self.unmoved))
        return Effects(delta[self.told], self.error[self.told], self.conditions.aimed[self.told])


def baseline(mean: Floats, size: Floats, variance: Floats, own: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Floats]:
    """Conditions that seem to leave a gene alone [K + 1, G], and the share of the controls in its level [G].

    With few controls (one wild type, say) their mean b_0 is as unsure as a single profile, and the mean of the
    unmoved conditions b_1 is better. The level is `trust b_0 + (1 - trust) b_1`, by empirical Bayes: precisions are
    `n_0` and `1 / (tau^2 + 1 / n_1)`, where tau^2, in units of the noise, is by how much b_0 and b_1 differ beyond
    chance over all genes. So where perturbed cells differ as such, the controls alone count.
    """
    unmoved = np.zeros(mean.shape, bool)
    if size.size <= ENOUGH:
        return unmoved, np.ones(mean.shape[1])
    free = np.where(own, np.nan, mean)[1:]
    middle = np.nanmedian(free, axis=0)
    with np.errstate(invalid="ignore"):
        unmoved[1:] = np.abs(free - middle) * np.sqrt(size[1:] / variance) < UNMOVED
    n_unmoved = np.maximum(np.where(unmoved, size, 0.0).sum(0), 1e-9)
    others = np.where(unmoved, mean * size, 0.0).sum(0) / n_unmoved
    apart = (mean[0] - others) ** 2 / variance
    beyond = max(float(np.median(apart) / 0.4549 - 1 / size[0, 0] - np.median(1 / n_unmoved)), 0.0)
    return unmoved, size[0, 0] / (size[0, 0] + 1 / (beyond + 1 / n_unmoved))


def _level(mean: Floats, size: Floats, trust: Floats, unmoved: NDArray[np.bool_]) -> Floats:
    """Unperturbed level of every gene [G]; see `baseline`."""
    n_unmoved = np.maximum(np.where(unmoved, size, 0.0).sum(0), 1e-9)
    others = np.where(unmoved, mean * size, 0.0).sum(0) / n_unmoved
    return np.asarray(trust * mean[0] + (1 - trust) * others)


def _errors(
    solution: sparse.csr_matrix, noise: Noise, size: Floats, level: Floats, mean: Floats, trust: Floats,
    unmoved: NDArray[np.bool_],
) -> Floats:  # fmt: skip
    """Standard errors of the effects [m, G], widened where tails are heavier than normal (of t, of skewed genes).

    Variances of means add through the solution's squares, degrees of freedom by Satterthwaite's rule.
    """
    of_mean = noise.within[1:] / size[1:]
    share = np.asarray(solution.sum(1)) ** 2  # [m, 1], of the level
    squared = solution.power(2)
    variance = squared @ of_mean + share * level
    lost = squared.power(2) @ (of_mean**2 / noise.within_freedom[1:]) + share**2 * (level**2 / noise.freedom)
    error = np.sqrt(variance)
    third = solution.power(3) @ (1 / size[1:] ** 2)  # [m, 1]
    skewness = noise.skewness * noise.variance**1.5 * third / error**3
    t = solution @ (mean[1:] - _level(mean, size, trust, unmoved)) / error
    z = normal_of_skewed(normal_of_t(t, variance**2 / lost), skewness)
    heavy = (np.abs(t) > 1) & (np.sign(z) == np.sign(t))
    widen = np.where(heavy, np.maximum(np.abs(t) / np.maximum(np.abs(z), 0.1), 1.0), 1.0)
    return np.asarray(error * widen)
