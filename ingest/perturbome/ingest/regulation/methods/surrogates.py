"""Surrogate cells, in which every gene keeps its course over time and knows nothing of any other gene."""

from __future__ import annotations

from typing import TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.methods.successors import MOST_POINTS

Floats = NDArray[np.float64]
Values = TypeVar("Values", bound=NDArray[np.floating])
MOST_BINS, FEWEST_IN_BIN = 20, 10  # of continuous time
FEW_SERIES = 5  # with fewer, series are turned in time as well


def series_of(T: sparse.csr_matrix) -> NDArray[np.intp] | None:
    """The series each sample belongs to [n], where every sample has one successor and one predecessor at most.

    None where cells have several: they are no samples of the same thing.
    """
    if np.diff(T.indptr).max(initial=0) > 1 or np.bincount(T.indices, minlength=1).max(initial=0) > 1:
        return None
    series: NDArray[np.intp] = sparse.csgraph.connected_components(T, directed=False)[1].astype(np.intp)
    return series


def shuffled_within(X: Values, groups: NDArray[np.integer], genes: tuple[str, ...], seed: tuple[int, ...]) -> Values:
    """X [n, G] with the values of each gene exchanged among the cells of a group, another way for every gene."""
    order = np.argsort(groups, kind="stable")
    shuffled = X.copy()
    for column, gene in enumerate(genes):
        draw = np.random.default_rng((*seed, crc32(gene.encode()))).random(groups.shape)
        values = X[:, column]
        shuffled[order, column] = values[np.lexsort((draw, groups))]
    return shuffled


def exchanged_series(
    X: Values, series: NDArray[np.intp], time: Floats, genes: tuple[str, ...], seed: tuple[int, ...]
) -> Values:
    """X [n, G] with whole series exchanged, another way for every gene; samples of a series by `time` [n].

    A shorter series is repeated, a longer one cut. With fewer than `FEW_SERIES` they are turned in time as well.
    """
    by_time = np.argsort(time, kind="stable")
    members = [by_time[series[by_time] == s] for s in np.unique(series)]
    exchanged = X.copy()
    for column, gene in enumerate(genes):
        rng = np.random.default_rng((*seed, crc32(gene.encode())))
        others = rng.permutation(len(members))
        for mine, other in zip(members, others, strict=True):
            turn = rng.integers(members[other].size) if len(members) < FEW_SERIES else 0
            exchanged[mine, column] = X[np.resize(np.roll(members[other], turn), mine.size), column]
    return exchanged


def times_alike(time: Floats, alike: NDArray[np.integer]) -> NDArray[np.intp]:
    """Number [n] of the time point, or of the bin of continuous time, and of the kind of cell, of every cell."""
    known = np.isfinite(time)
    bins = np.zeros(time.size, np.intp)
    if np.unique(time[known]).size <= MOST_POINTS:
        bins[known] = 1 + np.unique(time[known], return_inverse=True)[1]
    elif known.any():
        n_bins = int(np.clip(known.sum() // FEWEST_IN_BIN, 1, MOST_BINS))
        edges = np.quantile(time[known], np.linspace(0, 1, n_bins + 1)[1:-1])
        bins[known] = 1 + np.searchsorted(edges, time[known], side="right")
    groups: NDArray[np.intp] = np.unique(np.stack([bins, alike], 1), axis=0, return_inverse=True)[1].ravel()
    return groups
