"""One Delta table: append a run's rows in one atomic commit, drop a run's rows, add columns of a later schema.

Parquet files are written here and committed through Delta's transaction log, because row order, row-group size
and memory stay ours that way: rows keep the order they come in, and no more than one row group is in memory.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, Schema
from deltalake.transaction import AddAction, RemoveAction

from perturbome.platform.schema.table import Table

ROWS_PER_GROUP = 65_536
ROWS_PER_GROUP_OF_LISTS = 4_096
GROUPS_PER_FILE = 64


def open_table(folder: Path, version: int | None = None) -> DeltaTable | None:
    """The Delta table in `folder`, or None where nothing was ever written."""
    if not (folder / "_delta_log").is_dir() or not DeltaTable.is_deltatable(str(folder)):
        return None
    return DeltaTable(str(folder), version=version)


def paths(delta: DeltaTable) -> list[str]:
    """Paths of the table's data files; Delta names them as addresses, with spaces and the like encoded."""
    return [unquote(uri) for uri in delta.file_uris()]


def append(folder: Path, table: Table, run: str, batches: Iterable[pa.RecordBatch]) -> int:
    """Write the rows of one run, then commit them at once; returns the number of rows.

    Until the commit nothing is visible; after it all rows are. `batches` need not hold the `run` column.
    """
    delta = _prepared(folder, table)
    actions: list[AddAction | RemoveAction] = []
    rows = 0
    for path, count in _write_files(folder, table, run, batches):
        rows += count
        stats = json.dumps({"numRecords": count, "minValues": {}, "maxValues": {}, "nullCount": {}})
        partition = {"run": run} if _partitioned(table) else {}
        actions.append(
            AddAction(
                str(path.relative_to(folder)),
                path.stat().st_size,
                partition,
                int(time.time() * 1000),
                True,
                stats,
            )
        )
    if actions:
        delta.create_write_transaction(
            actions,
            "append",
            Schema.from_arrow(table.arrow),
            partition_by=["run"] if _partitioned(table) else [],
        )
    return rows


def drop_run(folder: Path, run: str) -> None:
    """Take a run's rows out of the table; earlier versions of the table still hold them."""
    delta = open_table(folder)
    if delta is not None and delta.partitions([("run", "=", run)]):
        delta.delete(f"run = '{run}'")


def _partitioned(table: Table) -> bool:
    return table.names[0] == "run"


def _prepared(folder: Path, table: Table) -> DeltaTable:
    """The table, made if it is new, widened if this version of perturbome knows more columns."""
    delta = open_table(folder)
    if delta is None:
        folder.mkdir(parents=True, exist_ok=True)
        return DeltaTable.create(
            str(folder),
            Schema.from_arrow(table.arrow),
            mode="ignore",
            description=table.row,
            partition_by=["run"] if _partitioned(table) else None,
        )
    known = {field.name for field in delta.schema().fields}
    new = [field for field in Schema.from_arrow(table.arrow).fields if field.name not in known]
    if new:
        delta.alter.add_columns(new)
    return delta


def _write_files(folder: Path, table: Table, run: str, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Path, int]]:
    """Stream batches into Parquet files of bounded row groups; yields each closed file with its number of rows."""
    schema = pa.schema([field for field in table.arrow if field.name != "run" or not _partitioned(table)])
    has_lists = any(pa.types.is_list(field.type) for field in schema)
    group = ROWS_PER_GROUP_OF_LISTS if has_lists else ROWS_PER_GROUP
    target = folder / f"run={run}" if _partitioned(table) else folder
    target.mkdir(parents=True, exist_ok=True)
    writer: pq.ParquetWriter | None = None
    path, rows, number = target, 0, 0
    try:
        for chunk in _in_groups(_conform(batches, schema), group):
            if writer is None:
                path, rows = target / f"part-{number:05d}-{uuid.uuid4().hex}.parquet", 0
                number += 1  # files are read in the order of their names
                writer = pq.ParquetWriter(path, schema, compression="snappy", write_statistics=True)
            writer.write_table(chunk, row_group_size=group)
            rows += chunk.num_rows
            if rows >= group * GROUPS_PER_FILE:
                writer.close()
                writer = None
                yield path, rows
        if writer is not None:
            writer.close()
            writer = None
            yield path, rows
    finally:
        if writer is not None:
            writer.close()


def _conform(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Order columns as declared, fill absent nullable ones with nulls, cast to the declared types."""
    for batch in batches:
        columns = []
        for field in schema:
            if field.name in batch.schema.names:
                columns.append(batch.column(field.name).cast(field.type))
            elif field.nullable:
                columns.append(pa.nulls(batch.num_rows, field.type))
            else:
                raise ValueError(f"rows lack the required column '{field.name}'; they have {batch.schema.names}")
        unknown = set(batch.schema.names) - set(schema.names) - {"run"}
        if unknown:
            raise ValueError(f"rows have columns the table does not: {sorted(unknown)}; it has {schema.names}")
        yield pa.Table.from_arrays(columns, schema=schema)


def _in_groups(tables: Iterator[pa.Table], group: int) -> Iterator[pa.Table]:
    """Re-cut a stream of tables into tables of exactly `group` rows, the last one shorter."""
    waiting: list[pa.Table] = []
    rows = 0
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        if rows >= group:
            joined = pa.concat_tables(waiting)
            whole = rows - rows % group
            for start in range(0, whole, group):
                yield joined.slice(start, group)
            waiting, rows = [joined.slice(whole)], rows - whole
    if rows:
        yield pa.concat_tables(waiting)
