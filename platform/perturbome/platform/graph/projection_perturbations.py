"""Perturbation nodes and their targets: from the data sets' own list, else read from the id of a predicted one."""

from __future__ import annotations

import polars as pl

from perturbome.platform.errors import GraphError
from perturbome.platform.graph.projection_source import Source

GENE_MODES = ("knockout", "knockdown", "activation")
"""Modes whose targets are genes; a compound's target is its own name."""

NO_PERTURBATION = "control"


def perturbation_nodes(source: Source) -> pl.DataFrame:
    """One row per perturbation the runs name: id, label, mode, dose; a data set's own word goes before the id's."""
    named = [source.scan(table).select(pl.col("perturbation").unique()) for table in ("perturbations", "effects")]
    ids = pl.concat(named).unique().sort("perturbation").filter(pl.col("perturbation") != NO_PERTURBATION)
    listed = source.latest("perturbations", "perturbation").select("perturbation", "label", "mode", "dose")
    return (
        _parsed(ids.collect(engine="streaming").to_series())
        .join(listed.collect(), on="perturbation", how="left", suffix="_listed", maintain_order="left")
        .select(
            pl.col("perturbation").alias("id"),
            *(pl.coalesce(f"{name}_listed", name).alias(name) for name in ("label", "mode", "dose")),
        )
    )


def targets_listed(source: Source) -> pl.LazyFrame:
    """Target genes of the perturbations that the runs' data sets list: source, target, run, mode, dose."""
    return (
        source.scan("perturbations")
        .filter(pl.col("mode").is_in(GENE_MODES))
        .select("run", pl.col("perturbation").alias("source"), pl.col("targets").alias("target"), "mode", "dose")
        .explode("target", empty_as_null=False)
        .unique(["run", "source", "target"], keep="first", maintain_order=True)
    )


def targets_predicted(source: Source) -> pl.DataFrame:
    """Target genes of predicted perturbations that no earlier run lists, found by symbol: as `targets_listed`.

    Genes of the predicted data set's organism go first. GraphError where a symbol is unknown.
    """
    predicted = (
        source.scan("effects").select("run", "dataset", "perturbation").unique().collect(engine="streaming")
    ).sort("run", "perturbation", "dataset")
    first_listed = source.lake.scan("perturbations").group_by("perturbation").agg(pl.col("run").min().alias("listed"))
    alone = predicted.join(first_listed.collect(), on="perturbation", how="left", maintain_order="left").filter(
        pl.col("listed").is_null() | (pl.col("listed") > pl.col("run"))
    )
    read = _parsed(alone["perturbation"].unique(maintain_order=True)).filter(pl.col("mode").is_in(GENE_MODES))
    organisms = source.latest("datasets", "dataset").select("dataset", "organism").collect()
    wanted = (
        alone.join(read, on="perturbation", maintain_order="left")
        .join(organisms, on="dataset", how="left", maintain_order="left")
        .explode("symbols")
    )
    found = wanted.join(
        source.genes.select(pl.col("symbol").alias("symbols"), "gene", pl.col("organism").alias("of")),
        on="symbols",
        how="left",
        maintain_order="left",
    )
    unknown = found.filter(pl.col("gene").is_null())
    if unknown.height:
        row = unknown.row(0, named=True)
        raise GraphError(
            f"Run {row['run']} predicts '{row['perturbation']}', but no complete run holds a gene '{row['symbols']}'. "
            f"If the run that wrote it was removed, remove this one too: perturbome runs remove {row['run']}"
        )
    return (
        found.sort(pl.col("of") != pl.col("organism"), maintain_order=True, nulls_last=True)
        .unique(["run", "perturbation", "symbols"], keep="first", maintain_order=True)
        .select("run", pl.col("perturbation").alias("source"), pl.col("gene").alias("target"), "mode", "dose")
        .sort("run", "source", "target")
    )


def read_id(perturbation: str) -> dict[str, object]:
    """Mode, label, symbols and dose from an id such as knockout:JAK2+STAT1 or compound:nutlin@0.5."""
    mode, colon, rest = perturbation.partition(":")
    if not colon:
        return {"perturbation": perturbation, "mode": None, "label": perturbation, "symbols": [], "dose": None}
    name, at, amount = rest.rpartition("@")
    try:
        dose = float(amount) if at else None
    except ValueError:
        dose = None
    name = rest if dose is None else name
    symbols = name.split("+") if mode in GENE_MODES else [name]
    return {"perturbation": perturbation, "mode": mode, "label": name, "symbols": symbols, "dose": dose}


def _parsed(ids: pl.Series) -> pl.DataFrame:
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "perturbation": pl.String,
        "mode": pl.String,
        "label": pl.String,
        "symbols": pl.List(pl.String),
        "dose": pl.Float32,
    }
    return pl.DataFrame([read_id(str(name)) for name in ids], schema=schema)
