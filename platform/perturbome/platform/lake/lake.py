"""Reading the lake: complete runs only, now or as of a run in the past."""

from __future__ import annotations

import functools
from collections.abc import Collection
from pathlib import Path

import polars as pl

from perturbome.platform.errors import StoreError, UnknownName
from perturbome.platform.lake.delta import open_table, paths
from perturbome.platform.lake.runs import Run, current_state, in_force
from perturbome.platform.schema.table import Table
from perturbome.platform.schema.tables import TABLES


class Lake:
    """Delta tables in one folder; every reader sees the rows of complete runs and no others."""

    def __init__(self, folder: Path, as_of: str | None = None) -> None:
        self.folder = folder
        self.as_of = as_of  # the run at whose completion every reader stands unless told otherwise; None: now

    def __repr__(self) -> str:
        return f"Lake({str(self.folder)!r})"

    def table_folder(self, table: str) -> Path:
        """Where a table's files are."""
        return self.folder / declared(table).name

    def all_runs(self, as_of: str | None = None) -> list[Run]:
        """Every run the log knows, whatever its status, oldest first."""
        as_of = as_of or self.as_of
        delta = open_table(self.table_folder("runs"), self._version("runs", as_of))
        if delta is None:
            return []
        log = pl.scan_parquet(
            paths(delta), schema=polars_schema("runs"), missing_columns="insert", extra_columns="ignore", glob=False
        )
        return current_state(log.collect())

    def runs(self, kind: str | None = None, as_of: str | None = None) -> list[Run]:
        """Complete runs, oldest first."""
        return [run for run in in_force(self.all_runs(as_of)) if kind in (None, run.kind)]

    def run(self, run_id: str) -> Run:
        """One run by its id or by the unique beginning of its id; UnknownName otherwise."""
        runs = self.all_runs()
        found = [run for run in runs if run.id == run_id] or [run for run in runs if run.id.startswith(run_id)]
        if len(found) != 1:
            raise UnknownName(
                "run",
                run_id,
                str(self.folder.parent),
                [run.id for run in runs[-12:]],
                "Several runs begin so; give more of the id." if found else "See: perturbome runs list",
            )
        return found[0]

    def files(self, table: str, runs: Collection[str] | None = None, as_of: str | None = None) -> list[str]:
        """Parquet files that hold the rows of these complete runs (default all), in the order of the runs."""
        as_of = as_of or self.as_of
        delta = open_table(self.table_folder(table), self._version(table, as_of))
        if delta is None:
            return []
        complete = {run.id for run in self.runs(as_of=as_of)}
        wanted = complete if runs is None else complete & set(runs)
        return sorted(uri for uri in paths(delta) if _run_of(uri) in wanted)

    def has(self, table: str, runs: Collection[str] | None = None) -> bool:
        """True where complete runs wrote rows to the table."""
        return bool(self.files(table, runs))

    def scan(self, table: str, runs: Collection[str] | None = None, as_of: str | None = None) -> pl.LazyFrame:
        """Rows of a table as a lazy frame, `run` included; filters on columns are pushed into the files."""
        if table == "runs":
            rows = [run.row() for run in self.runs(as_of=as_of) if runs is None or run.id in runs]
            return pl.DataFrame(rows, schema=polars_schema("runs")).lazy()
        schema = polars_schema(table)
        files = self.files(table, runs, as_of)
        if not files:
            return pl.LazyFrame(schema=schema)
        in_files = pl.Schema({name: kind for name, kind in schema.items() if name != "run"})
        frame = pl.scan_parquet(
            files,
            schema=in_files,
            missing_columns="insert",
            extra_columns="ignore",
            glob=False,
            hive_partitioning=True,
            hive_schema={"run": pl.String},
        )
        return frame.select(list(schema))

    def versions(self) -> dict[str, int]:
        """Delta version of every table that exists."""
        tables = ((name, open_table(self.folder / name)) for name in TABLES)
        return {name: delta.version() for name, delta in tables if delta is not None}

    def _version(self, table: str, as_of: str | None) -> int | None:
        """The table's version when run `as_of` was complete; None for now."""
        if as_of is None:
            return None
        run = Lake(self.folder).run(as_of)
        if "runs" not in run.versions:
            raise StoreError(f"Run {run.id} is {run.status}; time travel needs a run that was once complete.")
        if table == "runs":  # its own completing row is the next version
            return run.versions["runs"] + 1
        if table not in run.versions:
            return 0
        return run.versions[table]


def declared(table: str) -> Table:
    """The declaration of a table; UnknownName lists what there is."""
    if table not in TABLES:
        raise UnknownName("table", table, "the lake", list(TABLES))
    return TABLES[table]


@functools.cache
def polars_schema(table: str) -> pl.Schema:
    """A table's schema in polars' types."""
    empty = pl.from_arrow(declared(table).arrow.empty_table())
    assert isinstance(empty, pl.DataFrame)
    return empty.schema


def _run_of(uri: str) -> str:
    """The run a data file belongs to, from its partition folder `run=<id>`."""
    return uri.rsplit("/run=", 1)[-1].split("/", 1)[0]
