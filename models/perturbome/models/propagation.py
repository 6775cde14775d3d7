"""Signed propagation of a perturbation over a regulatory network: arrays in, arrays out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, eigs

Array = NDArray[np.float64]

STEPS = 3
DAMPING = 0.5
DENSE_ABOVE = 0.1  # share of non-zero weights above which a dense product is faster than a sparse one
SMALL = 400  # regulators up to which all eigenvalues are computed


def propagate(
    weights: sparse.csr_matrix, start: Array, held: NDArray[np.bool_], lowest: Array,
    steps: int = STEPS, damping: float = DAMPING,
) -> Array:  # fmt: skip
    """Change of every gene after `steps` steps for many perturbations at once.

    With u = start where held and 0 elsewhere, d_0 = u and

        d_{k+1} = max(W' (u + damping * free(d_k)), lowest),  held genes put back to u,

    where free(d) is d with the held genes at 0: a direct edge counts in full, a path of L edges counts
    damping^(L-1), and nothing flows into a held gene. Only regulators pass a change on, so the steps before the last
    are computed among regulators alone: O(steps * n_perturbations * n_edges), or a dense product where edges are many.

    weights [genes, genes]: change of the column gene per unit of the row gene; start, held [n_perturbations, genes];
    lowest [genes] <= 0: the change that would take a gene's expression to zero. Units: those of `start` (log1p).
    Returns [n_perturbations, genes]. After Kamimoto et al. 2023 (CellOracle), whose damping is 1.
    """
    imposed = np.where(held, start, 0.0)
    if steps < 1:
        return imposed
    regulators = np.flatnonzero(np.diff(weights.indptr))
    outgoing = weights[regulators]
    fixed, kept = imposed[:, regulators], held[:, regulators]
    pushed = fixed
    if steps > 1:
        inner = _product_form(outgoing[:, regulators])
        for _ in range(steps - 1):
            change = np.maximum(pushed @ inner, lowest[regulators])
            pushed = fixed + damping * np.where(kept, 0.0, change)
    return np.where(held, imposed, np.maximum(pushed @ _product_form(outgoing), lowest))


def safe_damping(weights: sparse.csr_matrix, damping: float = DAMPING) -> float:
    """The damping asked for, or less where feedback would grow without end: at most 0.95 / spectral radius."""
    radius = spectral_radius(weights)
    return damping if damping * radius < 0.95 else 0.95 / radius


def spectral_radius(weights: sparse.csr_matrix) -> float:
    """Largest modulus of an eigenvalue; only edges among regulators can form the feedback that decides it."""
    regulators = np.flatnonzero(np.diff(weights.indptr))
    inner = weights[regulators][:, regulators]
    n = inner.shape[0]
    if n == 0 or inner.nnz == 0:
        return 0.0
    if n <= SMALL:
        return float(np.abs(np.linalg.eigvals(inner.toarray())).max())
    try:
        return float(np.abs(eigs(inner, k=1, v0=np.ones(n), return_eigenvectors=False, maxiter=50 * n)).max())
    except ArpackNoConvergence:
        # Any norm bounds the radius from above, so the damping that follows is safe, if smaller than it need be.
        return float(np.sqrt(sparse.linalg.norm(inner, 1) * sparse.linalg.norm(inner, np.inf)))


def _product_form(matrix: sparse.csr_matrix) -> sparse.csr_matrix | Array:
    """Dense where that multiplies faster, else as it is."""
    cells = matrix.shape[0] * matrix.shape[1]
    return matrix.toarray() if cells and matrix.nnz > DENSE_ABOVE * cells else matrix
