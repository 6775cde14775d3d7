"""Which files to read and what the genes are called, remembered for as long as the lake does not change.

Asking a Delta log takes milliseconds, as long as reading a window does; a trainer cuts thousands of windows.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Collection
from pathlib import Path

import numpy as np

from perturbome.platform.lake import Lake


def files_of(lake: Lake, table: str, runs: Collection[str] | None) -> list[str]:
    """The same as `lake.files(table, runs)`."""
    return list(_files(lake.folder, table, None if runs is None else frozenset(runs), versions(lake, table)))


def gene_names(lake: Lake) -> np.ndarray:
    """Gene ids [highest key + 1], object; None at keys no complete run uses."""
    return _gene_names(lake.folder, versions(lake, "genes"))


def versions(lake: Lake, table: str) -> tuple[str, str]:
    """The newest commit in the logs of `runs` and of the table: together they decide what readers see."""
    return _newest(lake.table_folder("runs")), _newest(lake.table_folder(table))


def _newest(folder: Path) -> str:
    log = folder / "_delta_log"
    return max((name for name in os.listdir(log) if name.endswith(".json")), default="") if log.is_dir() else ""


@functools.lru_cache(maxsize=64)
def _files(folder: Path, table: str, runs: frozenset[str] | None, versions: tuple[str, str]) -> tuple[str, ...]:
    return tuple(Lake(folder).files(table, runs))


@functools.lru_cache(maxsize=8)
def _gene_names(folder: Path, versions: tuple[str, str]) -> np.ndarray:
    genes = Lake(folder).scan("genes").select("key", "gene").unique("key").sort("key").collect()
    names = np.empty(int(genes["key"][-1]) + 1 if genes.height else 0, dtype=object)
    names[genes["key"].to_numpy()] = genes["gene"].to_numpy()
    return names
