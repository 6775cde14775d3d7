"""Which later cells a cell may become: nearest neighbours directed by time, weighed by an adaptive kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.transitions.method import Cells, Edges, Found, Options, sorted_edges
from perturbome.ingest.transitions.nearest import BLOCK, nearest_in_ranges
from perturbome.platform.progress import Report, silent


def knn(cells: Cells, options: Options) -> Found:
    """The nearest cells of the next time point, or of the time that follows; see `directed_neighbours`."""
    steps: Literal["points", "continuous"] = "points" if cells.points else "continuous"
    edges = directed_neighbours(
        cells.scores, cells.time, steps=steps, n_neighbors=options.n_neighbors, window=options.window,
        report=options.report,
    )  # fmt: skip
    return Found(edges, details={"steps": steps, "window": None if cells.points else options.window})


def directed_neighbours(
    scores: NDArray[np.floating],
    time: NDArray[np.floating],
    *,
    steps: Literal["points", "continuous"],
    n_neighbors: int = 15,
    window: float = 0.1,
    report: Report = silent,
) -> Edges:
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
        neighbour, distance = nearest_in_ranges(ordered, ordered[begin:end], low, high, n_neighbors)
        weight = _kernel(distance.astype(np.float64) ** 2)
        row, column = np.nonzero(weight > 0)
        sources.append(begin + row)
        targets.append(neighbour[row, column])
        weights.append(weight[row, column])
    report("transitions", clock.size, clock.size)
    if not sources:
        nothing = np.empty(0, np.intp)
        return Edges(nothing, nothing, np.empty(0))
    source, target = order[np.concatenate(sources)], order[np.concatenate(targets)]
    weight = np.concatenate(weights)
    return sorted_edges(source, target, weight, time)


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
