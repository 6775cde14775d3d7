"""Transitions along pseudotime: the Markov chain of Palantir, directed strictly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from perturbome.ingest.transitions.kernel import adaptive_scale, exponents, normalised
from perturbome.ingest.transitions.method import Cells, Edges, Found, Options, sorted_edges
from perturbome.ingest.transitions.nearest import Nearest
from perturbome.ingest.words import many

CHUNK = 65536  # cells weighed at once


def diffusion(cells: Cells, options: Options) -> Found:
    """Nearest neighbours of each cell that are later, weighed by the adaptive kernel; see `forward`."""
    near = cells.neighbours(options)
    edges = forward(near, cells.time)
    said = [] if near.recall == 1 else [f"Neighbours were found through an index; measured recall {near.recall:.1%}."]
    parts = components(near)
    if parts > 1:
        said.append(
            f"The neighbour graph falls into {parts:,} components that no transition joins; "
            f"more neighbours may join them (--neighbors, here {options.n_neighbors})."
        )
    asked = np.unique(edges.source).size
    ends = len(cells.time) - asked - int((cells.time == cells.time.max()).sum())
    if ends > 0:
        said.append(f"{many(ends, 'cell')} besides the latest have no later neighbour and keep no edge: ends of paths.")
    return Found(edges, tuple(said), {"recall": near.recall, "components": parts})


def forward(near: Nearest, time: NDArray[np.floating]) -> Edges:
    """Edges from each cell to those of its neighbours that are strictly later in `time` [n].

    Weight of i -> j: exp(-d^2 / (2 s_i^2) - d^2 / (2 s_j^2)), divided by the row's sum, with s the distance to the
    neighbour a third of the way out. Source: Setty et al. 2019, Palantir, construction of the Markov chain. There,
    edges up to s_i back in time are kept; here none is: the tolerance compares a distance with a pseudotime, two
    units, and whoever reads an edge takes its target for the later cell. Cells of equal time are not joined.
    """
    scale = adaptive_scale(near.distance)
    sources, targets, weights = [], [], []
    for begin in range(0, len(time), CHUNK):
        part = slice(begin, begin + CHUNK)
        index = near.index[part]
        later = (index >= 0) & (time[index] > time[part, None])
        exponent = exponents(index, near.distance[part], scale[part], scale)
        weight = normalised(np.where(later, exponent, -np.inf))
        row, column = np.nonzero(weight > 0)
        sources.append(row + begin)
        targets.append(index[row, column].astype(np.intp))
        weights.append(weight[row, column])
    return sorted_edges(np.concatenate(sources), np.concatenate(targets), np.concatenate(weights), time)


def components(near: Nearest) -> int:
    """Number of connected components of the neighbour graph, directions aside."""
    n, k = near.index.shape
    row = np.repeat(np.arange(n, dtype=np.int32), k)
    column = near.index.ravel()
    known = column >= 0
    graph = sparse.csr_matrix((np.ones(int(known.sum()), np.int8), (row[known], column[known])), shape=(n, n))
    return int(connected_components(graph, directed=False)[0])
