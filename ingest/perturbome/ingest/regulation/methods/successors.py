"""What each cell is expected to become, where cells were destroyed when they were measured."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.moments import Matrix
from perturbome.ingest.transitions.components import principal_components
from perturbome.ingest.transitions.kernel import adaptive_scale, normalised
from perturbome.ingest.transitions.nearest import BLOCK, nearest_in_ranges

Floats = NDArray[np.float64]
MOST_POINTS = 20  # distinct times beyond which time is continuous
LAG = 0.2  # of the whole time: how much later a cell is looked for where time is continuous
N_NEIGHBORS = 15


def successors(
    X: Matrix, time: Floats, alike: NDArray[np.integer] | None = None, key: NDArray[np.integer] | None = None
) -> sparse.csr_matrix:
    """Probability [n, n] that the cell of a row becomes that of a column; rows sum to 1, or to 0 where nobody is later.

    X [n, G]; `time` [n], NaN where unknown. Among time points a cell becomes one of the 15 nearest cells (principal
    components) of the next one. Where time is continuous (more than 20 values) it becomes one of those that are
    later by half to one and a half of `LAG`, a fifth of the whole time: the very next cells differ from it by noise
    alone, and what is nearest among them says nothing of where it goes. Weights fall with distance (adaptive Gaussian
    kernel). A cell becomes only one of its like: `alike` [n] numbers, for instance, the perturbations. `key` [n]
    orders cells of equal time, so that the order of rows does not matter.
    """
    n = time.size
    known = np.flatnonzero(np.isfinite(time))
    distinct = np.unique(time[known])
    if distinct.size < 2:
        return sparse.csr_matrix((n, n))
    scores = principal_components(X[known])
    kind = np.zeros(n, np.intp) if alike is None else np.unique(alike, return_inverse=True)[1].ravel()
    tie = np.arange(n) if key is None else key
    order = np.lexsort((tie[known], time[known], kind[known]))
    clock, base = time[known][order], np.ascontiguousarray(scores[order])
    first, last = _windows(clock, distinct)
    low, high = np.empty(clock.size, np.intp), np.empty(clock.size, np.intp)
    starts = np.append(np.flatnonzero(np.diff(kind[known][order], prepend=-1)), clock.size)
    for start, stop in itertools.pairwise(starts):
        mine = slice(start, stop)
        low[mine] = start + np.searchsorted(clock[mine], first[mine], side="left")
        high[mine] = start + np.searchsorted(clock[mine], last[mine], side="right")
    some = np.flatnonzero(high > low)
    sources, targets, weights = [], [], []
    for begin in range(0, some.size, BLOCK):
        rows = some[begin : begin + BLOCK]
        found, distance = nearest_in_ranges(base, base[rows], low[rows], high[rows], N_NEIGHBORS)
        with np.errstate(invalid="ignore"):
            weight = normalised(-((distance / adaptive_scale(distance)[:, None]) ** 2) / 2)
        row, column = np.nonzero(weight > 0)
        sources.append(rows[row])
        targets.append(found[row, column])
        weights.append(weight[row, column])
    if not sources:
        return sparse.csr_matrix((n, n))
    place = known[order]
    ends = place[np.concatenate(sources)], place[np.concatenate(targets)]
    return sparse.csr_matrix((np.concatenate(weights), ends), (n, n))


def _windows(clock: Floats, distinct: Floats) -> tuple[Floats, Floats]:
    """Earliest and latest time of the successors of each cell, given ascending distinct times; infinite if none."""
    if distinct.size <= MOST_POINTS:
        then = np.append(distinct, np.inf)[np.searchsorted(distinct, clock) + 1]
        return then, then
    lag = LAG * (distinct[-1] - distinct[0])
    # A cell whose window reaches beyond the end would meet the early part of it alone.
    then = np.where(clock + lag <= distinct[-1], clock + lag, np.inf)
    return then - lag / 2, then + lag / 2


def lineage_successors(X: Matrix, lineages: Floats) -> sparse.csr_matrix:
    """Successors [n, n] where cells have a pseudotime in each of some lineages [n, L], NaN where they are not of it.

    A cell's successors in each of its lineages count in equal parts.
    """
    total = sum((successors(X, time) for time in lineages.T), start=sparse.csr_matrix((X.shape[0],) * 2))
    return normalised_rows(sparse.csr_matrix(total))


def normalised_rows(T: sparse.csr_matrix) -> sparse.csr_matrix:
    """T [n, n] with rows that sum to 1; empty rows stay empty."""
    rows = np.asarray(T.sum(1)).ravel()
    return sparse.csr_matrix(sparse.diags(np.divide(1.0, rows, out=np.zeros_like(rows), where=rows > 0)) @ T)
