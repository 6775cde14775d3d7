"""What each cell is expected to become, from the times of cells that were destroyed when they were measured."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.moments import Matrix
from perturbome.ingest.transitions.components import principal_components
from perturbome.ingest.transitions.knn import directed_neighbours

Floats = NDArray[np.float64]
MOST_POINTS = 100  # distinct times beyond which they are continuous, a pseudotime


def successors(X: Matrix, time: Floats, *, n_neighbors: int = 15) -> sparse.csr_matrix:
    """Probability [n, n] that the cell of a row becomes that of a column: its nearest neighbours at a later time.

    X [n, G]; `time` [n], NaN where unknown. See `directed_neighbours`; rows sum to 1, those of the latest cells and of
    cells without a time to 0.
    """
    known = np.flatnonzero(np.isfinite(time))
    n = time.size
    if np.unique(time[known]).size < 2:
        return sparse.csr_matrix((n, n))
    points = np.unique(time[known]).size <= MOST_POINTS
    edges = directed_neighbours(
        principal_components(X[known]), time[known], steps="points" if points else "continuous", n_neighbors=n_neighbors
    )
    return sparse.csr_matrix((edges.weight, (known[edges.source], known[edges.target])), (n, n))


def lineage_successors(X: Matrix, lineages: Floats) -> sparse.csr_matrix:
    """Successors [n, n] where cells have a pseudotime in each of some lineages [n, L], NaN where they are not of it.

    A cell's successors in each of its lineages count in equal parts.
    """
    total = sum((successors(X, time) for time in lineages.T), start=sparse.csr_matrix((X.shape[0],) * 2))
    rows = np.asarray(total.sum(1)).ravel()
    return sparse.csr_matrix(sparse.diags(np.divide(1.0, rows, out=np.zeros_like(rows), where=rows > 0)) @ total)
