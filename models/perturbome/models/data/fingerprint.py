"""Stable 64-bit hashes of names, numbers and cells: the same on every machine, in every order of cells and genes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perturbome.platform.hashing import Hashes, mixed, name_hashes, seeded

__all__ = ["Hashes", "bag_hash", "mixed", "name_hashes", "row_hashes", "seeded", "text_hash"]

BLOCK = 1 << 20
"""Non-zeros hashed at once."""


def row_hashes(indptr: NDArray[Any], indices: NDArray[Any], values: NDArray[Any], gene_hashes: Hashes) -> Hashes:
    """Hash of each row of a CSR matrix: the sum over its non-zeros of hash(gene, value as float32), modulo 2^64.

    The order of the genes does not matter, nor do stored zeros. indptr [n + 1], indices and values [n_nonzeros],
    gene_hashes [n_genes].
    """
    n = len(indptr) - 1
    found = np.zeros(n, dtype=np.uint64)
    rows = max(1, BLOCK * n // max(1, len(values)))  # in blocks, as the steps between take 8 bytes for each non-zero
    for at in range(0, n, rows):
        ends = indptr[at : at + rows + 1]
        value = np.ascontiguousarray(values[ends[0] : ends[-1]], dtype=np.float32)
        gene = gene_hashes[indices[ends[0] : ends[-1]]]
        each = np.where(value == 0, np.uint64(0), mixed(gene ^ value.view(np.uint32).astype(np.uint64)))
        total = np.zeros(len(each) + 1, dtype=np.uint64)
        np.cumsum(each, out=total[1:])  # wraps around, so differences are sums modulo 2^64
        found[at : at + rows] = total[ends[1:] - ends[0]] - total[ends[:-1] - ends[0]]
    return found


def bag_hash(parts: Sequence[Hashes]) -> str:
    """Hash of a bag of records whose columns are `parts`, each [n]: order does not matter, repetition does."""
    record = np.zeros_like(parts[0])
    for column in parts:
        record = mixed(record ^ column)
    return f"{len(record)}:{int(record.sum(dtype=np.uint64)):016x}:{int(mixed(record).sum(dtype=np.uint64)):016x}"


def text_hash(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
