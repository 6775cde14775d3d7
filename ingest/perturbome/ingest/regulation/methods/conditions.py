"""The conditions of a perturbation experiment: cells perturbed alike, their sums, and what each perturbation adds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.method import Cells, Floats
from perturbome.ingest.regulation.moments import Matrix

ALONE = 1e-6  # of a perturbation's effect may be that of others and still be called its own


@dataclass(frozen=True)
class Conditions:
    """Cells by what is perturbed in them; condition 0 is the control, others each a set of perturbed genes."""

    of_cell: NDArray[np.intp]  # [n], -1 for cells that are neither perturbed nor control
    size: Floats  # [K + 1], cells
    sets: NDArray[np.bool_]  # [K, m], which genes are perturbed in conditions 1..K
    aimed: NDArray[np.intp]  # [m], columns

    @classmethod
    def of(cls, cells: Cells) -> Conditions:
        """Conditions of a group of cells; genes perturbed in none of its cells are left out.

        Cells in which a gene without a column is perturbed too (`Cells.mixed`) are of none: what it does would be laid
        at the door of the others, or of the control.
        """
        plain = ~cells.mixed
        treated = np.flatnonzero(cells.perturbed.any(1) & plain)
        perturbed = cells.perturbed[treated]
        used = np.flatnonzero(perturbed.any(0))
        perturbed = perturbed[:, used]
        packed = np.ascontiguousarray(np.packbits(perturbed, axis=1))
        _, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        of_cell = np.where(cells.control & plain, 0, -1)
        of_cell[treated] = which.ravel() + 1
        size = np.bincount(of_cell[of_cell >= 0], minlength=first.size + 1).astype(np.float64)
        return cls(of_cell, size, perturbed[first], cells.aimed[used])

    def sums(self, X: Matrix, power: int = 1, weight: Floats | None = None) -> Floats:
        """Sum over the cells of each condition of `weight * X ** power`: [K + 1, G], never making X dense."""
        rows = np.flatnonzero(self.of_cell >= 0)
        weight = np.ones(rows.size) if weight is None else weight[rows]
        member = sparse.csr_matrix((weight, (self.of_cell[rows], rows)), (self.size.size, self.of_cell.size))
        if power > 1:
            X = X.astype(np.float64) ** power if isinstance(X, np.ndarray) else X.power(power)
        total = member @ X
        return np.asarray(total.toarray() if sparse.issparse(total) else total, np.float64)

    def meets_itself(self, n_genes: int) -> NDArray[np.bool_]:
        """Where a condition perturbs the gene itself: [K + 1, G]."""
        own = np.zeros((self.size.size, n_genes), bool)
        own[1:, self.aimed] = self.sets
        return own

    def solution(self) -> tuple[sparse.csr_matrix, NDArray[np.bool_]]:
        """From changes of conditions to effects of genes: A [m, K], and which genes' effects can be told [m].

        Least squares with as much weight as cells, `A = (C'NC)^+ C'N` for the multi-hot sets C [K, m], so that a
        double counts for both its genes. Genes that are only ever perturbed together cannot be told apart.
        """
        m = self.aimed.size
        if m == 0:
            return sparse.csr_matrix((0, 0)), np.ones(0, bool)
        if self.sets.shape[0] == m and (self.sets.sum(1) == 1).all():
            which = self.sets.argmax(1)
            return sparse.csr_matrix((np.ones(m), (which, np.arange(m))), (m, m)), np.ones(m, bool)
        C = self.sets.astype(np.float64)
        weighed = C * np.sqrt(self.size[1:, None])
        A = np.linalg.pinv(weighed) * np.sqrt(self.size[1:])
        told = np.abs(A @ C - np.eye(m)).max(1) < ALONE
        A[np.abs(A) < 1e-12] = 0.0
        return sparse.csr_matrix(A), told
