"""Single cells into dense torch batches, against anndata's AnnLoader on the same cells."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks._machine import row, save
from benchmarks._measure import interleaved, speed_ratio, told
from scipy import sparse

from perturbome.models.data.batches import Batches
from perturbome.models.data.cell_cache import cached_cut
from perturbome.models.data.cells import Cells

N_CELLS, N_GENES, DENSITY = 100_000, 2_000, 0.1
SIZES = (128, 1024)
ROUNDS = 9
GOAL = 100_000
RIVAL_BATCHES = 40
"""Batches of a pass that are timed, of both: the rival is slow, and a pass is the same work again and again."""


def simulated() -> sparse.csr_matrix:
    """Cells whose genes differ in how often they are expressed, as in a screen's variable genes."""
    rng = np.random.default_rng(0)
    often = rng.beta(0.5, 4.5, N_GENES)
    often *= DENSITY / often.mean()
    blocks = [
        sparse.csr_matrix((rng.random((10_000, N_GENES)) < often) * rng.gamma(2, 0.7, (10_000, N_GENES)))
        for _ in range(N_CELLS // 10_000)
    ]
    return sparse.csr_matrix(sparse.vstack(blocks), dtype=np.float32)


def ours(cells: Cells, size: int, n: int) -> float:
    """Shuffled batches, mapped from disk; returns what they sum up to, so that every one is touched."""
    total = 0.0
    for i, batch in enumerate(Batches(cells, size, rows_of(cells, size, n), seed=1)):
        total += float(batch.expression[0].sum())
        assert batch.expression.shape[1] == N_GENES
        assert i < n
    return total


def rows_of(cells: Cells, size: int, n: int) -> np.ndarray:
    """Random cells for n batches."""
    return np.random.default_rng(2).permutation(len(cells.code))[: size * n]


def rival(loader: Any, n: int) -> float:
    """The same number of AnnLoader's shuffled batches, from memory."""
    total = 0.0
    for i, batch in enumerate(loader):
        total += float(batch.X[0].sum())
        assert batch.X.shape[1] == N_GENES
        if i + 1 == n:
            break
    return total


def main() -> None:
    import anndata
    from anndata.experimental import AnnLoader

    torch.set_num_threads(2)
    matrix = simulated()
    rows, results = [], {}
    with tempfile.TemporaryDirectory() as folder:
        none = np.zeros(N_CELLS, np.uint64)
        n_expressed = np.diff(matrix.indptr).astype(np.int32)
        cut = cached_cut(Path(folder), {}, [(matrix, none, n_expressed)], N_GENES)
        cells = Cells(none, none, n_expressed, np.zeros(N_CELLS, np.int32), 1, cut.matrix)
        held = anndata.AnnData(matrix)
        for size in SIZES:
            loader = AnnLoader(held, batch_size=size, shuffle=True)
            n = min(RIVAL_BATCHES, N_CELLS // size)
            dense = next(iter(Batches(cells, size, np.arange(size), seed=None))).expression
            np.testing.assert_array_equal(dense.numpy(), matrix[:size].toarray())
            ways: dict[str, Callable[[], Any]] = {
                "ours": partial(ours, cells, size, n),
                "AnnLoader": partial(rival, loader, n),
                "ours, whole pass": partial(ours, cells, size, -(-N_CELLS // size)),
            }
            seconds = interleaved(ways, ROUNDS)
            ratio = speed_ratio(seconds["ours"], seconds["AnnLoader"])
            each = {
                "ours": size * n / np.median(seconds["ours"]),
                "AnnLoader": size * n / np.median(seconds["AnnLoader"]),
                "ours, whole pass": N_CELLS / np.median(seconds["ours, whole pass"]),
            }
            results[str(size)] = {
                "batches_timed": n, "cells_per_second": each, "speed_over_annloader": ratio,
                "seconds": {way: list(s) for way, s in seconds.items()},
            }  # fmt: skip
            rows.append(
                row(
                    f"Cells into dense tensors, {N_GENES:,} genes, batches of {size}",
                    f"{each['ours, whole pass']:,.0f} cells/s", f"{GOAL:,} cells/s", each["ours, whole pass"] >= GOAL,
                    f"{each['AnnLoader']:,.0f} cells/s, AnnLoader from memory", told(ratio),
                )
            )  # fmt: skip
    save(
        "batches",
        {"cells": N_CELLS, "genes": N_GENES, "expressed": float(matrix.nnz / N_CELLS), "rounds": ROUNDS,
         "sizes": results, "rows": rows},
    )  # fmt: skip


if __name__ == "__main__":
    main()
