"""Stable 64-bit hashes of names and numbers, and random numbers that belong to a name and not to its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


def mixed(values: Hashes) -> Hashes:
    """Scatter the bits of each number over all 64 (the finaliser of splitmix64, Steele et al. 2014); one to one."""
    z = values + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def name_hashes(names: Sequence[str] | NDArray[Any]) -> Hashes:
    """Hash of each name [n]: FNV-1a over its UTF-8 bytes, mixed; a loop over letters, not over names."""
    text = np.asarray(names)
    if text.size == 0:
        return np.zeros(0, dtype=np.uint64)
    if text.dtype.kind != "S":
        text = np.char.encode(text.astype(str), "utf-8")
    letters = text.view(np.uint8).reshape(len(text), -1)
    found = np.full(len(text), _OFFSET, dtype=np.uint64)
    for column in letters.T:
        found = np.where(column > 0, (found ^ column.astype(np.uint64)) * _PRIME, found)
    return mixed(found)


def seeded(keys: Hashes, *seed: int) -> Hashes:
    """Another hash of the same keys for every seed, or every sequence of numbers."""
    found = keys
    for number in seed:
        found = mixed(found ^ mixed(np.array([number % 2**64], dtype=np.uint64)))
    return found


def uniforms(keys: Hashes, *seed: int) -> NDArray[np.float64]:
    """Random numbers between 0 and 1 [n], each of its key and the seed alone: others may come and go."""
    found: NDArray[np.float64] = ((seeded(keys, *seed) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return found
