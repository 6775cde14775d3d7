"""Forests of extremely randomised trees, one of each target, in bags of cells and beside shuffled regulators."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from perturbome.platform.hashing import Hashes, uniforms

Floats = NDArray[np.float64]
PER_BAG = 10  # trees
POISSON = stats.poisson.cdf(np.arange(20), 1)


@dataclass(frozen=True)
class Ground:
    """What the forests of all targets share; nothing in it depends on the order of cells or genes in a file."""

    levels: NDArray[np.float32]  # [n, p], cells by key, regulators by name
    bags: NDArray[np.uint8]  # [n_bags, n], how often each cell is drawn
    per_bag: int  # trees
    leaf: int  # least number of cells of a leaf
    n_shadows: int
    seed: int


@dataclass(frozen=True)
class Grown:
    """The forest of one target; importances are shares of the reduction of its variance, means over trees."""

    allowed: NDArray[np.intp]  # [k], its regulators, as places in `levels`
    sign: NDArray[np.int8]  # [k], of the correlation with the target
    importance: NDArray[np.float32]  # [n_bags, k], signed by the correlation in the bag
    shadow: NDArray[np.intp]  # [s], the regulators that were shuffled
    null: Floats  # [s], importances of shuffled regulators, over all bags


def draw_bags(key: Hashes, n_bags: int, seed: int) -> NDArray[np.uint8]:
    """How often each cell is drawn in `n_bags` bootstraps [n_bags, n], by its key alone: Poisson of mean 1.

    As drawing n of n with replacement for many cells (Oza and Russell 2001), but for a number of draws that varies.
    """
    bags = np.empty((n_bags, key.size), np.uint8)
    for b, bag in enumerate(bags):
        bag[:] = np.searchsorted(POISSON, uniforms(key, seed, 0, b))
    return bags


def grow(ground: Ground, name: str, y: Floats, rows: NDArray[np.intp], own: int) -> Grown | None:
    """The forest of the target `name` with levels y [n] in the cells `rows`; None where there is nothing to grow.

    `own` is its place among the regulators, -1 if it is none. All randomness comes from the seed and the name.
    """
    from sklearn.tree import ExtraTreeRegressor

    p = ground.levels.shape[1]
    allowed = np.delete(np.arange(p), own) if own >= 0 else np.arange(p)
    y = y[rows]
    if allowed.size == 0 or y.size < 2 or y.std() <= 1e-6:
        return None
    y = (y - y.mean()) / y.std()
    digest = hashlib.sha256(name.encode()).digest()
    rng = np.random.default_rng((ground.seed, int.from_bytes(digest[:8], "little")))
    k, rounds = allowed.size, -(-ground.n_shadows // allowed.size)
    # One shuffle of cells for all regulators keeps what they have in common; more shadows than regulators need more.
    shuffles = [(rng.permutation(rows.size), rng.permutation(k)) for _ in range(rounds)]
    chosen = np.concatenate([which for _, which in shuffles])[: ground.n_shadows]
    # Trees read one column at a time, hence the order in memory.
    features = np.empty((rows.size, k + chosen.size), np.float32, order="F")
    x = features[:, :k]
    x[:] = ground.levels[np.ix_(rows, allowed)]
    for i, which in enumerate(chosen):
        features[:, k + i] = x[shuffles[i // k][0], which]
    found = np.zeros((len(ground.bags), features.shape[1]), np.float32)
    sign = np.empty((len(ground.bags), k), np.int8)
    for b, bag in enumerate(ground.bags):
        weight = bag[rows].astype(np.float64)
        sign[b] = _sign(x, y, weight)
        for seed in rng.integers(2**31, size=ground.per_bag):
            tree = ExtraTreeRegressor(max_features="sqrt", min_samples_leaf=ground.leaf, random_state=int(seed))
            tree.fit(features, y, sample_weight=weight, check_input=False)
            found[b] += tree.tree_.compute_feature_importances(normalize=True)
    found /= ground.per_bag
    return Grown(
        allowed,
        _sign(x, y, np.ones(rows.size)),
        found[:, :k] * sign,
        allowed[chosen],
        found[:, k:].mean(0, dtype=np.float64),
    )


def _sign(x: NDArray[np.float32], y: Floats, weight: Floats) -> NDArray[np.int8]:
    """Signs [k] of the weighted covariances of x [n, k] with y [n]."""
    freed = weight * (y - np.average(y, weights=weight))
    return np.sign(freed @ x).astype(np.int8)
