"""Mean, spread and detection of every gene in every group of cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.features.quantiles import Pieces

ENTRIES = ("mean", "standard deviation", "share of cells expressing", "cells")


def group_pseudobulk(pieces: Pieces, n_groups: int, n_genes: int) -> NDArray[np.float64]:
    """Of each gene in each group of cells [n_genes, n_groups, 4]: the `ENTRIES`.

    Mean and population standard deviation over all cells of the group, zeros included; the share of cells in which
    the gene is not zero; the number of cells. Pieces are put together as Chan, Golub and LeVeque (1983) do, so that
    no large sums are subtracted. A group without cells has NaN, and 0 cells.
    """
    n = np.zeros(n_groups)
    mean, squares, seen = (np.zeros((n_groups, n_genes)) for _ in range(3))
    for X, groups in pieces():
        more = np.bincount(groups[groups >= 0], minlength=n_groups).astype(float)
        group = np.repeat(groups, np.diff(X.indptr))
        mine = group >= 0
        place = group[mine].astype(np.int64) * n_genes + X.indices[mine]
        value = X.data[mine].astype(np.float64)
        stored = _summed(place, None, mean.shape)
        part_mean = _summed(place, value, mean.shape) / np.maximum(more, 1)[:, None]
        off = value - part_mean.ravel()[place]
        part_squares = _summed(place, off * off, mean.shape) + (more[:, None] - stored) * part_mean**2
        step = part_mean - mean
        share = (more / np.maximum(n + more, 1))[:, None]
        squares += part_squares + step**2 * (n[:, None] * share)
        mean += step * share
        seen += _summed(place[value != 0], None, mean.shape)
        n += more
    there = np.where(n > 0, n, np.nan)[:, None]
    whole = np.stack(
        [mean + 0 * there, np.sqrt(squares / there), seen / there, np.broadcast_to(n[:, None], mean.shape)]
    )
    return whole.transpose(2, 1, 0)


def _summed(
    place: NDArray[np.int64], weight: NDArray[np.float64] | None, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Sum of the weights (or count) at each place."""
    summed: NDArray[np.float64] = np.bincount(place, weight, int(np.prod(shape))).reshape(shape).astype(np.float64)
    return summed
