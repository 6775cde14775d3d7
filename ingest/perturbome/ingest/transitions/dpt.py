"""Diffusion pseudotime, on scanpy's diffusion map, for cells that nobody ordered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from perturbome.ingest.transitions.kernel import adaptive_scale, exponents
from perturbome.ingest.transitions.nearest import Nearest
from perturbome.ingest.words import many
from perturbome.platform.errors import BadValues, MissingExtra

Floats = NDArray[np.float64]
N_COMPONENTS = 10
SMALLEST = 1e-12
EPSILON = 1e-7  # an eigenvalue is told from 1 down to this
ROUNDING = 1e-6  # of the size of a cell: expression is kept in single precision


@dataclass(frozen=True)
class Pseudotime:
    """Pseudotime of each cell [n], 0 at the root and NaN where no path leads; the root; what to tell."""

    values: Floats
    root: int
    said: list[str]


def diffusion_pseudotime(
    near: Nearest,
    *,
    root: int | None = None,
    candidates: NDArray[np.intp] | None = None,
    seed: int = 0,
    size: float = 0.0,
) -> Pseudotime:
    """Distance from a root in all scales of the diffusion on the neighbour graph, divided by the largest.

    `root`: the cell to start from; or `candidates`: the cells of a type, of which the one nearest to their median (in
    the same distance) is taken; with neither, the end of the first diffusion component
    that sticks out most, and then the direction is arbitrary. Only the component of the graph that holds the root
    (without one: most candidates, or most cells) is ordered.
    Distance of cells i and j: sqrt(sum_m (l_m / (1 - l_m))^2 (psi_m(i) - psi_m(j))^2) over scanpy's first components,
    the stationary one left out. Source: Haghverdi et al. 2016, Nature Methods 13, 845, on the kernel graph of Setty
    et al. 2019. `scanpy.tl.dpt` gives the same as long as no eigenvalue reaches 0.9994; from there on it takes a
    component for stationary, and in large or clean data, whose slowest component is the very path, order is lost.
    `size` is the length of the longest cell as a vector of expression: distances below a millionth of it are rounding.
    Raises MissingExtra without scanpy, BadValues where the component has too few cells, or none that differ.
    """
    graph = kernel_graph(near)
    n_parts, part = connected_components(graph, directed=False)
    holders = np.array([root]) if root is not None else candidates if candidates is not None else np.arange(len(part))
    inside = np.flatnonzero(part == np.bincount(part[holders], minlength=n_parts).argmax())
    if inside.size < 5:
        raise BadValues(
            f"The root lies in a component of {many(inside.size, 'cell')} of the neighbour graph; diffusion pseudotime "
            "needs 5. Take another root, or more neighbours (--neighbors)."
        )
    far = near.distance[inside]
    if not (far[np.isfinite(far)] > ROUNDING * size).any():
        raise BadValues(
            f"{many(inside.size, 'cell')} to be ordered by a diffusion pseudotime do not differ: every neighbour lies "
            "in the same place, up to rounding. Take another root (--root), times or a pseudotime of the file, or look "
            "whether the file holds copies of one cell."
        )
    said = []
    if inside.size < part.size:
        said.append(
            f"{many(part.size - inside.size, 'cell')} in other components of the neighbour graph than the root's have "
            "no pseudotime and are left out."
        )
    values, basis = _diffusion_map(graph[inside][:, inside], near.index.shape[1], seed)
    place = basis * (values / (1 - values))
    if root is not None:
        start = int(np.searchsorted(inside, root))
    elif candidates is not None:
        of_type = np.flatnonzero(np.isin(inside, candidates))
        middle = np.median(place[of_type], axis=0)
        start = int(of_type[np.linalg.norm(place[of_type] - middle, axis=1).argmin()])
    else:
        start = int(np.abs(basis[:, 0]).argmax())
    pseudotime = np.full(part.size, np.nan)
    distance = np.linalg.norm(place - place[start], axis=1)
    pseudotime[inside] = distance / distance.max()
    return Pseudotime(pseudotime, int(inside[start]), said)


def kernel_graph(near: Nearest) -> sparse.csr_matrix:
    """Symmetric weights [n, n], exp(-d^2 / (2 s_i^2) - d^2 / (2 s_j^2)), of pairs that are neighbours either way."""
    n, k = near.index.shape
    scale = adaptive_scale(near.distance)
    weight = np.exp(exponents(near.index, near.distance, scale, scale))
    known = near.index >= 0
    # A neighbour too far for a positive weight is one all the same: the smallest keeps the graph in one piece.
    weight = np.maximum(weight, SMALLEST)
    row = np.repeat(np.arange(n, dtype=np.int32), k)[known.ravel()]
    one_way = sparse.csr_matrix((weight[known], (row, near.index[known])), shape=(n, n))
    return one_way.maximum(one_way.T).tocsr()


def _diffusion_map(graph: sparse.csr_matrix, k: int, seed: int) -> tuple[Floats, Floats]:
    """Eigenvalues [d] and eigenvectors [n, d] of the diffusion on a connected graph, the stationary one left out."""
    from anndata import AnnData

    scanpy = _scanpy()
    data = AnnData(shape=(graph.shape[0], 0))
    data.obsp["connectivities"] = data.obsp["distances"] = graph
    data.uns["neighbors"] = {
        "connectivities_key": "connectivities",
        "distances_key": "distances",
        "params": {"n_neighbors": k, "method": "gauss"},
    }
    scanpy.tl.diffmap(data, n_comps=min(N_COMPONENTS, graph.shape[0] - 2), random_state=seed)
    values = np.asarray(data.uns["diffmap_evals"][1:], np.float64)
    return np.minimum(values, 1 - EPSILON), np.asarray(data.obsm["X_diffmap"][:, 1:], np.float64)


def _scanpy() -> Any:
    try:
        import scanpy
    except ImportError as missing:
        raise MissingExtra("scanpy", "models", "A diffusion pseudotime") from missing
    return scanpy
