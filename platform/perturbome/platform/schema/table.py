"""One lake table as data: its columns with their meaning, and the columns that several tables share."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

STRING, BOOL, FLOAT, DOUBLE = pa.string(), pa.bool_(), pa.float32(), pa.float64()
INT, LONG = pa.int32(), pa.int64()
STRINGS, INTS, FLOATS = pa.list_(pa.string()), pa.list_(pa.int32()), pa.list_(pa.float32())


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type and meaning; `required` columns never hold nulls."""

    name: str
    type: pa.DataType
    meaning: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One lake table; every table but `runs` is partitioned by `run` and sorted by `sort` inside a run."""

    name: str
    row: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...] = ()

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, column order included."""
        return pa.schema([pa.field(c.name, c.type, nullable=not c.required) for c in self.columns])

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [c.name for c in self.columns]


RUN = Column("run", STRING, "the run that wrote the row", required=True)
DATASET = Column("dataset", STRING, "name of the data set", required=True)
CELL_TYPE = Column("cell_type", STRING, "cell type, or 'all' where cells were not separated")
TIME = Column("time", FLOAT, "time in the unit the data set names; null where there is none")
SOURCE = Column("source", STRING, "gene id at the tail of the edge", required=True)
TARGET = Column("target", STRING, "gene id at the head of the edge", required=True)
SOURCE_KEY = Column("source_key", INT, "integer key of the source gene in this store", required=True)
TARGET_KEY = Column("target_key", INT, "integer key of the target gene in this store", required=True)
