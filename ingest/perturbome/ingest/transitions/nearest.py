"""Nearest cells: exact in bounded memory, or through an index whose recall is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.platform.progress import Report, silent

BLOCK = 1024  # cells compared with their candidates at once
PIECE = 32768  # candidates compared at once
EXACT_UP_TO = 2_500_000_000
"""Comparisons beyond which an index is asked: 50,000 cells with one another."""


@dataclass(frozen=True)
class Nearest:
    """Neighbours of each query by distance, nearest first; -1 and infinity where there are fewer than k."""

    index: NDArray[np.int32]  # [n, k], positions in the base
    distance: NDArray[np.float32]  # [n, k]
    recall: float = 1.0  # share of the true neighbours found, measured on a sample where an index was asked


def nearest(
    base: NDArray[np.float32],
    queries: NDArray[np.float32],
    k: int,
    *,
    exact: bool | None = None,
    report: Report = silent,
    what: str = "neighbours",
) -> Nearest:
    """The k nearest rows of `base` [m, d] to each row of `queries` [n, d], by Euclidean distance.

    Exact up to 2.5e9 comparisons or where `exact`, else approximate (see `approximate.nearest_by_index`; extra
    [models]). Memory is bounded by the answer and one block against one piece.
    """
    n, m = len(queries), len(base)
    if exact is False or (exact is None and n * m > EXACT_UP_TO):
        from perturbome.ingest.transitions.approximate import nearest_by_index

        return nearest_by_index(base, queries, k, report=report, what=what)
    index, distance = np.full((n, k), -1, np.int32), np.full((n, k), np.inf, np.float32)
    for begin in range(0, n, BLOCK):
        report(what, begin, n)
        end = min(begin + BLOCK, n)
        low, high = np.zeros(end - begin, np.intp), np.full(end - begin, m, np.intp)
        index[begin:end], distance[begin:end] = nearest_in_ranges(base, queries[begin:end], low, high, k)
    report(what, n, n)
    return Nearest(index, distance)


def neighbours_of_each(
    scores: NDArray[np.float32], k: int, *, exact: bool | None = None, report: Report = silent
) -> Nearest:
    """The k nearest other cells of each cell in `scores` [n, d]; a cell is never its own neighbour."""
    found = nearest(scores, scores, k + 1, exact=exact, report=report)
    own = found.index == np.arange(len(scores))[:, None]
    # Among cells in one place a cell may not have met itself: then the farthest goes instead.
    own[~own.any(1), -1] = True
    others = ~own
    return Nearest(
        found.index[others].reshape(len(scores), k), found.distance[others].reshape(len(scores), k), found.recall
    )


def nearest_in_ranges(
    base: NDArray[np.float32],
    queries: NDArray[np.float32],
    low: NDArray[np.intp],
    high: NDArray[np.intp],
    k: int,
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The k nearest among rows [low, high) of `base` for each query, and distances [n, k]; -1, infinite if fewer.

    Candidates are found by |a|^2 + |b|^2 - 2ab in single precision; the distances returned are measured anew from
    the differences, so that cells in one place are at distance 0.
    """
    n = len(queries)
    rows = np.arange(n)[:, None]
    found = np.full((n, k), -1, np.intp)
    squared = np.full((n, k), np.inf, np.float32)
    norm = np.einsum("nd,nd->n", queries, queries)
    for start in range(int(low.min()), int(high.max()), PIECE):
        stop = min(start + PIECE, int(high.max()))
        piece = base[start:stop]
        apart = queries @ piece.T
        apart *= -2
        apart += norm[:, None]
        apart += np.einsum("nd,nd->n", piece, piece)
        place = np.arange(start, stop)
        if low.max() > start or high.min() < stop:
            apart[(place < low[:, None]) | (place >= high[:, None])] = np.inf
        best = min(k, stop - start)
        near = np.argpartition(apart, best - 1, axis=1)[:, :best]
        candidates = np.hstack([found, place[near]])
        apart = np.hstack([squared, apart[rows, near]])
        keep = np.argsort(apart, axis=1, kind="stable")[:, :k]
        found, squared = candidates[rows, keep], apart[rows, keep]
    return by_distance(base, queries, np.where(np.isfinite(squared), found, -1))


def by_distance(
    base: NDArray[np.float32], queries: NDArray[np.float32], found: NDArray[np.integer]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The candidates `found` [n, k] in order of their measured distance; -1 comes last, at infinity."""
    distance = np.linalg.norm(base[found] - queries[:, None, :], axis=2).astype(np.float32)
    distance[found < 0] = np.inf
    order = np.argsort(distance, axis=1, kind="stable")
    return np.take_along_axis(found, order, 1).astype(np.intp), np.take_along_axis(distance, order, 1)


def share_found(found: NDArray[np.integer], true: NDArray[np.integer]) -> float:
    """Share of the true neighbours among those found, over all rows [n, k]; places without a neighbour do not count."""
    hit = sum(np.isin(t[t >= 0], f).sum() for f, t in zip(found, true, strict=True))
    return float(hit / max((true >= 0).sum(), 1))
