"""Reading a slice of 2 M edges, against polars reading the same columns of the same files into tensors."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from benchmarks._machine import row, save
from benchmarks._measure import interleaved, median_ms, speed_ratio, told
from benchmarks._networks import N_TIMES, write_network

from perturbome.platform.lake import Lake
from perturbome.platform.slices import cut

N_EDGES = 2_000_000
ROUNDS = 25
WINDOWS = {"full window": (None, 0.8), "10 % window": ((20.0, 20.0 + N_TIMES // 10 - 1), 0.6)}
COLUMNS = ["time", "source_key", "target_key", "weight"]


def raw(files: list[str], window: tuple[float, float] | None) -> dict[str, np.ndarray]:
    """The four columns by polars alone, as numpy arrays."""
    frame = pl.scan_parquet(files)
    if window is not None:
        frame = frame.filter(pl.col("time").is_between(*window))
    rows = frame.select(COLUMNS).collect()
    return {name: rows[name].to_numpy() for name in COLUMNS}


def raw_tensors(files: list[str], window: tuple[float, float] | None) -> tuple[torch.Tensor, ...]:
    """The same as a trainer wants them: edge_index [2, E] int64, time and weight. No ids, no check of the order."""
    columns = raw(files, window)
    edges = np.empty((2, len(columns["time"])), np.int64)
    edges[0], edges[1] = columns["source_key"], columns["target_key"]
    return torch.from_numpy(edges), torch.from_numpy(columns["time"]), torch.from_numpy(columns["weight"])


def raw_typed(files: list[str], window: tuple[float, float] | None) -> object:
    """The tensors and the cell types as codes."""
    frame = pl.scan_parquet(files)
    if window is not None:
        frame = frame.filter(pl.col("time").is_between(*window))
    rows = frame.select(*COLUMNS, pl.col("cell_type").cast(pl.Categorical).to_physical()).collect()
    edges = np.empty((2, rows.height), np.int64)
    edges[0], edges[1] = rows["source_key"].to_numpy(), rows["target_key"].to_numpy()
    return edges, *(rows[name].to_numpy() for name in ("time", "weight", "cell_type"))


def main() -> None:
    rows, results = [], {}
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake")
        write_network(lake, N_EDGES)
        files = lake.files("regulation")
        for name, (window, goal) in WINDOWS.items():
            ways: dict[str, Callable[[], Any]] = {
                "slice": partial(cut, lake, window=window, relation=None),
                "tensors": partial(raw_tensors, files, window),
                "columns": partial(raw, files, window),
                "slice with cell types": partial(cut, lake, window=window),
                "tensors with cell types": partial(raw_typed, files, window),
            }
            assert ways["slice"]().num_edges == len(ways["columns"]()["time"])
            seconds = interleaved(ways, ROUNDS, warm=3)
            ratios = {
                "tensors": speed_ratio(seconds["slice"], seconds["tensors"]),
                "columns": speed_ratio(seconds["slice"], seconds["columns"]),
                "with cell types": speed_ratio(seconds["slice with cell types"], seconds["tensors with cell types"]),
            }
            results[name] = {
                "milliseconds": {way: float(np.median(s)) * 1000 for way, s in seconds.items()},
                "speed_over_polars": ratios,
            }
            for told_as, ours, rival, ratio in (
                ("polars into tensors", "slice", "tensors", "tensors"),
                ("polars into loose int32 columns", "slice", "columns", "columns"),
                ("with cell types: polars into tensors", "slice with cell types", "tensors with cell types",
                 "with cell types"),
            ):  # fmt: skip
                rows.append(
                    row(
                        f"Slice of 2 M edges, {name}", median_ms(seconds[ours]), f"ratio {goal}",
                        ratios[ratio]["median"] >= goal, f"{median_ms(seconds[rival])}, {told_as}",
                        told(ratios[ratio]),
                    )
                )  # fmt: skip
    save("slices", {"edges": N_EDGES, "rounds": ROUNDS, "windows": results, "rows": rows})


if __name__ == "__main__":
    main()
