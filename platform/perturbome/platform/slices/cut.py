"""Cut a slice from the lake: the predicate goes down to the Parquet files, only the columns needed come up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from perturbome.platform.errors import InputError, MissingColumn, UnknownName
from perturbome.platform.lake import Lake
from perturbome.platform.lake.lake import polars_schema
from perturbome.platform.slices.assemble import assemble
from perturbome.platform.slices.kinds import KINDS, Kind
from perturbome.platform.slices.listing import files_of, gene_names
from perturbome.platform.slices.slice import Closed, GraphSlice

Names = str | Collection[str] | None
"""One name, several, or None for no condition."""


@dataclass(frozen=True)
class _Condition:
    """A predicate on one column, said as the user said it."""

    argument: str
    column: str
    given: object
    where: pl.Expr


def cut(
    lake: Lake,
    *,
    kind: Literal["regulation", "priors", "transitions", "neighbours"] = "regulation",
    dataset: Names = None,
    cell_types: Names = None,
    window: tuple[float, float] | None = None,
    closed: Closed = "both",
    source: Names = None,
    min_score: float | None = None,
    min_weight: float | None = None,
    min_stability: float | None = None,
    runs: Collection[str] | None = None,
    features: Sequence[str] = (),
    relation: str | None = "default",
) -> GraphSlice:
    """Edges of one kind that meet every condition given, between the nodes they join.

    window (t0, t1): t0 <= time <= t1 in the unit of the data set, both ends belonging; closed="left" takes the
        half-open [t0, t1) that tiles time. Transitions are timed by their source; neighbours, of which each pair is
        held once, are as well.
    source: names of priors, as in ("string", "trrust"). min_score: least score of a prior edge.
    min_weight: least |weight|. min_stability: least share of bootstraps that keep the edge.
    runs: read these runs only, default every complete one. features: columns to bring along as edge features.
    relation: the column whose values become the relations; by default cell_type for regulation, prior for priors
        and none for transitions; None reads no such column and is fastest.

    Raises UnknownName for a kind, MissingColumn for a feature or relation, InputError for a condition the kind
    does not have. Nothing that meets the conditions gives an empty slice.
    """
    if kind not in KINDS:
        raise UnknownName("kind of slice", kind, "the lake", list(KINDS))
    k = KINDS[kind]
    relation = k.relation if relation == "default" else relation
    _known("features", features, k.features, kind)
    _known("relation", [relation] if relation else [], k.relations, kind)
    conditions = [
        c
        for c in (
            _among("dataset", "dataset", dataset),
            _among("cell_types", "cell_type", cell_types),
            _among("source", "prior", source),
            _within(k, window, closed),
            _at_least("min_score", "score", min_score),
            _at_least("min_weight", "weight", min_weight, absolute=True),
            _at_least("min_stability", "stability", min_stability),
        )
        if c is not None
    ]
    for c in conditions:
        if c.column not in polars_schema(k.table):
            raise InputError(f"'{c.argument}' means nothing for kind='{kind}', which has no column '{c.column}'.")
    files = files_of(lake, k.table, runs)
    frame = _read(k, files, conditions, [c for c in (k.time, k.weight, *features) if c], relation)
    names: tuple[str, ...] = (k.name,)
    codes = None
    if relation and frame.height:
        codes, names = _codes(frame[relation])
    genes = None if k.cells else gene_names(lake)
    return assemble(
        frame[k.source].to_numpy(),
        frame[k.target].to_numpy(),
        frame[k.weight].to_numpy(writable=True),
        (lambda keys: keys) if genes is None else genes.take,
        bound=None if genes is None else len(genes),
        time=frame[k.time].to_numpy(writable=True) if k.time else None,
        relation=codes,
        relation_names=names,
        edge_features={name: frame[name].cast(pl.Float32).to_numpy(writable=True) for name in features},
        provenance={
            "origin": "lake", "kind": kind, "runs": sorted({_run_of(f) for f in files}),
            "predicate": {c.argument: c.given for c in conditions},
        },
    )  # fmt: skip


def _read(
    k: Kind, files: list[str], conditions: list[_Condition], columns: list[str], relation: str | None = None
) -> pl.DataFrame:
    wanted: list[pl.Expr] = [pl.col(name) for name in dict.fromkeys([k.source, k.target, *columns])]
    if relation:
        wanted.append(pl.col(relation).cast(pl.Categorical))  # here, because chunks are turned into codes side by side
    schema = pl.Schema({name: kind for name, kind in polars_schema(k.table).items() if name != "run"})
    if not files:
        return pl.DataFrame(schema=schema).select(wanted)
    frame = pl.scan_parquet(
        files, schema=schema, missing_columns="insert", extra_columns="ignore", hive_partitioning=False, glob=False
    )
    return frame.filter(*(c.where for c in conditions)).select(wanted).collect()


def _codes(relation: pl.Series) -> tuple[np.ndarray, tuple[str, ...]]:
    """Codes [E] and names of a categorical column; a missing value is the relation 'all'."""
    if relation.null_count():
        relation = relation.cast(pl.String).fill_null("all").cast(pl.Categorical)
    kinds = relation.unique()
    # A categorical's numbers are shared by the whole process: those met here are numbered anew from 0.
    place = np.zeros(int(kinds.to_physical().max()) + 1, np.int16)  # type: ignore[arg-type]
    place[kinds.to_physical().to_numpy()] = np.arange(len(kinds))
    return place[relation.to_physical().to_numpy()], tuple(kinds.cast(pl.String))


def _among(argument: str, column: str, given: Names) -> _Condition | None:
    if given is None:
        return None
    names = [given] if isinstance(given, str) else sorted(given)
    where = pl.col(column) == names[0] if len(names) == 1 else pl.col(column).is_in(names)
    return _Condition(argument, column, names, where)


def _within(k: Kind, window: tuple[float, float] | None, closed: Closed) -> _Condition | None:
    if window is None:
        return None
    start, end = window
    if not start <= end:
        raise InputError(f"The window {window} ends before it begins. Give (from, to).")
    column = k.time or "time"
    given = {"from": start, "to": end, "closed": closed}
    return _Condition("window", column, given, pl.col(column).is_between(start, end, closed=closed))


def _at_least(argument: str, column: str, least: float | None, absolute: bool = False) -> _Condition | None:
    if least is None:
        return None
    value = pl.col(column).abs() if absolute else pl.col(column)
    return _Condition(argument, column, least, value >= least)


def _known(argument: str, asked: Sequence[str], available: Sequence[str], kind: str) -> None:
    missing = next((name for name in asked if name not in available), None)
    if missing is not None:
        raise MissingColumn(missing, f"{argument} of kind='{kind}'", available)


def _run_of(uri: str) -> str:
    return uri.rsplit("/run=", 1)[-1].split("/", 1)[0]
