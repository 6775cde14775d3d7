"""Likeness of genes from what is known of them: [n, n] with 1 on the diagonal; what is unknown is like nothing.

Every kernel is positive semi-definite, and the likeness of two genes does not depend on which others are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import expm_multiply

from perturbome.models.predictors.features import GeneGraph
from perturbome.platform.errors import BadValues

Array = NDArray[np.float64]

DIFFUSION_TIME = 2.0
COLUMNS = 256  # of the diffusion done at once: bounds memory on a network of many genes
MOST_KEPT = 4000  # genes of a network whose diffusion is kept, 128 MB

_DIFFUSED: WeakKeyDictionary[GeneGraph, dict[float, _Diffused]] = WeakKeyDictionary()


def cosine(vectors: sparse.csr_matrix | Array) -> Array:
    """k(a, b) = <a, b> / (|a| |b|) over the rows of vectors [n, d]."""
    x = sparse.csr_matrix(vectors, dtype=np.float64)
    return unit((x @ x.T).toarray())


def jaccard(members: sparse.csr_matrix) -> Array:
    """k(a, b) = sets of both / sets of either, over rows of members [n, n_sets]. Positive definite: Gower
    1971; Bouchard et al. 2013."""
    x = sparse.csr_matrix(members != 0, dtype=np.float64)
    both = (x @ x.T).toarray()
    n = np.diag(both)
    either = n[:, None] + n[None, :] - both
    return unit(np.divide(both, either, out=np.zeros_like(both), where=either > 0))


def diffusion(graph: GeneGraph, genes: Sequence[str], time: float = DIFFUSION_TIME) -> Array:
    """k = exp(-time L) scaled to 1 on the diagonal, L = I - D^-1/2 W D^-1/2 of the undirected graph; its genes' block.

    W is made symmetric, (W + W') / 2, without loops. Kondor and Lafferty 2002; Smola and Kondor 2003. Raises
    BadValues for negative weights. Genes without a neighbour are unknown. What was diffused from a gene is kept as
    long as the graph is, so that each gene is paid for once.
    """
    before = _DIFFUSED.get(graph, {}).get(time)
    known_before = _nothing(graph) if before is None else before
    at = graph.rows(genes)
    there = np.flatnonzero(at >= 0)
    known = there[known_before.degree[at[there]] > 0]
    columns, back = np.unique(at[known], return_inverse=True)
    now = _extended(known_before, np.setdiff1d(columns, known_before.columns), time)
    if len(now.columns) <= MOST_KEPT:
        _DIFFUSED.setdefault(graph, {})[time] = now
    where = np.searchsorted(now.columns, columns)[back]
    found = np.zeros((len(at), len(at)))
    found[np.ix_(known, known)] = now.block[np.ix_(where, where)]
    return unit(found)


@dataclass(frozen=True)
class _Diffused:
    """What is known of exp(-time L): a block of it."""

    walk: sparse.csc_matrix  # -L
    degree: Array
    columns: NDArray[np.intp]  # sorted
    block: Array  # [columns, columns]


def _nothing(graph: GeneGraph) -> _Diffused:
    if graph.weights.nnz and graph.weights.data.min() < 0:
        raise BadValues("A network to diffuse over holds negative weights. Give their sizes, or name it a regulation.")
    w = sparse.csr_matrix((graph.weights + graph.weights.T) / 2)
    w = sparse.csr_matrix(w - sparse.diags(w.diagonal()))
    degree = np.asarray(w.sum(axis=1)).ravel()
    root = sparse.diags(np.divide(1, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0))
    walk = sparse.csc_matrix(root @ w @ root - sparse.identity(len(degree)))
    return _Diffused(walk, degree, np.zeros(0, dtype=np.intp), np.zeros((0, 0)))


def _extended(before: _Diffused, new: NDArray[np.intp], time: float) -> _Diffused:
    """The block with more columns, each diffused once; what lies between old and new ones follows by symmetry."""
    if not len(new):
        return before
    every = np.union1d(before.columns, new)
    spread = np.zeros((len(every), len(new)))
    for first in range(0, len(new), COLUMNS):
        these = new[first : first + COLUMNS]
        start = np.zeros((len(before.degree), len(these)))
        start[these, np.arange(len(these))] = 1
        walked = expm_multiply(time * before.walk, start, traceA=time * before.walk.trace())
        spread[:, first : first + len(these)] = walked[every]
    old, added = np.searchsorted(every, before.columns), np.searchsorted(every, new)
    block = np.zeros((len(every), len(every)))
    block[np.ix_(old, old)] = before.block
    block[:, added] = spread
    block[added, :] = spread.T
    among = spread[added]
    block[np.ix_(added, added)] = (among + among.T) / 2
    return _Diffused(before.walk, before.degree, every, block)


def unit(kernel: Array) -> Array:
    """The kernel scaled to 1 on the diagonal; a row whose diagonal is 0 becomes that of the identity: unknown."""
    size = np.sqrt(np.maximum(np.diag(kernel), 0))
    scale = np.divide(1, size, out=np.zeros_like(size), where=size > 0)
    scaled: Array = kernel * scale[:, None] * scale[None, :]
    np.fill_diagonal(scaled, 1.0)
    return scaled


def gaussian(x: Array, y: Array, length: float) -> Array:
    """k(a, b) = exp(-|a - b|² / (2 length²)) between the rows of x [n, d] and y [m, d]."""
    square = np.sum(x**2, axis=1)[:, None] + np.sum(y**2, axis=1)[None, :] - 2 * x @ y.T
    kernel: Array = np.exp(-np.maximum(square, 0) / (2 * length**2))
    return kernel
