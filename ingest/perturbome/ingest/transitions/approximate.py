"""Nearest cells through an inverted-list index, for more cells than can be compared with one another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.transitions.nearest import Nearest, by_distance, nearest_in_ranges, share_found
from perturbome.platform.errors import MissingExtra
from perturbome.platform.progress import Report, silent

TRAINED_ON = 64  # cells per list from which its centre is learned
PROBES = 8  # lists searched at first
RECALL = 0.98  # measured on a sample; more lists are searched until it is reached
SAMPLE = 256
BLOCK = 16384  # queries answered at once


def nearest_by_index(
    base: NDArray[np.float32],
    queries: NDArray[np.float32],
    k: int,
    *,
    report: Report = silent,
    what: str = "neighbours",
) -> Nearest:
    """As `nearest`, approximate: cells fall into 4 sqrt(m) lists by k-means; the lists nearest to a query are searched.

    Recall, the share of true neighbours found, is measured against exact search on 256 queries, and more lists are
    searched until it is 98 %. Sample and training cells are drawn from the cells in an order of their own, so the
    answer does not depend on the order they come in. Source: Jegou et al. 2011, IEEE TPAMI 33, 117,
    without quantised distances; index of the package faiss. Raises MissingExtra without it.
    """
    faiss = _faiss()
    m, d = base.shape
    lists = max(1, min(int(4 * m**0.5), m // 40))
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(d), d, lists)
    index.cp.niter, index.cp.seed = 10, 1
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, TRAINED_ON
    report(f"{what}: index", 0, None)
    index.train(np.ascontiguousarray(base[spread(base, TRAINED_ON * lists)]))
    index.add(np.ascontiguousarray(base))
    asked = np.ascontiguousarray(queries[spread(queries, SAMPLE)])
    true, _ = nearest_in_ranges(base, asked, np.zeros(len(asked), np.intp), np.full(len(asked), m, np.intp), k)
    index.nprobe, recall = min(PROBES, lists), 0.0
    while True:
        recall = share_found(index.search(asked, k)[1], true)
        if recall >= RECALL or index.nprobe == lists:
            break
        index.nprobe = min(index.nprobe + index.nprobe // 2, lists)
    found, distance = np.empty((len(queries), k), np.int32), np.empty((len(queries), k), np.float32)
    for begin in range(0, len(queries), BLOCK):
        report(what, begin, len(queries))
        part = slice(begin, begin + BLOCK)
        some = np.ascontiguousarray(queries[part])
        found[part], distance[part] = by_distance(base, some, index.search(some, k)[1])
    report(what, len(queries), len(queries))
    return Nearest(found, distance, recall)


def spread(cells: NDArray[np.float32], most: int) -> NDArray[np.intp]:
    """At most `most` of the cells [n, d], evenly spread in the order of their own coordinates."""
    order = np.lexsort(cells.T[: min(4, cells.shape[1])][::-1])
    return order[np.linspace(0, len(cells) - 1, min(most, len(cells))).astype(np.intp)]


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as missing:
        purpose = "Finding neighbours among so many cells (--exact compares every pair instead, and takes long)"
        raise MissingExtra("faiss-cpu", "models", purpose) from missing
    return faiss
