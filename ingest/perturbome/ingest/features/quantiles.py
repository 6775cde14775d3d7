"""Quantiles of every gene in every group of cells, exact, zeros counted without being stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.platform.errors import InputError

Pieces: TypeAlias = Callable[[], Iterator[tuple[sparse.csr_matrix, NDArray[np.integer]]]]
"""Pieces of an expression matrix [n, G] with the group of each cell [n], -1 for none; may be gone through again."""

AT_ONCE = 1 << 25
"""Entries held in memory at a time, eight bytes each, and as many again while they are put together."""
GENES_AT_ONCE = 256
_LOW = np.uint64(0xFFFFFFFF)
_SIGN = np.uint32(1 << 31)


def levels(size: int) -> NDArray[np.float64]:
    """The levels of `size` quantiles: `(i + 1/2) / size`, the middles of as many equal shares."""
    return (np.arange(size) + 0.5) / size


def group_quantiles(
    pieces: Pieces, n_groups: int, n_genes: int, size: int, at_once: int = AT_ONCE
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Quantiles of each gene in each group of cells at the `levels`, some genes at a time.

    Yields the first gene and the quantiles [g, n_groups, size] of it and those after it. The quantile at level q is
    the least value that a share q of the group's cells do not exceed (the inverted distribution function, Hyndman and
    Fan 1996, type 1): always a value that some cell has, and the same where every cell is there twice. The pieces are
    gone through once if they hold at most `at_once` entries, else as often as it takes.
    """
    if n_groups * n_genes >= 1 << 32:
        raise InputError(f"{n_groups:,} groups of {n_genes:,} genes are too many. Take times or cell types together.")
    first = 0
    while first < n_genes:
        entries, last, n_cells = _collect(pieces, n_groups, first, n_genes, at_once)
        entries.sort()
        for gene in range(first, last, GENES_AT_ONCE):
            yield gene, _quantiles(entries, n_cells, gene, min(gene + GENES_AT_ONCE, last), size)
        first = last


def _collect(
    pieces: Pieces, n_groups: int, first: int, last: int, at_once: int
) -> tuple[NDArray[np.uint64], int, NDArray[np.int64]]:
    """Entries of the genes from `first` on, up to where they would be too many; that gene; cells of each group."""
    found: list[NDArray[np.uint64]] = []
    n_cells = np.zeros(n_groups, np.int64)
    n = 0
    for X, groups in pieces():
        n_cells += np.bincount(groups[groups >= 0], minlength=n_groups)
        found.append(_packed(X, groups, n_groups, first, last))
        n += found[-1].size
        while n > at_once and last - first > 1:
            last = first + (last - first) // 2
            end = np.uint64(last * n_groups) << np.uint64(32)
            found = [entries[entries < end] for entries in found]
            n = sum(entries.size for entries in found)
    return np.concatenate(found) if found else np.empty(0, np.uint64), last, n_cells


def _packed(
    X: sparse.csr_matrix, groups: NDArray[np.integer], n_groups: int, first: int, last: int
) -> NDArray[np.uint64]:
    """Stored entries as one number each, which sorts by gene, then group, then value."""
    group = np.repeat(groups, np.diff(X.indptr))
    mine = (group >= 0) & (X.indices >= first) & (X.indices < last)
    place = X.indices[mine].astype(np.uint64) * np.uint64(n_groups) + group[mine].astype(np.uint64)
    packed: NDArray[np.uint64] = (place << np.uint64(32)) | _ordinal(X.data[mine].astype(np.float32, copy=False))
    return packed


def _quantiles(
    entries: NDArray[np.uint64], n_cells: NDArray[np.int64], first: int, last: int, size: int
) -> NDArray[np.float32]:
    """Quantiles [last - first, n_groups, size] from sorted entries; a group without cells has NaN."""
    n_groups = n_cells.size
    place = np.arange(first * n_groups, last * n_groups + 1, dtype=np.uint64) << np.uint64(32)
    start = np.searchsorted(entries, place)
    below_zero = np.searchsorted(entries, place[:-1] | _ordinal(np.zeros(1, np.float32)))
    shape = (last - first, n_groups, 1)
    begin, negative = start[:-1].reshape(shape), (below_zero - start[:-1]).reshape(shape)
    zeros = n_cells[:, None] - np.diff(start).reshape(shape)  # those that are not stored
    # The k-th smallest of n, k = ceil(n q) - 1 with q = (2 i + 1) / (2 size), in whole numbers.
    k = -(-n_cells[:, None] * (2 * np.arange(size) + 1) // (2 * size)) - 1
    at = np.where(k < negative, begin + k, begin + k - zeros)
    stored = ((k < negative) | (k >= negative + zeros)) & (n_cells[:, None] > 0)
    values = np.zeros(at.shape, np.float32)
    values[stored] = _value(entries[at[stored]])
    values[:, n_cells == 0] = np.nan
    return values


def _ordinal(values: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Whole numbers below 2^32 in the order of the values: the bits of a float, turned where it is negative."""
    bits = values.view(np.uint32)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN).astype(np.uint64)


def _value(entries: NDArray[np.uint64]) -> NDArray[np.float32]:
    """The inverse of `_ordinal`, of the lower half of entries."""
    ordinal = (entries & _LOW).astype(np.uint32)
    return np.where(ordinal & _SIGN, ordinal ^ _SIGN, ~ordinal).astype(np.uint32).view(np.float32)
