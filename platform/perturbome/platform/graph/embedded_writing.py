"""Building a snapshot: parts are staged as Parquet, then copied in bulk, checked and published.

Relationships enter by COPY alone (300,000 a second, against 1,200 by MERGE). Each type is copied in as few COPYs as
memory allows and merged by as few checkpoints: measured, a checkpoint after each of five COPYs takes three times as
long. What is copied stays in memory until it is merged, so that 27 million rows cannot wait for one at the end.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import ladybug
import polars as pl

from perturbome.platform.errors import GraphError
from perturbome.platform.graph.base import Part
from perturbome.platform.graph.embedded_database import SMALLEST_POOL, half_of_memory, open_database
from perturbome.platform.graph.embedded_errors import write_errors
from perturbome.platform.graph.embedded_staging import Staged, copy_source, stage
from perturbome.platform.graph.snapshots import Published, Snapshots, full_disk_told, require_room
from perturbome.platform.progress import Report
from perturbome.platform.schema import NODES, RELATIONSHIPS
from perturbome.platform.schema.ddl import ladybug_statements

BYTES_PER_ROW = 450
"""Buffer pool a COPY of relationships takes per row (300 measured, plus room)."""

LARGEST_COPY = 5_000_000

COPIES_UNMERGED = 2
"""Largest COPYs between two checkpoints (three fitted into the pool, six did not)."""


def publish(
    snapshots: Snapshots,
    base: Published | None,
    runs: tuple[str, ...],
    new: Sequence[str],
    parts: Iterable[Part],
    report: Report,
) -> None:
    """Publish a snapshot of `base` (None: of nothing) plus the parts of the runs `new`; call it under the lock."""
    snapshots.sweep()
    path = snapshots.new_snapshot()
    with full_disk_told(snapshots.folder):
        try:
            with snapshots.staging() as folder, write_errors(snapshots.folder, "Projecting into the graph failed"):
                staged = stage(folder, parts, new, report)
                require_room(snapshots.folder, _size(snapshots.path(base)) if base else 0, staged.rows)
                if base:
                    shutil.copyfile(snapshots.path(base), path)
                expected = _fill(path, base is None, staged, report)
            counts = _check(path, expected)
            snapshots.publish(path, runs, counts, str(ladybug.__version__))
        finally:
            published = snapshots.published()
            if published is None or published.snapshot != path.name:
                for leftover in snapshots.folder.glob(f"{path.name}*"):
                    leftover.unlink(missing_ok=True)


def count(connection: ladybug.Connection) -> dict[str, int]:
    """Rows per label and type."""
    asked = {label: f"MATCH (n:`{label}`) RETURN count(*)" for label in NODES}
    asked |= {type_: f"MATCH ()-[r:`{type_}`]->() RETURN count(*)" for type_ in RELATIONSHIPS}
    return {name: int(_rows(connection, text).get_next()[0]) for name, text in asked.items()}  # type: ignore[index]


def _rows(connection: ladybug.Connection, statement: str) -> ladybug.QueryResult:
    result = connection.execute(statement)
    assert isinstance(result, ladybug.QueryResult)  # a list only where a text holds several statements
    return result


def _size(base: Path) -> int:
    """Bytes of the published snapshot."""
    try:
        return base.stat().st_size
    except FileNotFoundError as error:
        raise GraphError(
            f"The graph's snapshot {base} is gone. The lake still holds everything; build the graph anew: "
            "perturbome graph rebuild"
        ) from error


def _fill(path: Path, from_nothing: bool, staged: Staged, report: Report) -> dict[str, int]:
    """Write the staged rows into the database file at `path`; returns the counts it must have."""
    pool, rows_at_once = _memory(staged)
    database = open_database(path, read_only=False, pool=pool)
    connection = ladybug.Connection(database)
    try:
        if from_nothing:
            for statement in ladybug_statements():
                connection.execute(statement)
        expected = count(connection)
        done, unmerged, total = 0, 0, staged.rows
        for label, files in staged.nodes.items():
            report(f"graph: {label}", done, total)
            expected[label] += _merge_nodes(connection, label, files, staged.folder, from_nothing)
            done += sum(rows for _, rows in files)
        for (type_, link), files in staged.relationships.items():
            for several in _grouped(files, rows_at_once):
                rows = sum(rows for _, rows in several)
                if unmerged and unmerged + rows > COPIES_UNMERGED * rows_at_once:
                    report("graph: merging", done, total)
                    connection.execute("CHECKPOINT")
                    unmerged = 0
                report(f"graph: {type_}", done, total)
                with write_errors(path.parent, f"Copying {type_} ({link.source} to {link.target}) failed"):
                    connection.execute(
                        f"COPY `{type_}` FROM {copy_source([file for file, _ in several])} "
                        f"(from='{link.source}', to='{link.target}')"
                    )
                expected[type_] += rows
                unmerged += rows
                done += rows
        report("graph: merging", done, total)
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
        database.close()
    return expected


def _merge_nodes(
    connection: ladybug.Connection, label: str, files: list[tuple[Path, int]], folder: Path, from_nothing: bool
) -> int:
    """Copy the nodes that are new, set the properties of those that changed; returns how many are new.

    Where a key is staged twice the later row wins.
    """
    key = NODES[label].key
    paths = [file for file, _ in files]
    keys = pl.scan_parquet(paths).select(key).collect()[key]
    stored = pl.Series(key, [], keys.dtype) if from_nothing else _stored(connection, label, [key])[key]
    known = keys.is_in(stored.implode())
    if not known.any() and keys.n_unique() == len(keys):
        connection.execute(f"COPY `{label}` FROM {copy_source(paths)}")
        return len(keys)
    rows = pl.scan_parquet(paths).collect().unique(key, keep="last", maintain_order=True)
    is_known = pl.col(key).is_in(stored.implode())
    fresh, met = rows.filter(~is_known), rows.filter(is_known)
    if fresh.height:
        path = folder / f"{label}-fresh.parquet"
        fresh.write_parquet(path)
        connection.execute(f"COPY `{label}` FROM {copy_source([path])}")
    if met.height:
        _set_changed(connection, label, met, folder)
    return fresh.height


def _set_changed(connection: ladybug.Connection, label: str, met: pl.DataFrame, folder: Path) -> None:
    """Set all properties of the nodes of which any differs from what is stored."""
    key = NODES[label].key
    others = [name for name in NODES[label].properties if name != key]
    if not others:
        return
    stored = _stored(connection, label, [key, *others]).cast(dict(met.schema))  # type: ignore[arg-type]
    both = met.join(stored, on=key, how="left", suffix="_stored", maintain_order="left")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_stored")) for name in others)
    changed = both.filter(differs).select(pl.col(key, *others).name.prefix("new_"))
    if changed.height:
        path = folder / f"{label}-changed.parquet"
        changed.write_parquet(path)
        settings = ", ".join(f"n.`{name}` = new_{name}" for name in others)
        connection.execute(
            f"LOAD FROM {copy_source([path])} MATCH (n:`{label}`) WHERE n.`{key}` = new_{key} SET {settings}"
        )


def _stored(connection: ladybug.Connection, label: str, names: list[str]) -> pl.DataFrame:
    columns = ", ".join(f"n.`{name}` AS `{name}`" for name in names)
    return pl.DataFrame(pl.from_arrow(_rows(connection, f"MATCH (n:`{label}`) RETURN {columns}").get_as_arrow()))


def _check(path: Path, expected: dict[str, int]) -> dict[str, int]:
    """Open the closed file as a reader will, and compare its counts with what was written."""
    rest = [file.name for file in path.parent.glob(f"{path.name}.*")]
    database = open_database(path, read_only=True)
    try:
        with ladybug.Connection(database) as connection:
            counts = count(connection)
    finally:
        database.close()
    wrong = {name: (expected[name], counts[name]) for name in counts if counts[name] != expected[name]}
    if wrong or rest:
        raise GraphError(
            f"The new snapshot is not what was written (expected, found): {wrong or rest}. Nothing was published."
        )
    return counts


def _memory(staged: Staged) -> tuple[int, int]:
    """Bytes of the buffer pool, and rows one COPY may take with them."""
    largest = max((sum(rows for _, rows in files) for files in staged.relationships.values()), default=0)
    pool = min(SMALLEST_POOL + min(largest, LARGEST_COPY) * BYTES_PER_ROW, max(half_of_memory(), SMALLEST_POOL))
    return pool, max(100_000, (pool - SMALLEST_POOL) // BYTES_PER_ROW)


def _grouped(files: list[tuple[Path, int]], most: int) -> Iterable[list[tuple[Path, int]]]:
    """Consecutive files together while they have at most `most` rows."""
    group: list[tuple[Path, int]] = []
    for file in files:
        if group and sum(rows for _, rows in group) + file[1] > most:
            yield group
            group = []
        group.append(file)
    if group:
        yield group
