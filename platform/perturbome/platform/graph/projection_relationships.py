"""Relationships: what each type is made from."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from perturbome.platform.graph.base import RelationshipPart
from perturbome.platform.graph.projection_nodes import NO_CELL_TYPE
from perturbome.platform.graph.projection_perturbations import NO_PERTURBATION, targets_listed, targets_predicted
from perturbome.platform.graph.projection_source import Source, relationship_parts
from perturbome.platform.schema import Link

STRONGEST = 100
"""Effects per run, data set, perturbation, context, model and kind, and causes per contrast, that enter the graph."""

ROWS_RANKED_AT_ONCE = 2_000_000


def relationships(source: Source) -> Iterator[RelationshipPart]:
    """All relationships of the runs."""
    for type_, link, rows in _simple(source):
        yield from relationship_parts(source, type_, link, rows)
    for rows in _strongest_effects(source):
        yield from relationship_parts(source, "CHANGES", Link("Perturbation", "Gene"), rows)


def _simple(source: Source) -> Iterator[tuple[str, Link, pl.LazyFrame | pl.DataFrame]]:
    """Types whose rows are a selection of one table's rows."""
    genes, cells = Link("Gene", "Gene"), Link("Cell", "Cell")
    yield "READ", Link("Run", "Run"), _read_runs(source)
    yield "READ", Link("Run", "Dataset"), _read_datasets(source)
    yield "WROTE", Link("Run", "Dataset"), _ends("datasets", source, "run", "dataset")
    yield "WROTE", Link("Run", "Contrast"), _ends("contrasts", source, "run", "contrast")
    yield "CONTAINS", Link("Dataset", "Gene"), _measured(source)
    yield (
        "CONTAINS",
        Link("Dataset", "Perturbation"),
        _ends("perturbations", source, "dataset", "perturbation").filter(pl.col("target") != NO_PERTURBATION),
    )
    yield (
        "IS_A",
        Link("Cell", "CellType"),
        _ends("cells", source, "cell", "cell_type").filter(pl.col("target") != NO_CELL_TYPE),
    )
    yield "PERTURBS", Link("Perturbation", "Gene"), targets_listed(source)
    yield "PERTURBS", Link("Perturbation", "Gene"), targets_predicted(source)
    yield (
        "CAUSED_BY",
        Link("Contrast", "Gene"),
        _ends("targets", source, "contrast", "gene").filter(pl.col("rank") <= STRONGEST),
    )
    yield "INTERACTS_WITH", genes, source.scan("priors")
    yield "TRANSITIONS_TO", cells, source.scan("transitions")
    yield "NEAR", cells, source.scan("neighbours")
    yield "REGULATES", genes, source.scan("regulation")


def _ends(table: str, source: Source, tail: str, head: str) -> pl.LazyFrame:
    """A table's rows with two of its columns as source and target."""
    return source.scan(table).with_columns(pl.col(tail).alias("source"), pl.col(head).alias("target"))


def _measured(source: Source) -> pl.LazyFrame:
    """Data set and gene where the data set has a column for the gene."""
    rows = _ends("genes", source, "dataset", "gene")
    return rows.filter(pl.col("dataset").is_not_null() & pl.col("gene_index").is_not_null())


def _read_runs(source: Source) -> pl.DataFrame:
    """Runs and those of their parents that are still in the lake; a removed parent is named by the run's row alone."""
    rows = source.scan("runs").select(pl.col("id").alias("run"), pl.col("id").alias("source"), target="parents")
    exploded = rows.explode("target", empty_as_null=False).collect().unique(maintain_order=True)
    return exploded.filter(pl.col("target").is_in(source.known["Run"].implode()))


def _read_datasets(source: Source) -> pl.DataFrame:
    """Runs and the data sets they name but did not write, as far as these are still in the lake."""
    rows = source.scan("runs").select(pl.col("id").alias("run"), pl.col("id").alias("source"), target="datasets")
    exploded = rows.explode("target", empty_as_null=False).collect().unique(maintain_order=True)
    wrote = source.scan("datasets").select("run", target="dataset").unique().collect()
    read = exploded.join(wrote, on=["run", "target"], how="anti", maintain_order="left")
    return read.filter(pl.col("target").is_in(source.known["Dataset"].implode()))


def _strongest_effects(source: Source) -> Iterator[pl.DataFrame]:
    """The strongest effects, by |delta| and then by gene; an effect of exactly nothing is no change.

    Perturbations are taken in portions, so that memory does not grow with the number of effects.
    """
    group = ["run", "dataset", "perturbation", "context", "observed", "model"]
    sizes = (
        source.scan("effects")
        .filter(pl.col("perturbation") != NO_PERTURBATION)
        .group_by("perturbation")
        .len()
        .sort("perturbation")
        .collect(engine="streaming")
    )
    portions = sizes.group_by(pl.col("len").cum_sum() // ROWS_RANKED_AT_ONCE, maintain_order=True).agg("perturbation")
    for names in portions["perturbation"]:
        strongest = (
            source.scan("effects")
            .filter(
                pl.col("perturbation").is_in(names.implode()) & pl.col("delta").is_finite() & (pl.col("delta") != 0)
            )
            .collect(engine="streaming")
            .sort(pl.col("delta").abs(), pl.col("gene"), descending=[True, False])
            .group_by(group, maintain_order=True)
            .head(STRONGEST)
        )
        yield strongest.rename({"perturbation": "source", "gene": "target"}).sort("run", "source", "context")
