"""Features of genes or cells, read from the lake and laid beside the nodes of a slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.platform.errors import InputError, NothingFound, UnknownName
from perturbome.platform.lake import Lake
from perturbome.platform.slices.slice import GraphSlice

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class NodeFeatures:
    """R vectors of D entries, each of a node (its key in the store), a cell type and a time."""

    node_kind: str  # "gene" or "cell"
    keys: NDArray[np.int64]  # [R]
    time: Floats  # [R], NaN where there is none
    cell_type: NDArray[np.object_]  # [R]
    vectors: Floats  # [R, D]
    entries: tuple[str, ...]  # [D], what each entry is
    run: str

    def __repr__(self) -> str:
        return f"NodeFeatures({len(self.keys):,} vectors of {len(self.entries)} entries, of {self.node_kind}s)"

    def of(
        self, keys: NDArray[np.integer], times: Sequence[float] | None = None, *, latest: bool = False
    ) -> tuple[Floats, Mask]:
        """Vectors of the nodes with these keys [N]: values [N, D] and which are there [N]; zeros where one is absent.

        With `times` [T] both gain a dimension, [N, T, D] and [N, T]: the vector of just that time or, with `latest`,
        of the latest time up to it. A vector without a time holds at every time.
        Raises InputError where a node has several vectors: name times, or read the features of one cell type.
        """
        self._one_cell_type()
        moments = [None] if times is None else list(times)
        row = np.stack([self._rows(np.asarray(keys), moment, latest) for moment in moments], axis=1)  # [N, T]
        present = row >= 0
        values = np.zeros((*row.shape, len(self.entries)), np.float32)
        values[present] = self.vectors[row[present]]
        return (values, present) if times is not None else (values[:, 0], present[:, 0])

    def attach(self, to: GraphSlice, time: float | None = None, *, latest: bool = False) -> tuple[GraphSlice, Mask]:
        """The slice with these vectors as `node_features` [N, D], and which nodes have one [N]; see `of`."""
        if to.node_kind != self.node_kind:
            raise InputError(
                f"The slice is of {to.node_kind}s and the features of run {self.run} are of {self.node_kind}s. "
                f"Make others: perturbome infer features DATASET --of {to.node_kind}s"
            )
        values, present = self.of(to.node_keys, None if time is None else [time], latest=latest)
        if time is not None:
            values, present = values[:, 0], present[:, 0]
        return replace(to, node_features=values, verify=False), present

    def _rows(self, keys: NDArray[np.integer], moment: float | None, latest: bool) -> NDArray[np.intp]:
        """Row of each key at a moment, -1 where there is none; the latest of those that hold."""
        if moment is None:
            holds = np.ones(len(self.keys), bool)
        else:
            off = self.time - np.float32(moment)
            near = np.abs(off) <= 1e-6 * (1 + abs(moment))
            holds = np.isnan(self.time) | near | (latest & (off < 0))
        rows = np.flatnonzero(holds)
        order = np.lexsort((np.nan_to_num(self.time[rows], nan=-np.inf), self.keys[rows]))
        rows = rows[order]
        if moment is None and (np.diff(self.keys[rows]) == 0).any():
            times = np.unique(self.time[~np.isnan(self.time)])
            known = ", ".join(f"{t:g}" for t in times[:6]) + (", ..." if len(times) > 6 else "")
            raise InputError(
                f"A {self.node_kind} has vectors at several times ({known}): say at which, with times=[...]."
            )
        if not rows.size:
            return np.full(len(keys), -1, np.intp)
        place = np.searchsorted(self.keys[rows], keys, side="right") - 1  # the last of a key's rows, its latest
        found: NDArray[np.intp] = np.where((place >= 0) & (self.keys[rows[place]] == keys), rows[place], -1)
        return found

    def _one_cell_type(self) -> None:
        if self.node_kind == "gene" and len(kinds := sorted(set(self.cell_type.tolist()))) > 1:
            raise InputError(
                f"These are features of {len(kinds)} cell types ({', '.join(kinds[:6])}): read those of one, "
                "store.features(run, cell_type=...)."
            )


def read_features(lake: Lake, run_id: str, cell_type: str | None = None) -> NodeFeatures:
    """The vectors that a run of `infer features` wrote, of one cell type if it is named.

    Raises UnknownName for a run or cell type that is not there, NothingFound where the run holds no features.
    """
    run = lake.run(run_id)
    if run.status != "complete" or not lake.has("features", [run.id]):
        held = "; ".join(f"{r.id} ({r.name})" for r in lake.runs("infer") if lake.has("features", [r.id])) or "none"
        raise NothingFound(
            f"Run {run.id} ({run.name or run.kind}) holds no features. Runs that do: {held}. "
            "Features are made by: perturbome infer features DATASET"
        )
    rows = lake.scan("features", [run.id])
    if cell_type is not None:
        known = rows.select(pl.col("cell_type").unique().sort()).collect()["cell_type"].drop_nulls().to_list()
        if cell_type not in known:
            raise UnknownName("cell type", cell_type, f"the features of run {run.id}", known)
        rows = rows.filter(pl.col("cell_type") == cell_type)
    frame = rows.select("node_kind", "key", "cell_type", "time", "vector").collect()
    entries = tuple(run.configuration["entries"])
    return NodeFeatures(
        frame["node_kind"][0],
        frame["key"].to_numpy(),
        frame["time"].fill_null(float("nan")).to_numpy(),
        frame["cell_type"].fill_null("all").to_numpy(),
        frame["vector"].explode().to_numpy().reshape(frame.height, len(entries)),
        entries,
        run.id,
    )
