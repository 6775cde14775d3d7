"""Expression and velocity of stored cells, read again from the experiment's file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perturbome.ingest.experiment.h5ad import read_h5ad
from perturbome.ingest.experiment.source import Source
from perturbome.ingest.words import many
from perturbome.platform.errors import BadValues, InputError, MissingColumn
from perturbome.platform.progress import Report

MOST_GENES = 2000
EXTREME = 0.95  # quantile beyond which cells are taken for steady


@dataclass(frozen=True)
class Velocity:
    """Smoothed spliced expression and velocity of the same cells and genes, the layers they came from, what to tell."""

    X: NDArray[np.float32]  # [n, g]
    V: NDArray[np.float32]  # [n, g]
    layers: list[str]
    said: list[str]


def read_velocity(path: Path, names: NDArray[np.object_], report: Report) -> Velocity:
    """Velocity of the cells of these names [n], in their order.

    Taken from the layer `velocity` with `Ms` (or `spliced`); without it, from `Ms` and `Mu` by `steady_state`. Genes
    are those marked in var['velocity_genes'], whose velocity is finite in all cells, and of these the 2,000 whose
    velocity varies most. Memory: 8 bytes per cell and gene. Raises MissingColumn where the layers are absent,
    InputError where cells do not match, BadValues where no gene has a velocity.
    """
    with read_h5ad(Path(path)) as source:
        layers = {name.removeprefix("layers/") for name in source.matrices if name.startswith("layers/")}
        rows = _rows_of(source.obs.index, names, Path(path))
        marked = _marked(source)
        place = next((name for name in ("Ms", "spliced") if name in layers), None)
        if "velocity" in layers and place is not None:
            V = _read(source, "velocity", rows, marked, report)
            X = _read(source, place, rows, marked, report)
            used, said = ["velocity", place], []
        elif {"Ms", "Mu"} <= layers:
            X, unspliced = (_read(source, layer, rows, marked, report) for layer in ("Ms", "Mu"))
            V, used = steady_state(X, unspliced), ["Ms", "Mu"]
            said = ["The file has no layer 'velocity': velocity is unspliced less what a steady state would hold."]
        else:
            raise MissingColumn(
                "velocity", f"layers of {path}", sorted(layers),
                "Velocity needs the layers velocity and Ms (or spliced), or Ms and Mu; scVelo makes them.",
            )  # fmt: skip
    finite = np.isfinite(V).all(0) & np.isfinite(X).all(0)
    if not finite.any():
        raise BadValues(f"No gene of {path} has a finite velocity in all cells.")
    chosen = np.flatnonzero(finite)
    if chosen.size > MOST_GENES:
        chosen = np.sort(chosen[np.argsort(-V[:, chosen].var(0), kind="stable")[:MOST_GENES]])
    said.append(f"Velocity of {many(chosen.size, 'gene')} from {' and '.join(used)} of {Path(path).name}.")
    return Velocity(np.ascontiguousarray(X[:, chosen]), np.ascontiguousarray(V[:, chosen]), used, said)


def steady_state(spliced: NDArray[np.float32], unspliced: NDArray[np.float32]) -> NDArray[np.float32]:
    """u - gamma s [n, g], gamma the slope through the origin of the cells in both extremes of s + u.

    Source: La Manno et al. 2018, Nature 560, 494; extremes beyond the 5 % and 95 % quantiles of s + u, each scaled by
    its largest. Genes without spliced counts there have velocity NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        both = spliced / spliced.max(0) + unspliced / unspliced.max(0)
        low, high = np.quantile(both, [1 - EXTREME, EXTREME], axis=0)
        steady = (both <= low) | (both >= high)
        gamma = (steady * spliced * unspliced).sum(0) / (steady * spliced**2).sum(0)
    return np.asarray(unspliced - gamma * spliced, np.float32)


def _rows_of(index: pd.Index, names: NDArray[np.object_], path: Path) -> NDArray[np.intp]:
    """The file's row of each name [n]; InputError where names are missing or met twice."""
    if not index.is_unique:
        twice = index[index.duplicated()][0]
        raise InputError(f"{path} names several cells '{twice}', so its cells cannot be told apart. Make names unique.")
    rows = index.get_indexer(pd.Index(names))
    missing = np.flatnonzero(rows < 0)
    if missing.size:
        raise InputError(
            f"{missing.size:,} of {len(names):,} stored cells are not in {path}, such as '{names[missing[0]]}'; the "
            f"file names cells like '{index[0] if len(index) else ''}'. Give the file the data set was ingested from."
        )
    return np.asarray(rows, np.intp)


def _marked(source: Source) -> NDArray[np.intp]:
    """Genes marked as fit for velocity, all where none is."""
    if "velocity_genes" in source.var.columns:
        marked = np.flatnonzero(source.var["velocity_genes"].to_numpy(bool))
        if marked.size:
            return marked
    return np.arange(len(source.var))


def _read(
    source: Source, layer: str, rows: NDArray[np.intp], genes: NDArray[np.intp], report: Report
) -> NDArray[np.float32]:
    """A layer's entries [n, g] for these rows and genes, a piece of the file at a time."""
    matrix = source.open(f"layers/{layer}")
    target = np.full(matrix.shape[0], -1, np.intp)
    target[rows] = np.arange(rows.size)
    found = np.empty((rows.size, genes.size), np.float32)
    for start, stop in matrix.pieces():
        report(f"layer {layer}", start, matrix.shape[0])
        wanted = np.flatnonzero(target[start:stop] >= 0)
        if wanted.size:
            found[target[start:stop][wanted]] = matrix.rows(start, stop)[wanted][:, genes].toarray()
    report(f"layer {layer}", matrix.shape[0], matrix.shape[0])
    return found
