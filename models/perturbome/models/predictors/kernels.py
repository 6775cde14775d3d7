"""Likeness of genes from what is known of them: [n, n] with 1 on the diagonal; what is unknown is like nothing.

Every kernel is positive semi-definite, and the likeness of two genes does not depend on which others are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import expm_multiply

from perturbome.models.predictors.features import GeneGraph
from perturbome.platform.errors import BadValues

Array = NDArray[np.float64]

DIFFUSION_TIME = 2.0
COLUMNS = 256  # of the diffusion done at once: bounds memory on a network of many genes


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
    BadValues for negative weights. Genes without a neighbour are unknown.
    """
    if graph.weights.nnz and graph.weights.data.min() < 0:
        raise BadValues("A network to diffuse over holds negative weights. Give their sizes, or name it a regulation.")
    w = sparse.csr_matrix((graph.weights + graph.weights.T) / 2)
    w = sparse.csr_matrix(w - sparse.diags(w.diagonal()))
    degree = np.asarray(w.sum(axis=1)).ravel()
    root = sparse.diags(np.divide(1, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0))
    walk = sparse.csc_matrix(root @ w @ root - sparse.identity(len(degree)))
    at = graph.rows(genes)
    known = np.flatnonzero((at >= 0) & (degree[at] > 0))
    columns, back = np.unique(at[known], return_inverse=True)
    block = np.zeros((len(columns), len(columns)))
    for first in range(0, len(columns), COLUMNS):
        these = columns[first : first + COLUMNS]
        start = np.zeros((len(degree), len(these)))
        start[these, np.arange(len(these))] = 1
        block[:, first : first + len(these)] = expm_multiply(time * walk, start, traceA=time * walk.trace())[columns]
    found = np.zeros((len(at), len(at)))
    found[np.ix_(known, known)] = ((block + block.T) / 2)[np.ix_(back, back)]
    return unit(found)


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
