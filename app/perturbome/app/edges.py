"""Networks and priors as the pages read them: from the lake, kept until a run is added or removed."""

from __future__ import annotations

import polars as pl
import streamlit as st

from perturbome.app.reading import genes, version
from perturbome.platform.store import Store


@st.cache_data(show_spinner=False, max_entries=8)
def _networks(_store: Store, version: str) -> pl.DataFrame:
    return (
        _store.lake.scan("regulation")
        .group_by("run", "dataset", "cell_type", "time")
        .agg(pl.len().alias("edges"), pl.col("source").n_unique().alias("regulators"))
        .sort("run", "cell_type", "time", descending=[True, False, False])
        .collect()
    )


def networks(store: Store) -> pl.DataFrame:
    """One row per inferred network: run, dataset, cell_type, time, edges, regulators; the newest run first."""
    return _networks(store, version(store))


@st.cache_data(show_spinner=False, max_entries=32)
def _by_targets(_store: Store, version: str, run: str) -> list[str]:
    edges = _store.lake.scan("regulation", [run]).group_by("source").agg(pl.col("target").n_unique()).collect()
    symbols = dict(genes(_store).select("gene", "symbol").iter_rows())
    return [symbols[gene] for gene in edges.sort("target", "source", descending=[True, False])["source"]]


def regulators(store: Store, run: str) -> list[str]:
    """Symbols of a network's regulators, most targets first."""
    return _by_targets(store, version(store), run)


@st.cache_data(show_spinner=False, max_entries=8)
def _every_symbol(_store: Store, version: str, run: str) -> list[str]:
    first = _by_targets(_store, version, run)
    # A symbol of two organisms stands for no gene: there the ids are offered.
    once = pl.col("symbol").is_unique()
    names = genes(_store).select(pl.when(once).then("symbol").otherwise("gene").alias("name"))["name"]
    return [*first, *sorted(set(names) - set(first))]


def every_symbol(store: Store, run: str) -> list[str]:
    """What a search can find without typing it whole: the network's regulators first, then every gene."""
    return _every_symbol(store, version(store), run)


@st.cache_data(show_spinner=False, max_entries=64)
def _priors_of(_store: Store, version: str, gene: str, most: int) -> pl.DataFrame:
    rows = (
        _store.lake.scan("priors")
        .filter((pl.col("source") == gene) | (pl.col("target") == gene))
        .select("source", "target", "directed", "sign", "score", "prior", "evidence", "run")
        .collect()
    )
    return _by_symbol(_store, rows.sort("score", descending=True, maintain_order=True).head(most))


def priors_of(store: Store, gene: str, most: int) -> pl.DataFrame:
    """Prior edges of a gene by symbol, the highest score first."""
    return _priors_of(store, version(store), gene, most)


@st.cache_data(show_spinner=False, max_entries=64)
def _between(
    _store: Store, version: str, run: str, cell_type: str | None, time: float | None, members: list[str]
) -> pl.DataFrame:
    inside = pl.col("source").is_in(members) & pl.col("target").is_in(members)
    if cell_type is not None:
        inside &= pl.col("cell_type") == cell_type
    if time is not None:
        inside &= (pl.col("time") - time).abs() <= 1e-6 * (1 + abs(time))
    rows = _store.lake.scan("regulation", [run]).filter(inside).select("source", "target", "weight", "sign").collect()
    return _by_symbol(_store, rows)


def between(store: Store, run: str, cell_type: str | None, time: float | None, members: list[str]) -> pl.DataFrame:
    """Regulation among these genes (by id), with symbols for source and target."""
    return _between(store, version(store), run, cell_type, time, sorted(set(members)))


def _by_symbol(store: Store, rows: pl.DataFrame) -> pl.DataFrame:
    symbols = genes(store).select("gene", "symbol")
    for end in ("source", "target"):
        rows = rows.join(symbols, left_on=end, right_on="gene", how="left", maintain_order="left").with_columns(
            pl.coalesce("symbol", end).alias(end)
        )
        rows = rows.drop("symbol")
    return rows


def regulators_first(store: Store, run: str, dataset: str) -> list[str]:
    """Symbols to choose from: the network's regulators, most targets first, then the data set's other genes."""
    regulators = _by_targets(store, version(store), run)
    return [*regulators, *sorted(set(_measured(store, version(store), dataset)) - set(regulators))]


@st.cache_data(show_spinner=False, max_entries=8)
def _measured(_store: Store, version: str, dataset: str) -> list[str]:
    rows = _store.lake.scan("genes").filter(pl.col("dataset") == dataset).select("gene").unique().collect()
    return genes(_store).join(rows, on="gene", how="semi")["symbol"].to_list()


@st.cache_data(show_spinner=False, max_entries=8)
def _priors(_store: Store, version: str) -> pl.DataFrame:
    return _store.lake.scan("priors").group_by("prior").agg(pl.len().alias("edges")).sort("prior").collect()


def priors(store: Store) -> pl.DataFrame:
    """One row per prior network: prior, edges."""
    return _priors(store, version(store))
