"""Transitions along RNA velocity: to the neighbours that lie where a cell is heading."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import cg

from perturbome.ingest.transitions.method import Cells, Found, Options, sorted_edges
from perturbome.ingest.transitions.nearest import Nearest
from perturbome.ingest.transitions.velocity_file import Velocity, read_velocity
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError

Floats = NDArray[np.float64]
SHARPNESS = 10.0  # 1 / sigma^2, scVelo's
ENTRIES = 20_000_000  # cells x neighbours x genes compared at once


def velocity(cells: Cells, options: Options) -> Found:
    """Nearest neighbours by expression, weighed by the cosine between the way to them and the velocity.

    Only ways along the velocity count. Unless another clock was asked for, cells are ordered by the potential that
    fits these ways best (see `potential`), and edges against the order are left out.
    """
    if options.file is None:
        raise InputError(
            "Velocities are not kept in the store: name the experiment's file that holds them with --file X.h5ad."
        )
    moving = read_velocity(options.file, cells.names, options.report)
    near = cells.neighbours(options)
    along = toward(near, moving, options)
    said = [*moving.said]
    own_order = bool(np.isnan(cells.time).all())
    time = potential(along) if own_order else cells.time
    said += ["Cells are ordered by the potential of the velocity field, from 0 to 1."] if own_order else []
    coo = along.tocoo()
    later = time[coo.col] > time[coo.row]
    total = float(coo.data.sum())
    if total and not later.all():
        against = float(coo.data[~later].sum()) / total
        said.append(f"{against:.1%} of the transitions' weight ran against that order, as in cycles, and was left out.")
    weight = _of_rows(coo.row[later], coo.data[later], len(time))
    edges = sorted_edges(coo.row[later].astype(np.intp), coo.col[later].astype(np.intp), weight, time)
    still = len(time) - np.unique(edges.source).size
    if still:
        said.append(f"{many(still, 'cell')} without a later neighbour along the velocity keep no edge.")
    details = {"file": str(options.file), "layers": moving.layers, "n_velocity_genes": moving.V.shape[1],
               "recall": near.recall}  # fmt: skip
    return Found(edges, tuple(said), details, time if own_order else None)


def toward(near: Nearest, moving: Velocity, options: Options) -> sparse.csr_matrix:
    """P_ij = exp(10 c_ij) / sum_j exp(10 c_ij) over neighbours j with c_ij > 0, the correlation of x_j - x_i and v_i.

    Source: Bergen et al. 2020, Nature Biotechnology 38, 1408, the velocity graph (centred, hence a correlation) and
    its exponential kernel with 1 / sigma^2 = 10.
    """
    n, k = near.index.shape
    correlation = np.zeros((n, k), np.float32)
    block = max(1, ENTRIES // (k * max(moving.V.shape[1], 1)))
    for begin in range(0, n, block):
        options.report("velocity", begin, n)
        part = slice(begin, begin + block)
        way = moving.X[near.index[part]] - moving.X[part, None, :]
        correlation[part] = correlations(way, moving.V[part])
    options.report("velocity", n, n)
    correlation[near.index < 0] = 0.0
    row, column = np.nonzero(correlation > 0)
    top = correlation.max(1, initial=0.0)
    value = np.exp(SHARPNESS * (correlation[row, column].astype(np.float64) - top[row]))
    return sparse.csr_matrix((_of_rows(row, value, n), (row, near.index[row, column])), shape=(n, n))


def correlations(way: NDArray[np.floating], v: NDArray[np.floating]) -> NDArray[np.floating]:
    """Pearson correlation of each way [n, k, G] with its cell's velocity [n, G]; 0 where either does not vary."""
    way = way - way.mean(2, keepdims=True)
    v = v - v.mean(1, keepdims=True)
    both = np.linalg.norm(way, axis=2) * np.linalg.norm(v, axis=1)[:, None]
    return np.where(both > 0, np.einsum("nkg,ng->nk", way, v) / np.where(both > 0, both, 1.0), 0.0)


def potential(along: sparse.csr_matrix) -> Floats:
    """The order [n] in 0..1 that minimises sum_ij P_ij (phi_j - phi_i - 1)^2: every transition one step up.

    Each component of the graph begins at 0. Source: the least-squares ranking of Jiang et al. 2011, Math. Program.
    127, 203 (HodgeRank).
    """
    n = along.shape[0]
    both = (along + along.T).tocsr()
    laplacian = sparse.diags_array(np.asarray(both.sum(1)).ravel()).tocsr() - both
    ahead = np.asarray(along.sum(0)).ravel() - np.asarray(along.sum(1)).ravel()
    scale = np.maximum(laplacian.diagonal(), 1e-12)
    smooth = sparse.diags_array(1 / scale)
    phi, _ = cg(laplacian + sparse.diags_array(1e-9 * scale), ahead, rtol=1e-6, maxiter=2000, M=smooth)
    n_parts, part = sparse.csgraph.connected_components(both, directed=False)
    lowest = np.full(n_parts, np.inf)
    np.minimum.at(lowest, part, phi)
    phi = phi - lowest[part]
    return np.asarray(phi / phi.max()) if n and phi.max() > 0 else np.zeros(n)


def _of_rows(row: NDArray[np.integer], value: Floats, n: int) -> Floats:
    """Values of a row divided by their sum."""
    total = np.bincount(row, value, minlength=n)
    return np.asarray(value / total[row])
