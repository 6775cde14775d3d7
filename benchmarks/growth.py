"""How time and memory of ridge inference grow with cells and genes, in memory and on workers that read the store.

Every point is a process of its own, whose peak counts from when its cells are there, with the cells. On workers, cells
stay in the files of the store, and the peaks are those of the process that asks and of the larger worker.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from benchmarks._experiments import write_counts
from benchmarks._expression import expression
from benchmarks._machine import row, save
from benchmarks._measure import answer, part, peak_mb

from perturbome.ingest.regulation.method import Cells, Evidence, Options
from perturbome.ingest.regulation.network import infer_network
from perturbome.ingest.regulation.registry import METHODS
from perturbome.ingest.regulation.threads import small_products

BOOTSTRAPS = 50
CELLS = [(n, 2_000, 300) for n in (1_000, 5_000, 20_000, 50_000, 100_000)]
GENES = [(20_000, genes, genes * 3 // 20) for genes in (500, 1_000, 5_000)]
LARGEST = (100_000, 5_000, 1_000)
STORE_CELLS, STORE_GENES = (30_000, 100_000, 300_000), 2_000
GOAL_MB = 8_192.0


def regulators_among(n_genes: int, n_regulators: int) -> np.ndarray:
    """Columns of the regulators, ascending."""
    return np.sort(np.random.default_rng(1).choice(n_genes, n_regulators, replace=False))


def in_memory(n_cells: int, n_genes: int, n_regulators: int) -> None:
    """The network of cells that are held in memory as CSR, with bootstraps."""
    X = expression(0, n_cells, n_genes)
    cells = Cells.of(X, regulators_among(n_genes, n_regulators))
    held = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    forget_peak()
    finished: list[float] = []
    options = Options(n_bootstraps=BOOTSTRAPS, report=lambda *_: finished.append(time.perf_counter()))
    begin, worked = time.perf_counter(), time.process_time()
    with small_products():  # as the platform runs it
        network = infer_network(cells, METHODS["ridge"], options)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - worked
    each = np.diff(finished).mean() if len(finished) > 1 else float("nan")
    answer(infer_s=seconds, cpu_s=cpu, bootstrap_s=each, cells_mb=held / 2**20, edges=network.source.size)


def from_store(folder: str, n_cells: int) -> None:
    """The evidence of cells of a store that two worker processes read from its files, without bootstraps."""
    from perturbome.ingest.regulation.cluster import dask_client, lake_array
    from perturbome.platform.lake.expression_chunks import expression_chunks
    from perturbome.platform.store import Store

    with Store(Path(folder) / "store") as store, dask_client("local", n_workers=2) as client:
        forget_peak()
        begin = time.perf_counter()
        found = expression_chunks(store.lake, "large", pl.col("name").str.slice(4).cast(pl.Int64) < n_cells)
        evidence = evidence_of(lake_array(found))
        seconds = time.perf_counter() - begin
        workers = max(client.run(peak_mb).values())
    answer(infer_s=seconds, worker_peak_mb=workers, penalty=evidence.penalty, chunks=len(found.chunks))


def whole_store(folder: str, n_cells: int) -> None:
    """The same cells read into memory."""
    from perturbome.platform.store import Store

    with Store(Path(folder) / "store") as store:
        forget_peak()
        begin = time.perf_counter()
        expression = store.expression("large", pl.col("name").str.slice(4).cast(pl.Int64) < n_cells)
        evidence = evidence_of(expression.X)
        answer(infer_s=time.perf_counter() - begin, penalty=evidence.penalty)


def evidence_of(X: Any) -> Evidence:
    """Ridge without bootstraps."""
    cells = Cells.of(X, regulators_among(X.shape[1], X.shape[1] * 3 // 20))
    return METHODS["ridge"](cells, Options(n_bootstraps=0))


def make_store(folder: str, n_cells: int) -> None:
    """A store of `n_cells` cells, from a file that is written for it."""
    from perturbome.ingest.experiment.add import add_experiment
    from perturbome.platform.store import Store

    write_counts(Path(folder) / "counts.h5ad", n_cells, STORE_GENES)
    with Store(Path(folder) / "store") as store:
        add_experiment(store, Path(folder) / "counts.h5ad", dataset="large", organism="human")
    answer()


def forget_peak() -> None:
    """Count the peak of this process's memory from here on."""
    Path("/proc/self/clear_refs").write_text("5")


def told(point: tuple[int, int, int]) -> str:
    """A point for the table."""
    return "{:,} cells x {:,} genes x {:,} regulators".format(*point)


def measured(name: str, points: list[tuple[int, int, int]]) -> list[dict[str, Any]]:
    """Each point in its own process."""
    found = []
    for point in points:
        found.append(dict(zip(("cells", "genes", "regulators"), point, strict=True)) | part("growth", name, *point))
        print(found[-1], flush=True)
    return found


def stored() -> list[dict[str, Any]]:
    """A store's cells on workers and in memory, more and more of them."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        part("growth", "make_store", folder, STORE_CELLS[-1])
        for n in STORE_CELLS:
            ways = {name: part("growth", name, folder, n) for name in ("from_store", "whole_store")}
            assert ways["from_store"]["penalty"] == ways["whole_store"]["penalty"]
            found.append({"cells": n, "genes": STORE_GENES, **ways})
            print(found[-1], flush=True)
    return found


def main() -> None:
    cells, genes = measured("in_memory", CELLS), measured("in_memory", GENES)
    (largest,) = measured("in_memory", [LARGEST])
    lazy = stored()
    rows = [
        row(
            f"Network by ridge with {BOOTSTRAPS} bootstraps, {told(LARGEST)}, peak memory",
            f"{largest['peak_mb']:,.0f} MB, {largest['infer_s']:.0f} s", f"{GOAL_MB:,.0f} MB",
            largest["peak_mb"] < GOAL_MB, f"{largest['cells_mb']:,.0f} MB, the cells alone",
        ),
        *(
            row(
                f"Ridge from the store's files on two workers, {point['cells']:,} cells x {STORE_GENES:,} genes: "
                "peak of a worker, of the process that asked",
                "{worker_peak_mb:,.0f} MB, {peak_mb:,.0f} MB, {infer_s:.0f} s".format(**point["from_store"]),
                rival="{peak_mb:,.0f} MB, {infer_s:.0f} s, read whole".format(**point["whole_store"]),
            )
            for point in (lazy[0], lazy[-1])
        ),
    ]  # fmt: skip
    results = {"bootstraps": BOOTSTRAPS, "cells": cells, "genes": genes, "largest": largest, "store": lazy}
    save("growth", {**results, "rows": rows})


PARTS: dict[str, Callable[..., None]] = {
    "in_memory": in_memory,
    "from_store": from_store,
    "whole_store": whole_store,
    "make_store": make_store,
}

if __name__ == "__main__":
    if len(sys.argv) > 1:
        PARTS[sys.argv[1]](*(int(word) if word.isdigit() else word for word in sys.argv[2:]))
    else:
        main()
