"""Which cells of a group tell of a change: those with a later successor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods.changes import Course
from perturbome.ingest.regulation.methods.successors import normalised_rows
from perturbome.ingest.regulation.methods.surrogates import series_of
from perturbome.ingest.regulation.moments import assign_blocks
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError

MEMORY = 1 << 30  # bytes for the Gram matrices of all blocks
MOST_BLOCKS, FEWEST_BLOCKS = 100, 16
FEWEST_SERIES = 8  # with fewer, blocks are of samples and not of whole series


def kinds_of(cells: Cells) -> NDArray[np.intp]:
    """Number [n] of what was done to each cell: cells become cells that the same was done to."""
    done = np.column_stack([cells.control, cells.perturbed])
    kinds: NDArray[np.intp] = np.unique(done, axis=0, return_inverse=True)[1].ravel()
    return kinds


def course_of(cells: Cells, T: sparse.csr_matrix, options: Options) -> tuple[Course, tuple[str, ...]]:
    """The cells that have a successor, by blocks, and what to say of the others.

    Blocks are of whole series where samples follow one another in enough of them, else of cells at random; without
    bootstraps there is one.
    Raises InputError where none has one.
    """
    T = normalised_rows(T.tocsr())
    rows = np.flatnonzero(np.diff(T.indptr) > 0)
    said: tuple[str, ...] = ()
    if np.isfinite(cells.time).any():
        with np.errstate(invalid="ignore"):
            step = T[rows] @ cells.time - cells.time[rows]
        later = step > 0
        if not later.all():
            said = (f"{many(int((~later).sum()), 'cell')} left out, whose successors are not later.",)
        rows, step = rows[later], step[later]
    else:
        step = np.ones(rows.size)
    if rows.size == 0:
        raise InputError(
            "No cell has a successor, because all are of one time: nothing is seen to change. Give cells of two time "
            "points at least, or a pseudotime; or infer from one time point by another method, such as ridge."
        )
    series = series_of(T)
    if options.n_bootstraps == 0:
        block = np.zeros(rows.size, np.intp)
    elif series is not None and np.unique(series[rows]).size >= FEWEST_SERIES:
        block = np.unique(series[rows], return_inverse=True)[1].ravel()
    else:
        p, n_genes = cells.regulators.size, len(cells.genes)
        n_blocks = int(np.clip(MEMORY // (4 * p * (p + 2 * n_genes)), FEWEST_BLOCKS, MOST_BLOCKS))
        block = assign_blocks(cells.key[rows], n_blocks, options.seed)
    order = np.lexsort((cells.key[rows], block))
    rows = rows[order]
    return Course(
        cells.X, rows, T[rows], step[order], block[order], cells.regulators, cells.aimed, cells.perturbed[rows]
    ), said
