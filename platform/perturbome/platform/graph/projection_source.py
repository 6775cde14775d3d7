"""What a projection reads: the lake, the runs asked for, and who is known in the whole lake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import polars as pl
import pyarrow as pa

from perturbome.platform.errors import GraphError
from perturbome.platform.graph.base import NodePart, RelationshipPart
from perturbome.platform.lake.genes import known_genes
from perturbome.platform.lake.lake import Lake
from perturbome.platform.schema import NODES, RELATIONSHIPS, Link
from perturbome.platform.schema.ddl import node_schema, relationship_schema

BATCH = 500_000
"""Rows in a part, at most."""


@dataclass(frozen=True)
class Source:
    """The lake and the runs to project."""

    lake: Lake
    runs: tuple[str, ...]

    def scan(self, table: str) -> pl.LazyFrame:
        """Rows that the runs asked for wrote."""
        return self.lake.scan(table, runs=list(self.runs))

    def latest(self, table: str, key: str) -> pl.LazyFrame:
        """One row per key of the table, from all complete runs; the latest run's word holds."""
        return self.lake.scan(table).sort("run", maintain_order=True).unique(key, keep="last", maintain_order=True)

    @cached_property
    def genes(self) -> pl.DataFrame:
        """One row per gene of the store."""
        return known_genes(self.lake)

    @cached_property
    def known(self) -> dict[str, pl.Series]:
        """Keys of the nodes that relationships may end at, from all complete runs."""
        perturbations = [self._keys(table, "perturbation") for table in ("perturbations", "effects")]
        return {
            "Gene": self.genes["gene"],
            "Dataset": self._keys("datasets", "dataset"),
            "Contrast": self._keys("contrasts", "contrast"),
            "Perturbation": pl.concat(perturbations).unique(),
            "Run": self._keys("runs", "id"),
        }

    @cached_property
    def cells(self) -> pl.Series:
        """Keys of all cells; apart, since few runs need them and there may be millions."""
        return self._keys("cells", "cell")

    def _keys(self, table: str, column: str) -> pl.Series:
        return self.lake.scan(table).select(pl.col(column).unique()).collect(engine="streaming").to_series()

    def check(self, type_: str, link: Link, rows: pl.DataFrame) -> None:
        """Raise GraphError where an end of a relationship is no node; none is dropped in silence."""
        for column, label in (("source", link.source), ("target", link.target)):
            if label == "CellType":  # made from the very rows that name it
                continue
            known = self.cells if label == "Cell" else self.known[label]
            named = rows[column].unique()
            absent = named.filter(~named.is_in(known.implode()) | named.is_null())
            if len(absent):
                runs = rows.filter(pl.col(column).is_in(absent.implode(), nulls_equal=True))["run"].unique().sort()
                raise GraphError(
                    f"{type_} of run {', '.join(runs.head(3))} names {len(absent):,} {label} node(s) that no complete "
                    f"run holds, such as {absent.sort()[0]!r}. If the run that wrote them was removed, remove the "
                    f"runs that read it too: perturbome runs remove {runs[0]}"
                )


def batches(rows: pl.LazyFrame | pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows in frames of at most BATCH rows, in order, never all in memory where the frame is lazy."""
    if isinstance(rows, pl.DataFrame):
        yield from (rows.slice(start, BATCH) for start in range(0, rows.height, BATCH))
        return
    for batch in rows.collect_batches(chunk_size=BATCH, maintain_order=True):
        if batch.height:
            yield batch


def node_parts(label: str, rows: pl.LazyFrame | pl.DataFrame) -> Iterator[NodePart]:
    """Parts of one label; the rows have the label's properties as columns."""
    columns = list(NODES[label].properties)
    for batch in batches(rows.select(columns)):
        yield NodePart(label, arrow(batch, node_schema(label)))


def relationship_parts(
    source: Source, type_: str, link: Link, rows: pl.LazyFrame | pl.DataFrame
) -> Iterator[RelationshipPart]:
    """Parts of one type and pair of labels, their ends checked; properties the rows lack are null."""
    schema = relationship_schema(type_, link)
    given = rows.collect_schema().names()
    absent = [pl.lit(None).alias(name) for name in RELATIONSHIPS[type_].properties if name not in given]
    for batch in batches(rows.with_columns(absent).select(schema.names)):
        source.check(type_, link, batch)
        yield RelationshipPart(type_, link, arrow(batch, schema))


def arrow(rows: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """The frame as Arrow in the declared types."""
    return rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
