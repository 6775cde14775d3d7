"""Which later cells a cell may become: nearest neighbours directed by time, weighed by an adaptive kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.transitions.method import Cells, Edges, Found, Options, sorted_edges
from perturbome.ingest.transitions.nearest import BLOCK, EXACT_UP_TO, nearest, nearest_in_ranges, share_found
from perturbome.platform.progress import Report, silent

SAMPLE = 256
COMPARED = 100_000_000  # pairs of a block compared without an index


def knn(cells: Cells, options: Options) -> Found:
    """The nearest cells of the next time point, or of the time that follows; see `directed_neighbours`."""
    steps: Literal["points", "continuous"] = "points" if cells.points else "continuous"
    edges, recall = directed_neighbours(
        cells.scores, cells.time, steps=steps, n_neighbors=options.n_neighbors, window=options.window,
        exact=options.exact, report=options.report,
    )  # fmt: skip
    said = [] if recall is None else [f"Neighbours were found through an index; measured recall {recall:.1%}."]
    if not edges.source.size:
        said.append("All cells have the same time: none is later than another, so the graph has no edges.")
    details = {"steps": steps, "window": None if cells.points else options.window, "recall": recall}
    return Found(edges, tuple(said), details)


def directed_neighbours(
    scores: NDArray[np.floating],
    time: NDArray[np.floating],
    *,
    steps: Literal["points", "continuous"],
    n_neighbors: int = 15,
    window: float = 0.1,
    exact: bool | None = None,
    report: Report = silent,
) -> tuple[Edges, float | None]:
    """Connect each cell to its nearest later cells in `scores` [n, d]; `time` [n] is finite.

    Candidates of a cell: with `steps="points"`, the cells of the next time point; with "continuous", the next
    `window` (a share) of all cells in order of time, at least `n_neighbors` of them where there are so many, all
    of strictly later time. Weights are `exp(-d^2 / (2 s^2))`, with s the distance to the neighbour a third of
    the way out (the adaptive kernel of Setty et al. 2019, Palantir), divided by their sum. The latest cells have
    no edges. Beyond 2.5e9 comparisons an index is asked unless `exact`; its recall, measured on a sample, is returned
    (None where all were compared). Memory is bounded: blocks of cells against pieces of their candidates.
    """
    order = np.argsort(time, kind="stable")
    ordered = np.ascontiguousarray(scores[order], np.float32)
    low, high = _candidates(time[order], steps, n_neighbors, window)
    indexed = exact is False or (exact is None and int((high - low).sum()) > EXACT_UP_TO)
    blocks = list(_blocks(low, high)) if indexed else [(b, min(b + BLOCK, low.size)) for b in range(0, low.size, BLOCK)]
    neighbours = np.full((low.size, n_neighbors), -1, np.int32)
    sources, targets, weights = [], [], []
    for begin, end in blocks:
        report("transitions", begin, low.size)
        part = slice(begin, end)
        find = _through_index if indexed else nearest_in_ranges
        neighbour, distance = find(ordered, ordered[part], low[part], high[part], n_neighbors)
        neighbours[part] = neighbour
        weight = _kernel(distance.astype(np.float64) ** 2)
        row, column = np.nonzero(weight > 0)
        sources.append(order[begin + row])
        targets.append(order[neighbour[row, column]])
        weights.append(weight[row, column])
    report("transitions", low.size, low.size)
    if not sources:
        nothing = np.empty(0, np.intp)
        return Edges(nothing, nothing, np.empty(0)), None
    edges = sorted_edges(np.concatenate(sources), np.concatenate(targets), np.concatenate(weights), time)
    if not indexed:
        return edges, None
    asked = np.linspace(0, low.size - 1, min(SAMPLE, low.size)).astype(np.intp)
    true, _ = nearest_in_ranges(ordered, ordered[asked], low[asked], high[asked], n_neighbors)
    return edges, share_found(neighbours[asked], true)


def _candidates(
    clock: NDArray[np.floating], steps: str, n_neighbors: int, window: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The range of candidates [low, high) of each cell that has later ones; cells and ranges in order of time."""
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
    return low[:last], high[:last]


def _blocks(low: NDArray[np.intp], high: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Cells whose candidates are mostly the same: their first ones a quarter of a range apart at most."""
    begin = 0
    while begin < low.size:
        end = int(np.searchsorted(low, low[begin] + (high[begin] - low[begin]) // 4, side="right"))
        end = max(end, begin + 1)
        yield begin, end
        begin = end


def _through_index(
    ordered: NDArray[np.float32],
    queries: NDArray[np.float32],
    low: NDArray[np.intp],
    high: NDArray[np.intp],
    k: int,
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """As `nearest_in_ranges`, approximate: twice as many are sought among the candidates of all, and sifted."""
    first, last = int(low[0]), int(high[-1])
    if len(queries) * (last - first) <= COMPARED:
        return nearest_in_ranges(ordered, queries, low, high, k)
    alike = low[0] == low[-1] and high[0] == high[-1]
    near = nearest(ordered[first:last], queries, k if alike else min(2 * k, last - first), exact=False)
    found = np.where(near.index >= 0, near.index + first, -1).astype(np.intp)
    outside = (found < low[:, None]) | (found >= high[:, None])
    distance = np.where(outside, np.inf, near.distance)
    best = np.argsort(distance, axis=1, kind="stable")[:, :k]
    found, distance = np.take_along_axis(found, best, 1), np.take_along_axis(distance, best, 1)
    missing = k - found.shape[1]
    if missing:
        found = np.pad(found, ((0, 0), (0, missing)), constant_values=-1)
        distance = np.pad(distance, ((0, 0), (0, missing)), constant_values=np.inf)
    return np.where(np.isfinite(distance), found, -1), distance.astype(np.float32)


def _kernel(squared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adaptive Gaussian weights of neighbours by distance [n, k]; infinite distances weigh 0, rows sum to 1."""
    found = np.isfinite(squared).sum(1)
    third = np.maximum((found + 2) // 3, 1) - 1
    scale = squared[np.arange(squared.shape[0]), third]
    scale = np.where(np.isfinite(scale), scale, 1.0)  # a cell of which no neighbour was found
    # Against the nearest neighbour, so that a far-off cell's weights do not all vanish; the ratio is the same.
    excess = squared - np.where(np.isfinite(squared[:, :1]), squared[:, :1], 0.0)
    spread = np.where(scale > 0, scale, 1.0)[:, None]
    weight = np.exp(-excess / (2 * spread))
    # Cells in the very place of their third neighbour: only those coinciding with it count.
    weight[(scale == 0)[:, None] & (excess > 0)] = 0.0
    normalised: NDArray[np.float64] = weight / np.maximum(weight.sum(1, keepdims=True), 1e-300)
    return normalised
