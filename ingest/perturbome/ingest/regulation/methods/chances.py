"""How likely an effect is real, given how many others are: two groups of z, and regulators of unequal reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
LEAST_SLAB = 4.0  # variance of the z of real effects, at least; less cannot be told from noise
HIT = 15.0  # that of direct effects when the hits of a regulator are counted: z about 4
FINE, EDGE = 0.02, 9.0  # width of the bins of |z|, and where they end
FEWEST = 20  # pairs in a bin
ROUNDS, SETTLED = 60, 1e-3
LEAST, MOST = 1e-5, 0.5  # share of real effects
MOST_UNEQUAL, MOST_EQUAL = 0.5, 100.0  # shape of the gamma distribution of reach: heavy-tailed, and all alike


@dataclass(frozen=True)
class TwoGroups:
    """z is N(0, 1), or, with chance `share`, N(0, 1 + slab)."""

    share: float
    slab: float

    @classmethod
    def fit(cls, z: Floats) -> TwoGroups:
        """By expectation and maximisation, on a fine histogram of |z| [k]."""
        size = np.minimum((np.abs(z) / FINE).astype(np.intp), round(EDGE / FINE))
        count = np.bincount(size)
        square = np.divide(np.bincount(size, z**2), count, out=np.zeros(count.size), where=count > 0)
        group = cls(0.1, 25.0)
        for _ in range(ROUNDS):
            real = count * group.chance(square)
            share = float(np.clip(real.sum() / z.size, LEAST, MOST))
            group = cls(share, max(float(real @ square) / max(float(real.sum()), 1e-9) - 1, LEAST_SLAB))
        return group

    def chance(self, square: Floats) -> Floats:
        """Posterior chance of being real of effects with these z^2."""
        return _posterior(square, np.log(self.share / (1 - self.share)), self.slab)

    def shrunken(self, delta: Floats, z: Floats) -> Floats:
        """Posterior mean of effects."""
        return np.asarray(delta * self.chance(z**2) * self.slab / (1 + self.slab))


def reach(z: Floats, itself: NDArray[np.bool_]) -> Floats:
    """Prior odds of each pair [m, G], as multiples of the average, from how many targets its regulator [m] has.

    Networks have hubs: of a regulator with many clear targets, a doubtful one is more likely. Hits h_i are expected
    numbers of real effects; relative reach is gamma distributed with mean 1 and a shape a that the spread of the hits
    beyond Poisson's tells (`a = mean^2 / (variance - mean)`, 0.5 to 100, so that regulators that are alike weigh the
    same); its posterior mean, `(h_i + a) / (expected + a)`, weighs every pair by the hits of its regulator elsewhere.
    `itself` [m, G] are pairs of a gene with itself.
    """
    m = z.shape[0]
    n = (~itself).sum(1, keepdims=True)
    share, ratio = 0.05, np.ones((m, 1))
    shape = MOST_EQUAL
    for _ in range(ROUNDS // 2):
        odds = np.clip(share * ratio, LEAST / 10, 0.8)
        real = np.where(itself, 0.0, _posterior(z**2, np.log(odds / (1 - odds)), HIT))
        hits = real.sum(1, keepdims=True)
        share = float(np.clip(hits.sum() / n.sum(), LEAST, MOST))
        average = float(hits.mean())
        beyond = float(hits.var(ddof=1)) - average if m > 1 else 0.0
        shape = float(np.clip(average**2 / max(beyond, 1e-12), MOST_UNEQUAL, MOST_EQUAL))
        before, ratio = ratio, (hits + shape) / (n * share + shape)
        if np.abs(ratio / before - 1).max() < SETTLED:
            break
    elsewhere = (hits - real + shape) / ((n - 1) * share + shape)
    chance = np.clip(share * elsewhere, LEAST / 10, 0.8)
    return np.asarray(chance / (1 - chance) / (share / (1 - share)))


def agreement(z: Floats, other: Floats, itself: NDArray[np.bool_], odds: Floats) -> Floats:
    """Odds of pairs [m, G] times what a second witness `other` [m, G], independent of z under the null, says of them.

    Pairs are binned by the size of `other`, each bin half as many as the one below, and by whether its sign is that of
    z; a bin weighs by the hits in it, `(hits + 1) / (expected + 1)`, those of the pair itself left out. So a witness
    that knows nothing changes nothing. Weights have mean 1 over pairs, which keeps p honest (Genovese, Roeder and
    Wasserman 2006; bins as in Ignatiadis et al. 2016).
    """
    size = np.abs(other[~itself])
    n_levels = int(np.log2(max(size.size / FEWEST, 1.0)))
    edges = np.quantile(size, 1 - 0.5 ** np.arange(1, n_levels + 1))
    bins = 2 * np.searchsorted(edges, np.abs(other)) + (other * z > 0)
    count = np.bincount(bins[~itself], minlength=2 * n_levels + 2)
    share, ratio = 0.05, np.ones(count.size)
    for _ in range(ROUNDS):
        chance = np.clip(share * odds * ratio[bins], LEAST / 10, 0.8)
        real = np.where(itself, 0.0, _posterior(z**2, np.log(chance / (1 - chance)), HIT))
        hits = np.bincount(bins[~itself], real[~itself], minlength=count.size)
        share = float(np.clip(hits.sum() / count.sum(), LEAST, MOST))
        before, ratio = ratio, (hits + 1) / (count * share + 1)
        if np.abs(ratio / before - 1).max() < SETTLED:
            break
    elsewhere = (hits[bins] - real + 1) / ((count[bins] - 1) * share + 1)
    return np.asarray(odds * elsewhere / elsewhere[~itself].mean())


def weighed(z: Floats, odds: Floats) -> Floats:
    """z whose two-sided p has odds `1 / odds` times those of z: p / odds for small p, never beyond 1; its sign kept."""
    log_p = np.minimum(special.log_ndtr(-np.abs(z)) + np.log(2), -1e-15)
    other = np.log(odds) + np.log(-np.expm1(log_p))
    return np.asarray(-np.sign(z) * special.ndtri_exp(log_p - np.logaddexp(log_p, other) - np.log(2)))


def _posterior(square: Floats, log_odds: Floats | float, slab: float) -> Floats:
    evidence = square * (slab / (1 + slab) / 2) - np.log1p(slab) / 2
    return np.asarray(special.expit(log_odds + evidence))
