"""Parts on their way into a snapshot, as Parquet files with exactly the declared columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from perturbome.platform.errors import GraphError
from perturbome.platform.graph.base import NodePart, Part
from perturbome.platform.progress import Report
from perturbome.platform.schema import Link
from perturbome.platform.schema.ddl import node_schema, relationship_schema

File = tuple[Path, int]
"""A staged file and its number of rows."""


ROWS_PER_GROUP = 65_536
"""COPY reads row groups in parallel: several per core, not one per file."""


@dataclass
class Staged:
    """The files of each label, and of each type and pair of labels."""

    folder: Path
    nodes: dict[str, list[File]] = field(default_factory=lambda: defaultdict(list))
    relationships: dict[tuple[str, Link], list[File]] = field(default_factory=lambda: defaultdict(list))

    @property
    def rows(self) -> int:
        """All rows staged."""
        return sum(rows for files in (*self.nodes.values(), *self.relationships.values()) for _, rows in files)


def stage(folder: Path, parts: Iterable[Part], runs: Sequence[str], report: Report) -> Staged:
    """Write parts to Parquet files, relationships of other runs than `runs` left out."""
    staged = Staged(folder)
    wanted = pa.array(runs, pa.string())
    for number, part in enumerate(parts):
        path = folder / f"{number}.parquet"
        if isinstance(part, NodePart):
            rows = conform(part.rows, node_schema(part.label), part.label)
            files = staged.nodes[part.label]
        else:
            rows = conform(part.rows, relationship_schema(part.type, part.link), part.type)
            rows = rows.filter(pc.is_in(rows["run"], wanted))
            files = staged.relationships[part.type, part.link]
        if rows.num_rows:
            pq.write_table(rows, path, compression="snappy", row_group_size=ROWS_PER_GROUP, write_statistics=False)
            files.append((path, rows.num_rows))
        report("graph: staging", staged.rows, None)
    staged.nodes = {label: files for label, files in staged.nodes.items() if files}
    staged.relationships = {pair: files for pair, files in staged.relationships.items() if files}
    return staged


def conform(rows: pa.Table, schema: pa.Schema, name: str) -> pa.Table:
    """The rows with exactly the schema's columns and types; GraphError says which are absent or do not fit."""
    absent = [column for column in schema.names if column not in rows.column_names]
    if absent:
        raise GraphError(f"Rows of {name} lack the columns {absent}; they have {rows.column_names}.")
    try:
        return rows.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise GraphError(f"Rows of {name} do not fit the schema: {error}") from error


def copy_source(paths: Sequence[Path]) -> str:
    """A list of files as COPY and LOAD take it; see `Snapshots.staging` for folders with odd names."""
    return "[" + ", ".join(f"'{path}'" for path in paths) + "]"
