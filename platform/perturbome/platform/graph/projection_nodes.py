"""Nodes: what each label is made from."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from perturbome.platform.graph.base import NodePart
from perturbome.platform.graph.projection_perturbations import perturbation_nodes
from perturbome.platform.graph.projection_source import Source, node_parts

NO_CELL_TYPE = "all"
"""What the lake says of cells whose file names no type; it makes no node."""

TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%.6fZ"


def nodes(source: Source) -> Iterator[NodePart]:
    """All nodes of the runs."""
    yield from node_parts("Run", _runs(source))
    yield from node_parts("Dataset", _named(source, "datasets", "dataset").rename({"dataset": "name"}))
    yield from node_parts("Gene", _genes(source))
    yield from node_parts("CellType", _cell_types(source))
    yield from node_parts("Perturbation", perturbation_nodes(source))
    yield from node_parts("Contrast", _named(source, "contrasts", "contrast").rename({"contrast": "id"}))
    yield from node_parts("Cell", source.scan("cells").rename({"cell": "id"}))


def _runs(source: Source) -> pl.LazyFrame:
    return source.scan("runs").with_columns(pl.col("started", "finished").dt.strftime(TIME_FORMAT))


def _named(source: Source, table: str, key: str) -> pl.LazyFrame:
    """The latest row of every key that the runs wrote."""
    return source.latest(table, key).join(source.scan(table).select(pl.col(key).unique()), on=key, how="semi")


def _genes(source: Source) -> pl.DataFrame:
    """Every gene the runs name; its attributes are gathered from all runs."""
    written = source.scan("genes").select(pl.col("gene").unique()).collect().to_series()
    return source.genes.filter(pl.col("gene").is_in(written.implode())).rename({"gene": "id"})


def _cell_types(source: Source) -> pl.DataFrame:
    types = source.scan("cells").select(pl.col("cell_type").unique()).collect(engine="streaming").to_series()
    return types.drop_nulls().filter(types.drop_nulls() != NO_CELL_TYPE).sort().to_frame("name")
