"""Which edges a run could have found at all: what it measured and what it let regulate."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from perturbome.platform.errors import UnknownName
from perturbome.platform.lake import Lake, Run
from perturbome.platform.lake.expression import dataset_genes, dataset_row


@dataclass(frozen=True)
class Possible:
    """Genes a run measured, genes it let regulate (ids) and pairs it considered; None where it was bound by nothing."""

    measured: frozenset[str] | None = None
    regulators: frozenset[str] | None = None
    pairs: pl.DataFrame | None = None  # source, target, each pair once

    def reasons(self, rows: pl.DataFrame, when: str) -> pl.Series:
        """Why each edge (source, target) could not be `when` ('before' or 'after'); null where it could."""
        reasons = [
            pl.when(~pl.col(end).is_in(pl.Series(sorted(genes), dtype=pl.String).implode())).then(
                pl.lit(f"{words} {when}")
            )
            for end, genes, words in (
                ("source", self.measured, "regulator not measured"),
                ("target", self.measured, "target not measured"),
                ("source", self.regulators, "not a candidate regulator"),
            )
            if genes is not None
        ]
        ends = rows.select("source", "target")
        if self.pairs is not None:
            ends = ends.join(
                self.pairs.with_columns(supported=True), on=["source", "target"], how="left", maintain_order="left"
            )
            reasons.append(pl.when(pl.col("supported").is_null()).then(pl.lit(f"not in the hard prior {when}")))
        return ends.select(pl.coalesce(pl.lit(None, pl.String), *reasons).alias("reason"))["reason"]


def possible_edges(lake: Lake, run: Run) -> tuple[Possible, list[str]]:
    """What the run could have found, from its data sets and its settings, and what of that is not known."""
    said = []
    measured: set[str] | None = set()
    symbols: dict[str, set[str]] = {}
    for dataset in run.datasets:
        try:
            genes = dataset_genes(lake, dataset_row(lake, dataset))
        except UnknownName:
            said.append(f"The store holds no data set '{dataset}', so what run {run.id} measured is not known.")
            measured = None
            break
        if measured is not None:
            measured |= set(genes["gene"])
        for names in (genes["symbol"], genes["gene"]):
            for name, gene in zip(names, genes["gene"], strict=True):
                symbols.setdefault(name, set()).add(gene)
    if measured is not None and not measured:
        said.append(f"Run {run.id} names no data set, so what it measured is not known.")
        measured = None
    named = run.configuration.get("regulators")
    regulators: set[str] | None = None
    if isinstance(named, list) and named and measured is not None:
        regulators = {gene for name in named for gene in symbols.get(name, ())}
    else:
        said.append(f"Run {run.id} does not say which genes might regulate: every gene is taken as one that might.")
    return Possible(_frozen(measured), _frozen(regulators), _hard_prior(lake, run)), said


def _hard_prior(lake: Lake, run: Run) -> pl.DataFrame | None:
    """Pairs that a hard prior let the run consider, both ways round where it has no direction; None without one."""
    if run.configuration.get("mask") != "hard":
        return None
    edges = (
        lake.scan("priors", run.parents)
        .filter(pl.col("prior").is_in(list(run.configuration["prior"])) & (pl.col("score") > 0))
        .select("source", "target", "directed")
        .collect()
    )
    back = edges.filter(~pl.col("directed")).select(pl.col("target").alias("source"), pl.col("source").alias("target"))
    return pl.concat([edges.select("source", "target"), back]).unique()


def _frozen(genes: set[str] | None) -> frozenset[str] | None:
    return None if genes is None else frozenset(genes)
