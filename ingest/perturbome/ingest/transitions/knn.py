"""Which later cells a cell may become: nearest neighbours directed by time, weighed by an adaptive kernel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perturbome.platform.progress import Report, silent

BLOCK = 1024  # source cells compared with their candidates at once
PIECE = 32768  # candidates compared at once


@dataclass(frozen=True)
class Transitions:
    """Directed cell-cell edges; positions of cells, sorted by the source's time, then source, then target."""

    source: NDArray[np.intp]
    target: NDArray[np.intp]
    weight: NDArray[np.float64]  # of each source, they sum to 1


def directed_neighbours(
    scores: NDArray[np.floating],
    time: NDArray[np.floating],
    *,
    steps: Literal["points", "continuous"],
    n_neighbors: int = 15,
    window: float = 0.1,
    report: Report = silent,
) -> Transitions:
    """Connect each cell to its nearest later cells in `scores` [n, d]; `time` [n] is finite.

    Candidates of a cell: with `steps="points"`, the cells of the next time point; with "continuous", the next
    `window` (a share) of all cells in order of time, at least `n_neighbors` of them where there are so many, all
    of strictly later time. Weights are `exp(-d^2 / (2 s^2))`, with s the distance to the neighbour a third of
    the way out (the adaptive kernel of Setty et al. 2019, Palantir), divided by their sum. The latest cells have
    no edges. Memory is bounded: blocks of 1,024 cells against pieces of 32,768 candidates.
    """
    order = np.argsort(time, kind="stable")
    clock, ordered = time[order], np.ascontiguousarray(scores[order], np.float32)
    sources, targets, weights = [], [], []
    for begin, end, low, high in _candidates(clock, steps, n_neighbors, window):
        report("transitions", begin, clock.size)
        neighbour, squared = _nearest(ordered, begin, end, low, high, n_neighbors)
        weight = _kernel(squared)
        row, column = np.nonzero(weight > 0)
        sources.append(begin + row)
        targets.append(neighbour[row, column])
        weights.append(weight[row, column])
    report("transitions", clock.size, clock.size)
    if not sources:
        nothing = np.empty(0, np.intp)
        return Transitions(nothing, nothing, np.empty(0))
    source, target = order[np.concatenate(sources)], order[np.concatenate(targets)]
    weight = np.concatenate(weights)
    by_time = np.lexsort((target, source, time[source]))
    return Transitions(source[by_time], target[by_time], weight[by_time])


def _candidates(
    clock: NDArray[np.floating], steps: str, n_neighbors: int, window: float
) -> Iterator[tuple[int, int, NDArray[np.intp], NDArray[np.intp]]]:
    """Blocks of cells in order of time, (begin, end), and the range of candidates [low, high) of each cell."""
    n = clock.size
    _, first, points = np.unique(clock, return_index=True, return_inverse=True)
    starts = np.append(first, n)
    low = starts[points + 1]  # the first strictly later cell
    if steps == "points":
        high = starts[np.minimum(points + 2, starts.size - 1)]
    else:
        reach = max(int(np.ceil(window * n)), n_neighbors)
        high = np.minimum(low + reach, n)
        # Cells of equal time come together or not at all, so that their order cannot matter.
        high = starts[np.searchsorted(starts, high, side="left")]
    last = int(np.searchsorted(low, n, side="left"))  # cells from here on have no later ones
    for begin in range(0, last, BLOCK):
        end = min(begin + BLOCK, last)
        yield begin, end, low[begin:end], high[begin:end]


def _nearest(
    scores: NDArray[np.float32],
    begin: int,
    end: int,
    low: NDArray[np.intp],
    high: NDArray[np.intp],
    k: int,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The k nearest candidates of each cell and squared distances [end - begin, k], infinite beyond the last."""
    mine = scores[begin:end]
    rows = np.arange(end - begin)[:, None]
    nearest = np.full((end - begin, k), -1, np.intp)
    squared = np.full((end - begin, k), np.inf)
    norm = np.einsum("nd,nd->n", mine, mine, dtype=np.float64)
    for start in range(int(low.min()), int(high.max()), PIECE):
        stop = min(start + PIECE, int(high.max()))
        piece = scores[start:stop]
        distance = (mine @ piece.T).astype(np.float64)
        distance *= -2
        distance += norm[:, None]
        distance += np.einsum("nd,nd->n", piece, piece, dtype=np.float64)
        place = np.arange(start, stop)
        distance[(place < low[:, None]) | (place >= high[:, None])] = np.inf
        best = min(k, stop - start)
        found = np.argpartition(distance, best - 1, axis=1)[:, :best]
        nearest = np.hstack([nearest, place[found]])
        squared = np.hstack([squared, np.maximum(distance[rows, found], 0.0)])
        keep = np.argsort(squared, axis=1, kind="stable")[:, :k]
        nearest, squared = nearest[rows, keep], squared[rows, keep]
    return nearest, squared


def _kernel(squared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adaptive Gaussian weights of neighbours by distance [n, k]; infinite distances weigh 0, rows sum to 1."""
    found = np.isfinite(squared).sum(1)
    third = np.maximum((found + 2) // 3, 1) - 1
    scale = squared[np.arange(squared.shape[0]), third]
    # Against the nearest neighbour, so that a far-off cell's weights do not all vanish; the ratio is the same.
    excess = squared - squared[:, :1]
    spread = np.where(scale > 0, scale, 1.0)[:, None]
    weight = np.exp(-excess / (2 * spread))
    # Cells in the very place of their third neighbour: only those coinciding with it count.
    weight[(scale == 0)[:, None] & (excess > 0)] = 0.0
    normalised: NDArray[np.float64] = weight / weight.sum(1, keepdims=True)
    return normalised
