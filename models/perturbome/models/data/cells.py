"""Single cells of the conditions: which is which, and their expression as a (memory-mapped) sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.models.data.fingerprint import Hashes
from perturbome.platform.errors import ModelError

REMOVED = int(np.iinfo(np.int32).min)
"""Code of a cell that belongs to no condition and no control part of this data."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Every cell's key, content and group; the expression itself only where it was asked for.

    code k >= 0: the cell carries condition k; code -1 - g: it is a control cell of group g = context * PARTS + part;
    REMOVED: neither.
    """

    key: Hashes  # [n_cells], hash of the cell's name
    content: Hashes  # [n_cells], hash of its expression over all measured genes
    n_expressed: NDArray[np.int32]  # [n_cells], genes that are not zero, of all measured
    code: NDArray[np.int32]  # [n_cells]
    n_conditions: int
    matrix: sparse.csr_matrix | None = None  # [n_cells, n_genes] float32

    @property
    def grouped(self) -> NDArray[np.bool_]:
        """True for the cells that belong to a condition or a control part."""
        inside: NDArray[np.bool_] = self.code != REMOVED
        return inside

    @property
    def group(self) -> NDArray[np.intp]:
        """Number of the group of every cell: the conditions first, then the control groups; -1 for removed cells."""
        return group_rows(self.code, self.n_conditions)

    def rows(self, condition: int) -> NDArray[np.intp]:
        """Rows of the cells that carry a condition."""
        return np.flatnonzero(self.code == condition)

    def control_rows(self, context: int, half: int) -> NDArray[np.intp]:
        """Rows of one half of a context's control cells."""
        first = 4 * context + 2 * half
        return np.flatnonzero((self.code == -1 - first) | (self.code == -2 - first))

    @property
    def expression(self) -> sparse.csr_matrix:
        """The matrix [n_cells, n_genes]; ModelError where it was not asked for."""
        if self.matrix is None:
            raise ModelError("These data hold no single cells. Cut them with cells=True.")
        return self.matrix

    def regrouped(self, conditions: NDArray[np.intp], controls: NDArray[np.intp], n_conditions: int) -> Cells:
        """The same cells where only these conditions are left, and control group g becomes `controls[g]` (-1: gone)."""
        new = np.full(n_conditions + len(controls) + 1, REMOVED, dtype=np.int32)  # the last one serves removed cells
        new[conditions] = np.arange(len(conditions))
        kept = np.flatnonzero(controls >= 0)
        new[n_conditions + kept] = -1 - controls[kept]
        return replace(self, code=new[group_rows(self.code, n_conditions)], n_conditions=len(conditions))


def group_rows(code: NDArray[np.int32], n_conditions: int) -> NDArray[np.intp]:
    """Codes as numbers of groups: condition k is row k, control group g is row n_conditions + g, removed is -1."""
    wide = code.astype(np.intp)
    return np.where(code >= 0, wide, np.where(code == REMOVED, -1, n_conditions - 1 - wide))
