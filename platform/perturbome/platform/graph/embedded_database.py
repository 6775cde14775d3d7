"""Opening Ladybug databases and asking them; imports little, since the process that answers queries starts with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ladybug
import pyarrow as pa

from perturbome.platform.graph.embedded_values import to_table

MB = 1 << 20
READ_POOL = 512 * MB
SMALLEST_POOL = 256 * MB
ADDRESS_SPACE = 1 << 36
"""Bytes of address space a database reserves; the library's default of 8 TB allows only a dozen per process."""


def open_database(path: Path, *, read_only: bool, pool: int = READ_POOL) -> ladybug.Database:
    """Open a database file; the address space reserved grows with the file."""
    size = path.stat().st_size if path.exists() else 0
    space = ADDRESS_SPACE
    while space < 4 * max(size, pool):
        space *= 2
    # Without automatic checkpoints a snapshot is merged once, at the end: later COPYs run four times as fast.
    return ladybug.Database(
        path, read_only=read_only, buffer_pool_size=pool, max_db_size=space, auto_checkpoint=read_only
    )


def empty_database() -> ladybug.Database:
    """A graph with the schema and nothing in it: what a reader asks before anything was published."""
    from perturbome.platform.schema.ddl import ladybug_statements

    database = ladybug.Database(":memory:", buffer_pool_size=SMALLEST_POOL, max_db_size=ADDRESS_SPACE)
    connection = ladybug.Connection(database)
    for statement in ladybug_statements():
        connection.execute(statement)
    connection.close()
    return database


def open_snapshot(path: Path | None) -> ladybug.Database:
    """A published snapshot, or the empty graph for None; OSError or RuntimeError where it cannot be opened."""
    if path is None:
        return empty_database()
    path.stat()  # the library would make the file that is not there
    database = open_database(path, read_only=True)
    ladybug.Connection(database).close()  # opening is lazy: now, while it can be tried again
    return database


def answer(
    database: ladybug.Database,
    cypher: str,
    parameters: Mapping[str, Any],
    row_limit: int | None,
    time_limit: float | None = None,
) -> pa.Table | None:
    """The rows of a query, None where there are more than `row_limit`; RuntimeError in the engine's words.

    The engine looks at its clock between steps only, and not at all while it unrolls a list.
    """
    with ladybug.Connection(database) as connection:
        if time_limit is not None:
            connection.set_query_timeout(max(1, round(1000 * time_limit)))
        result: Any = connection.execute(cypher, dict(parameters))
        if row_limit is not None and result.get_num_tuples() > row_limit:
            return None
        return to_table(result)


def half_of_memory() -> int:
    """Half of the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
