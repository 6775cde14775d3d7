"""The canonical order of edges: (time, source, target, relation), then weight and features to settle ties."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from perturbome.platform.slices.parallel import in_parallel

BLOCK = 1 << 16
"""Edges compared at once; the arrays of a block stay in the processor's cache."""


def ascending(keys: Sequence[np.ndarray]) -> np.ndarray | None:
    """Positions of rows equal to the next one, or None where some row comes after a greater one or holds NaN."""
    steps = len(keys[0]) - 1
    middle = steps // 2
    halves = in_parallel(steps, *(partial(_ascending, keys, *span) for span in ((0, middle), (middle, steps))))
    tied = [half for half in halves if half is not None]
    return np.concatenate(tied) if len(tied) == len(halves) else None


def _ascending(keys: Sequence[np.ndarray], first: int, stop: int) -> np.ndarray | None:
    """The same for the steps from row i to row i + 1 with first <= i < stop, block by block."""
    tied = [np.empty(0, np.int64)]
    for start in range(first, stop, BLOCK):
        end = min(start + BLOCK, stop)
        before, after = slice(start, end), slice(start + 1, end + 1)
        last = keys[-1]
        ascends, equal = last[before] < last[after], last[before] == last[after]
        for key in reversed(keys[:-1]):
            same = key[before] == key[after]
            ascends &= same
            ascends |= key[before] < key[after]
            equal &= same
        if equal.any():
            tied.append(np.flatnonzero(equal) + start)
            ascends |= equal
        if not ascends.all():
            return None
    return np.concatenate(tied)


def sorting(keys: Sequence[np.ndarray]) -> np.ndarray:
    """The stable order of rows by `keys`, NaN last: one sort of packed keys, a merge where runs are sorted already."""
    packed = _packed(keys)
    return np.lexsort([*reversed(keys)]) if packed is None else np.argsort(packed, kind="stable")


def agreeing(keys: Sequence[np.ndarray]) -> np.ndarray:
    """Positions of rows whose keys equal those of the next one; NaN equals NaN."""
    agree = np.ones(len(keys[0]) - 1, bool)
    for key in keys:
        same = key[1:] == key[:-1]
        agree &= same if key.dtype.kind in "iu" else same | (np.isnan(key[1:]) & np.isnan(key[:-1]))
    return np.flatnonzero(agree)


def settle_ties(equal: np.ndarray, ties: Sequence[np.ndarray]) -> None:
    """Sort `ties` in place within every stretch of agreeing rows; row equal[i] agrees with the next one."""
    if not len(equal) or not ties:
        return
    tied = np.union1d(equal, equal + 1)
    group = np.cumsum(~np.isin(tied - 1, equal, assume_unique=True))  # a new group where the row before differs
    order = tied[np.lexsort([*(tie[tied] for tie in reversed(ties)), group])]
    for tie in ties:
        tie[tied] = tie[order]


def _packed(keys: Sequence[np.ndarray]) -> np.ndarray | None:
    """One int64 per row that sorts as the keys do, or None where they do not fit in 63 bits."""
    packed, room = np.zeros(len(keys[0]), np.int64), 1
    for key in keys:
        values = key if key.dtype.kind in "iu" else _ranks(key)
        size = int(values.max()) + 1
        room *= size
        if room >= 1 << 63:
            return None
        packed *= size
        packed += values
    return packed


def _ranks(values: np.ndarray) -> np.ndarray:
    """Position of each value among the distinct values; NaN is one value, the last."""
    return np.asarray(np.unique(values, return_inverse=True)[1], np.int64)
