"""How important shuffled regulators look to a forest: what the importance of real ones is held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
PRIOR_DRAWS = 1  # shadows of average level added to every regulator's own, so that one without any has a level
NOTHING = 1e-12


@dataclass(frozen=True)
class Null:
    """The pooled null of importances.

    Trees prefer regulators of many levels to those that are seen in few cells, whatever they tell (Strobl et al.
    2007). So an importance is divided by the `level` of its regulator, the mean importance of its shadows over all
    targets, as a multiple of that of all shadows; what remains is pooled over regulators and targets.
    """

    level: Floats  # [p], mean one
    base: Floats  # [G], mean adjusted importance of the shadows of a target
    pool: Floats  # [m], adjusted importances of all shadows, ascending
    centre: float  # of the logarithms of the pool
    spread: float

    @classmethod
    def of(cls, shadow: NDArray[np.intp], importance: Floats, p: int) -> Null:
        """From the importances [s, G] of shadows of the regulators `shadow` [s, G], NaN where a target has none.

        In the pool a shadow is divided by the level that the others of its regulator give, so that it does not
        explain itself away.
        """
        there = np.isfinite(importance)
        who, value = shadow[there], importance[there]
        mean = float(value.mean()) if value.size and value.sum() > 0 else 1.0
        total = np.bincount(who, value, p) + PRIOR_DRAWS * mean
        n = np.bincount(who, minlength=p) + PRIOR_DRAWS
        level = total / n / mean
        adjusted = np.where(there, importance / level[shadow], 0.0)
        base = adjusted.sum(0) / np.maximum(there.sum(0), 1)
        pool = np.sort(value * (n[who] - 1) * mean / (total[who] - value))
        logs = np.log(np.maximum(pool, NOTHING))
        if pool.size == 0:
            return cls(level, base, pool, 0.0, 1.0)
        return cls(level, base, pool, float(logs.mean()), float(logs.std()) or 1.0)

    def p(self, importance: Floats) -> Floats:
        """Share of shadows at least as important [p, G]: `(1 + n_ge) / (1 + n)`, never 0 (Phipson and Smyth 2010)."""
        above = self.pool.size - np.searchsorted(self.pool, importance / self.level[:, None], side="left")
        share: Floats = (1 + above) / (1 + self.pool.size)
        return share

    def strength(self, importance: Floats) -> Floats:
        """Importance [p, G] on the scale of |z|, were the logarithms of the pool normal; goes on beyond its largest."""
        logs = np.log(np.maximum(importance / self.level[:, None], NOTHING))
        one_sided = special.log_ndtr(-(logs - self.centre) / self.spread)
        z: Floats = np.abs(special.ndtri_exp(one_sided - np.log(2)))
        return z

    def excess(self, importance: Floats) -> Floats:
        """Importance [p, G] beyond that of a shadow of the same regulator in the same target, never below 0."""
        beyond: Floats = np.maximum(importance - self.level[:, None] * self.base, 0.0)
        return beyond
