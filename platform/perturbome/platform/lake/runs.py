"""A run and its log: rows are only ever added, so that the log is never half-written."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

STANDING = {"running": 0, "failed": 1, "complete": 2, "removed": 3}
"""Of all rows a run has in the log, the one with the highest standing holds."""


@dataclass(frozen=True)
class Run:
    """One ingest, inference, training, prediction, ranking or benchmark."""

    id: str
    kind: str
    name: str | None
    status: str
    started: datetime
    finished: datetime | None = None
    parents: list[str] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    configuration: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    code_version: str | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    message: str | None = None

    @property
    def replaces(self) -> list[str]:
        """Runs whose place this one took: from its completion on they are gone."""
        return list(self.configuration.get("replaces", ()))

    @property
    def seconds(self) -> float | None:
        """How long it took, in seconds."""
        return (self.finished - self.started).total_seconds() if self.finished else None

    def row(self) -> dict[str, Any]:
        """The run as a row of the `runs` table; dictionaries become JSON."""
        row = dict(self.__dict__)
        for name in ("configuration", "inputs", "metrics", "versions"):
            row[name] = json.dumps(row[name], sort_keys=True, default=str)
        return row

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Run:
        """The inverse of `row`."""
        row = dict(row)
        for name in ("configuration", "inputs", "metrics", "versions"):
            row[name] = json.loads(row[name] or "{}")
        row["parents"], row["datasets"] = row["parents"] or [], row["datasets"] or []
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


def new_run_id(now: datetime | None = None) -> str:
    """An id that sorts by start time, to the millisecond, and never meets another."""
    moment = now or datetime.now(UTC)
    return f"{moment:%Y%m%dT%H%M%S}{moment.microsecond // 1000:03d}-{secrets.token_hex(3)}"


def current_state(log: pl.DataFrame) -> list[Run]:
    """Fold the log into one `Run` each, oldest first."""
    if log.is_empty():
        return []
    standing = pl.col("status").replace_strict(STANDING, default=0, return_dtype=pl.Int8)
    latest = log.sort(standing, maintain_order=True).group_by("id", maintain_order=True).last().sort("id")
    return [Run.from_row(row) for row in latest.select(log.columns).to_dicts()]


def in_force(runs: list[Run]) -> list[Run]:
    """Complete runs that no complete run has replaced."""
    complete = [run for run in runs if run.status == "complete"]
    replaced = {old for run in complete for old in run.replaces}
    return [run for run in complete if run.id not in replaced]


def with_dependants(run: Run, runs: list[Run]) -> list[Run]:
    """The run and all that stand on it, directly or through others, oldest first; `runs` oldest first."""
    going = {run.id}
    for later in runs:  # a parent is always older than its child
        if going & set(later.parents):
            going.add(later.id)
    return [run, *(r for r in runs if r.id in going and r.id != run.id)]
