"""From the store's sparse integer keys to positions 0..N-1, by flags and not by sorting."""

from __future__ import annotations

from functools import partial

import numpy as np

from perturbome.platform.slices.parallel import in_parallel

SPREAD = 1 << 24
"""Widest span of keys that gets a flag each whatever the number of edges (16 MB)."""


def densify(source: np.ndarray, target: np.ndarray, bound: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Node keys [N] int64 ascending, and the positions in them [2, E] int64 of both ends of every edge.

    `bound`, if known, is above every key, and keys start near 0. One flag per key of the span is set, so the cost
    is a pass over the edges; where the span is far wider than the edges are many (a few cells out of a hundred
    million), the keys are sorted instead.
    """
    edges = np.empty((2, len(source)), np.int64)
    if not len(source):
        return np.empty(0, np.int64), edges
    low, span = 0, bound or 0
    if bound is None:
        low = int(min(source.min(), target.min()))
        span = int(max(source.max(), target.max())) - low + 1
        if span > max(SPREAD, 32 * len(source)):
            node_keys, positions = np.unique(np.stack([source, target]), return_inverse=True)
            return node_keys.astype(np.int64), positions.reshape(edges.shape)
    flags = np.zeros((2, span), bool)
    rows = list(zip((source, target), edges, flags, strict=True))
    in_parallel(len(source), *(partial(_flag, keys, low, row, present) for keys, row, present in rows))
    present = flags[0] | flags[1]
    found = np.flatnonzero(present)
    if found[-1] + 1 > len(found):  # else no key is missing, and the keys are the positions
        position = np.cumsum(present) - 1
        in_parallel(len(source), *(partial(_replace, position, row) for row in edges))
    return found + low, edges


def _flag(keys: np.ndarray, low: int, row: np.ndarray, present: np.ndarray) -> None:
    np.subtract(keys, low, out=row, casting="unsafe") if low else np.copyto(row, keys)
    present[row] = True


def _replace(position: np.ndarray, row: np.ndarray) -> None:
    # In place: `take` goes through the entries one by one and reads each before it writes it.
    np.take(position, row, out=row, mode="clip")
