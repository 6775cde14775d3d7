"""Writing the lake: a run's rows become visible all at once, or never."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import polars as pl
import pyarrow as pa

from perturbome.platform.errors import DiskFull
from perturbome.platform.lake import delta
from perturbome.platform.lake.disk import is_disk_full
from perturbome.platform.lake.genes import GeneCatalogue
from perturbome.platform.lake.lake import Lake, declared
from perturbome.platform.lake.provenance import code_version, file_hashes
from perturbome.platform.lake.runs import Run, in_force, new_run_id
from perturbome.platform.schema.tables import TABLES

Rows: TypeAlias = pa.Table | pl.DataFrame | Iterable[pa.RecordBatch]
RUNS_FILES_BEFORE_COMPACTION = 64


class RunWriter:
    """One run being written; use as a context manager, under the store's writer lock.

    Leaving the block well commits the row 'complete' last of all; leaving it by an exception discards every row.
    """

    def __init__(
        self,
        lake: Lake,
        kind: str,
        *,
        name: str | None = None,
        configuration: dict[str, Any] | None = None,
        inputs: Sequence[Path] = (),
        parents: Sequence[str] = (),
        datasets: Sequence[str] = (),
        started: datetime | None = None,
    ) -> None:
        self.lake = lake
        self.metrics: dict[str, Any] = {}
        self.datasets = list(datasets)
        self._run = Run(
            new_run_id(),
            kind,
            name,
            "running",
            started or datetime.now(UTC),
            parents=list(parents),
            datasets=self.datasets,
            configuration=configuration or {},
            code_version=code_version(),
        )
        self._inputs = [Path(p) for p in inputs]
        self._written: set[str] = set()
        self._genes: GeneCatalogue | None = None
        self._next_cell: int | None = None

    @property
    def id(self) -> str:
        """The run's id."""
        return self._run.id

    @property
    def replaces(self) -> list[str]:
        """The runs that are gone in the moment this one is complete."""
        return self._run.replaces

    def __enter__(self) -> RunWriter:
        sweep(self.lake)
        self._run = replace(self._run, inputs=file_hashes(self._inputs))
        _log(self.lake, self._run)
        return self

    def write(self, table: str, rows: Rows) -> int:
        """Write all rows of this run to a table, in one commit; call once per table. Returns the number of rows.

        A frame or table is put into the table's declared order; a stream of batches must come in it.
        """
        if table in self._written:
            raise ValueError(f"run {self.id} has already written to '{table}'; hand all rows over in one call")
        count = delta.append(
            self.lake.table_folder(table), declared(table), self.id, _batches(rows, declared(table).sort)
        )
        self._written.add(table)
        self.metrics.setdefault(f"{table}_rows", count)
        return count

    def register_genes(
        self,
        symbols: Sequence[str],
        *,
        organism: str,
        ensembl: Sequence[str | None] | None = None,
        dataset: str | None = None,
        gene_index: str | None = None,
        regulator: bool | Sequence[bool | None] | None = None,
    ) -> pl.DataFrame:
        """Give each name its gene: known ones by Ensembl id, then symbol, then alias; new ones get an id and a key.

        Returns gene, key, symbol in the order of `symbols`. `gene_index="position"` says that the names are the
        columns of `dataset`'s expression matrix.
        """
        if self._genes is None:
            self._genes = GeneCatalogue.from_lake(self.lake)
        return self._genes.register(
            symbols,
            organism=organism,
            ensembl=ensembl,
            dataset=dataset,
            positions=gene_index == "position",
            regulator=regulator,
        )

    def allot_cells(self, n: int) -> int:
        """The first of `n` consecutive cell keys that no cell of this store has."""
        if self._next_cell is None:
            highest = self.lake.scan("cells").select(pl.col("cell").max()).collect().item()
            self._next_cell = 0 if highest is None else int(highest) + 1
        first = self._next_cell
        self._next_cell += n
        return first

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._complete()
                return
        except BaseException as failure:
            self._discard(failure)
            if is_disk_full(failure):
                raise DiskFull(self._disk_full()) from failure
            raise
        assert error is not None
        self._discard(error)
        if is_disk_full(error):
            raise DiskFull(self._disk_full()) from error

    def _complete(self) -> None:
        if self._genes is not None and self._genes.new_rows:
            self.write("genes", self._genes.rows())
        self._run = replace(
            self._run,
            status="complete",
            finished=datetime.now(UTC),
            metrics=self.metrics,
            versions=self.lake.versions(),
        )
        _log(self.lake, self._run)

    def _discard(self, error: BaseException) -> None:
        """Forget the rows; if even that fails, the next writer's sweep will do it.

        An interruption may come just after the run was complete; complete it stays.
        """
        with suppress(Exception):
            if any(run.id == self.id and run.status == "complete" for run in self.lake.all_runs()):
                return
            drop_rows(self.lake, self.id)
            message = f"{type(error).__name__}: {error}"[:2000]
            _log(self.lake, replace(self._run, status="failed", finished=datetime.now(UTC), message=message))

    def _disk_full(self) -> str:
        return (
            f"No space left on the device that holds {self.lake.folder}. The run was discarded and nothing of it "
            "is visible. Free some space and run the command again."
        )


def sweep(lake: Lake) -> list[str]:
    """Discard runs never finished, drop those replaced; call under the writer lock. Returns the ids of the former."""
    _compact_log(lake)
    runs = lake.all_runs()
    remaining = {run.id for run in in_force(runs)}
    for replaced in (run for run in runs if run.status == "complete" and run.id not in remaining):
        remove_run(lake, replaced)
    unfinished = [run for run in runs if run.status == "running"]
    for run in unfinished:
        drop_rows(lake, run.id)
        _log(
            lake,
            replace(run, status="failed", finished=datetime.now(UTC), message="interrupted before it was complete"),
        )
    return [run.id for run in unfinished]


def remove_run(lake: Lake, run: Run) -> None:
    """Take a complete run out: first it becomes invisible, then its rows are dropped. Earlier versions keep them."""
    _log(lake, replace(run, status="removed"))
    for table in TABLES:
        if table != "runs":
            delta.drop_run(lake.table_folder(table), run.id)


def drop_rows(lake: Lake, run_id: str) -> None:
    """Erase the rows and files of a run that was never complete, so that no reader ever saw it."""
    for table in TABLES:
        if table != "runs":
            delta.drop_run(lake.table_folder(table), run_id)
            shutil.rmtree(lake.table_folder(table) / f"run={run_id}", ignore_errors=True)


def _log(lake: Lake, run: Run) -> None:
    row = pa.Table.from_pylist([run.row()], schema=TABLES["runs"].arrow)
    delta.append(lake.table_folder("runs"), TABLES["runs"], run.id, row.to_batches())


def _compact_log(lake: Lake) -> None:
    """Join the log's many small files, so that it stays quick to read."""
    table = delta.open_table(lake.table_folder("runs"))
    if table is not None and len(table.file_uris()) > RUNS_FILES_BEFORE_COMPACTION:
        table.optimize.compact()


def _batches(rows: Rows, order: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Batches in the declared order; a stream of batches, never held whole, must come in it."""
    if isinstance(rows, pa.Table) and order:
        rows = pl.DataFrame(pl.from_arrow(rows))
    if isinstance(rows, pl.DataFrame):
        rows = (
            rows.sort([name for name in order if name in rows.columns], nulls_last=True, maintain_order=True)
            if order
            else rows
        )
        rows = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
    if isinstance(rows, pa.Table):
        yield from rows.to_batches(max_chunksize=delta.ROWS_PER_GROUP)
    else:
        yield from rows
