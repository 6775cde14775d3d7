"""Is a prediction nearer to its own condition than to the others? Ranks among the conditions of one context."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

Kind = Literal["L1", "L2", "cosine"]

ROUNDING = 1e-10
"""Distances that differ by less than this share of the largest one are ties."""


def distances(a: Array, b: Array, kind: Kind) -> Array:
    """Distance of every row of a to every row of b: [n_a, n_b]; the cosine distance to a row of zeros is 1."""
    found: Array
    if kind == "L1":
        from scipy.spatial.distance import cdist

        found = cdist(a, b, "cityblock")
        return found
    if kind == "L2":
        centre = b.mean(axis=0)  # the differences are the same, and lose less to rounding
        a, b = a - centre, b - centre
        square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
        found = np.sqrt(np.maximum(square, 0.0))
        return found
    norm = np.sqrt((a**2).sum(axis=1))[:, None] * np.sqrt((b**2).sum(axis=1))
    like = np.divide(a @ b.T, norm, out=np.zeros(norm.shape), where=norm > 0)
    found = 1.0 - np.clip(like, -1.0, 1.0)
    return found


def match_ranks(distance: Array) -> Array:
    """How many of a row are nearer than its diagonal entry: [n]; ties share the middle of the ranks they span.

    rank_i = #{j: d_ij < d_ii} + #{j != i: d_ij = d_ii} / 2, where what differs by rounding is equal.
    """
    match = np.diagonal(distance)[:, None]
    slack = ROUNDING * np.abs(distance).max(axis=1, keepdims=True, initial=0.0)
    nearer = (distance < match - slack).sum(axis=1)
    tied = (np.abs(distance - match) <= slack).sum(axis=1) - 1
    rank: Array = nearer + tied / 2
    return rank


def discrimination(predicted: Array, truth: Array, own: Mask, context: NDArray[np.intp], kind: Kind) -> Array:
    """1 - rank / (N - 1) of the right condition among the N of its context, by nearness to the prediction: [n].

    1: the right one is nearest; 0.5 by chance; NaN where a context has one condition. The targets of all conditions
    of the context are left out for all of them: with only its own target left out of a row, to predict that the
    others' targets change would be rewarded (cell-eval2, scope `panel`). On changes against control with L1 or cosine
    this is cell-eval's perturbation discrimination score, on mean profiles with L2 the centroid accuracy of Systema
    (Vinas Torne et al. 2025): the share of the other conditions whose centroid is farther.
    """
    return _by_context(predicted, truth, own, context, kind, lambda d: 1 - match_ranks(d) / (len(d) - 1))


def prediction_rank(predicted: Array, truth: Array, own: Mask, context: NDArray[np.intp], kind: Kind) -> Array:
    """rank / N of the right prediction among the N of its context, by nearness to the measured condition: [n].

    0: no other prediction is nearer; (N - 1) / 2N by chance or where all predictions are the same; NaN where a context
    has one condition. Wu et al. 2024 (PerturBench), who break ties at random. Targets as in `discrimination`.
    """
    return _by_context(truth, predicted, own, context, kind, lambda d: match_ranks(d) / len(d))


def _by_context(
    a: Array, b: Array, own: Mask, context: NDArray[np.intp], kind: Kind, score: Callable[[Array], Array]
) -> Array:
    """A score of each row from the distances of a's rows to b's, context by context; no context's targets count."""
    found = np.full(len(a), np.nan)
    for c in np.unique(context):
        rows = np.flatnonzero(context == c)
        genes = ~own[rows].any(axis=0)
        if len(rows) > 1 and genes.any():
            found[rows] = score(distances(a[np.ix_(rows, genes)], b[np.ix_(rows, genes)], kind))
    return found
