"""From the store's sparse integer keys to positions 0..N-1, by flags and not by sorting."""

from __future__ import annotations

import numpy as np

SPREAD = 1 << 24
"""Widest span of keys that gets a flag each whatever the number of edges (16 MB)."""


def densify(keys: np.ndarray, bound: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Node keys [N] ascending, and the positions in them [2, E] of `keys` [2, E] int64, which is overwritten.

    `bound`, if known, is above every key, and keys start near 0. One flag per key of the span is set, so the cost
    is a pass over the edges; where the span is far wider than the edges are many (a few cells out of a hundred
    million), the keys are sorted instead.
    """
    if not keys.size:
        return np.empty(0, np.int64), keys
    low, span = 0, bound or 0
    if bound is None:
        low = int(keys.min())
        span = int(keys.max()) - low + 1
        if span > max(SPREAD, 16 * keys.size):
            node_keys, positions = np.unique(keys, return_inverse=True)
            return node_keys, positions.reshape(keys.shape)
    if low:
        keys -= low
    present = np.zeros(span, bool)
    source, target = keys
    present[source[:1]] = True
    present[source[1:][source[1:] != source[:-1]]] = True  # sorted edges repeat their source: flag a stretch once
    present[target] = True
    found = np.flatnonzero(present)
    if found[-1] + 1 > len(found):  # else no key is missing, and the keys are the positions
        # In place: entry i is read before it is written, and `take` goes through the entries one by one.
        np.take(np.cumsum(present) - 1, keys, out=keys, mode="clip")
    return found + low, keys
