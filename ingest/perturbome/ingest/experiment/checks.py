"""Values that cannot be: NaN, infinite, negative or fractional counts, with the first cell and gene that has one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from perturbome.ingest.experiment.state import State
from perturbome.platform.errors import BadValues


def check_values(
    piece: sp.csr_matrix, state: State, cells: Sequence[str], genes: Sequence[str], where: str, first_row: int = 0
) -> None:
    """Raise BadValues for the first value of a piece that `state` forbids.

    `cells` are the names of the piece's rows; `first_row` is the number of the first one in the file.
    """
    data = piece.data
    if np.issubdtype(data.dtype, np.floating):
        finite = np.isfinite(data)
        if not finite.all():
            _fail(piece, ~finite, cells, genes, where, first_row, "is not a number (NaN) or infinite",
                  "Remove or fill such values before ingest.")  # fmt: skip
    if state == "other" or not len(data):
        return
    if data.min() < 0:
        _fail(piece, data < 0, cells, genes, where, first_row, f"is negative, which {_WORDS[state]} cannot be",
              "If the matrix was scaled or batch-corrected, pass --state other, "
              "or name the layer with the counts by --layer.")  # fmt: skip
    if state == "counts" and np.issubdtype(data.dtype, np.floating):
        # Compared with itself rounded: `% 1` is several times slower.
        fractional = data != np.rint(data)
        if fractional.any():
            _fail(piece, fractional, cells, genes, where, first_row, "is a fraction, but counts are expected",
                  "Pass --state log1p if they are log-normalised, --state other to store them as they are, "
                  "or round them first.")  # fmt: skip


_WORDS = {"counts": "a count", "normalised": "a normalised count", "log1p": "log1p of a count"}


def _fail(
    piece: sp.csr_matrix,
    bad: np.ndarray,
    cells: Sequence[str],
    genes: Sequence[str],
    where: str,
    first_row: int,
    what: str,
    mend: str,
) -> None:
    at = int(np.flatnonzero(bad)[0])
    row = int(np.searchsorted(piece.indptr, at, side="right")) - 1
    column = int(piece.indices[at])
    more = int(bad.sum()) - 1
    raise BadValues(
        f"{where}: the value {piece.data[at]:g} of gene '{genes[column]}' in cell '{cells[row]}' "
        f"(row {first_row + row + 1}) {what}{f'; so are {more} more nearby' if more else ''}. {mend}"
    )
