"""Single cells of the conditions, as a memory-mapped sparse matrix, and dense batches of them for training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

REMOVED = np.iinfo(np.int32).min
"""Code of a cell that belongs to no condition and no control part of this data."""


@dataclass(frozen=True)
class Cells:
    """Every cell's key, content and group; the expression itself only where it was asked for.

    code k >= 0: the cell carries condition k; code -1 - g: it is a control cell of group g = context * PARTS + part;
    REMOVED: neither.
    """

    key: NDArray[np.uint64]  # [n_cells], hash of the cell's name
    content: NDArray[np.uint64]  # [n_cells], hash of its expression over all measured genes
    n_expressed: NDArray[np.int32]  # [n_cells], genes that are not zero, of all measured
    code: NDArray[np.int32]  # [n_cells]
    matrix: sparse.csr_matrix | None = None  # [n_cells, n_genes] float32

    def rows(self, condition: int) -> NDArray[np.intp]:
        """Rows of the cells that carry a condition."""
        return np.flatnonzero(self.code == condition)
