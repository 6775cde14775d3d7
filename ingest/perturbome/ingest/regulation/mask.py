"""A prior as a mask over pairs: hard, only what it supports; soft, what it supports counts for more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FAVOUR = 19.0
"""A pair with full support weighs 20 times one without, before the weights are made to average one."""


@dataclass(frozen=True)
class Mask:
    """Support of each pair of regulator and target by a prior, in 0..1, [p, G], and how it is used.

    Hard: pairs without support are left out. Soft: weighted false discovery rates (Genovese, Roeder and Wasserman
    2006): p is divided by a weight that averages one over all pairs and is 1 + 19 x support up to that scale. The
    rate is kept whatever the prior; a good one finds more, a bad one fewer. Strengths, on the scale of |z|, follow:
    dividing p by w is, up to a factor that varies little, adding 2 ln w to the square of z.
    """

    support: Floats
    kind: Literal["hard", "soft"] = "soft"

    @property
    def weight(self) -> Floats:
        """Weight of each pair [p, G], mean one; all one in a hard mask."""
        if self.kind == "hard":
            return np.ones_like(self.support)
        raw = 1 + FAVOUR * self.support
        weight: Floats = raw / raw.mean()
        return weight

    def take(self, positions: NDArray[np.intp], columns: NDArray[np.intp]) -> Mask:
        """The mask of some regulators (by position) and targets (by column)."""
        return Mask(self.support[np.ix_(positions, columns)], self.kind)

    def apply(self, strength: Floats) -> Floats:
        """Strengths [p, G] as the mask has them: NaN where it forbids a pair, else shifted by its weight."""
        if self.kind == "hard":
            return np.where(self.support > 0, strength, np.nan)
        squared: Floats = strength**2 + 2 * np.log(self.weight)
        # Below zero there is nothing left to be sure of, but an order still: it must not fold back.
        return np.sign(squared) * np.sqrt(np.abs(squared))
