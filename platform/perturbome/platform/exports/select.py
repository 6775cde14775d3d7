"""Choose what to export from the lake: a network, a table or a data set, narrowed by a selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from perturbome.platform.errors import InputError, MissingColumn, NothingFound, UnknownName
from perturbome.platform.exports.record import Network
from perturbome.platform.lake.lake import polars_schema
from perturbome.platform.schema.tables import TABLES
from perturbome.platform.words import first_few

if TYPE_CHECKING:
    from perturbome.platform.lake.expression import Expression
    from perturbome.platform.store import Store

NETWORKS = {"regulation": "weight", "priors": "score"}
"""Tables that are networks, and the column that says how strong an edge is."""

AT_LEAST = {"min_weight": "weight", "min_score": "score", "min_stability": "stability"}


def shape_of(store: Store, what: str) -> str:
    """'network', 'table' or 'dataset'.

    Raises:
        UnknownName: `what` is neither a table nor a data set of this store.
    """
    if what in NETWORKS:
        return "network"
    if what in TABLES:
        return "table"
    known = store.datasets()["dataset"].to_list()
    if what in known:
        return "dataset"
    every = [*TABLES, *known]
    raise UnknownName("table or data set", what, str(store.path), every, first_few(every, 20))


def table(store: Store, what: str, selection: dict[str, Any]) -> pl.LazyFrame:
    """Rows of a lake table that meet the selection, `top` by strength where the table has one.

    Raises:
        MissingColumn: the table lacks a column of the selection. UnknownName: no such run. NothingFound: no row.
    """
    wanted = {key: value for key, value in selection.items() if value is not None}
    top = wanted.pop("top", None)
    run = wanted.pop("run", None)
    runs = None if run is None else [store.lake.run(str(run)).id]
    rows = store.lake.scan(what, runs).filter(*(_condition(what, key, value) for key, value in wanted.items()))
    if top is not None:
        rows = _strongest(rows, what, top)
    if rows.head(1).collect().is_empty():
        raise NothingFound(_empty(store, what, selection))
    return rows


def _condition(what: str, key: str, value: Any) -> pl.Expr:
    column = AT_LEAST.get(key, key)
    schema = polars_schema(what)
    if column not in schema:
        raise MissingColumn(column, f"table '{what}', for {key}={value}", schema.names())
    if key in AT_LEAST:
        return pl.col(column).abs() >= pl.lit(float(value), pl.Float32)
    if schema[column].is_float():
        return (pl.col(column) - float(value)).abs() <= 1e-6 * max(1.0, abs(float(value)))
    return pl.col(column) == pl.lit(value)


def _strongest(rows: pl.LazyFrame, what: str, top: int) -> pl.LazyFrame:
    """The `top` rows of largest |weight|, score or |delta|, in the order they had."""
    by = next((c for c in ("weight", "score", "delta") if c in polars_schema(what)), None)
    if by is None:
        raise MissingColumn("weight", f"table '{what}', for top={top}", polars_schema(what).names())
    if top < 1:
        raise InputError(f"top={top} leaves nothing; give at least 1.")
    return rows.with_row_index("_order").top_k(top, by=pl.col(by).abs()).sort("_order").drop("_order")


def _empty(store: Store, what: str, selection: dict[str, Any]) -> str:
    said = ", ".join(f"{key}={value}" for key, value in selection.items() if value is not None)
    if not store.lake.has(what):
        return f"The store holds no {what} yet, so there is nothing to export. See: perturbome runs list."
    there = store.lake.scan(what)
    held = []
    for column in ("prior", "dataset", "cell_type", "time"):
        if column in polars_schema(what):
            values = there.select(pl.col(column).unique().sort()).collect().to_series().to_list()
            held.append(f"{column}: {first_few([str(v) for v in values], 20)}")
    return (
        f"No row of '{what}' meets {said}. It holds {'; '.join(held)}." if held else f"No row of '{what}' meets {said}."
    )


def network(store: Store, what: str, selection: dict[str, Any]) -> Network:
    """Regulation or priors as a network, genes named by id and symbol. Raises as `table`."""
    edges = table(store, what, selection).collect()
    genes = store.genes().select(pl.col("gene").alias("id"), "symbol", "organism", pl.col("regulator").fill_null(False))
    used = pl.concat([edges["source"], edges["target"]]).unique().to_frame("id")
    nodes = used.join(genes, on="id", how="left", maintain_order="left").with_columns(
        pl.col("symbol").fill_null(pl.col("id"))
    )
    nodes = nodes.sort("symbol", "id")
    symbols = nodes.select("id", "symbol")
    strength = NETWORKS[what]
    edges = (
        edges.join(
            symbols.rename({"id": "source", "symbol": "source_symbol"}), on="source", how="left", maintain_order="left"
        )
        .join(
            symbols.rename({"id": "target", "symbol": "target_symbol"}), on="target", how="left", maintain_order="left"
        )
        .with_columns(pl.col(strength).abs().alias("strength"))
        .drop("source_key", "target_key")
    )
    if "directed" not in edges.columns:
        edges = edges.with_columns(pl.lit(True).alias("directed"))
    first = ["source", "target", "source_symbol", "target_symbol", "directed", "sign", "strength"]
    return Network(what, nodes, edges.select(*first, pl.exclude(first)))


def dataset(store: Store, what: str, selection: dict[str, Any]) -> Expression:
    """A data set with its cells narrowed by equality (cell_type, perturbation, time, ...).

    Raises:
        MissingColumn: cells have no such column. NothingFound: no cell is left.
    """
    wanted = {key: value for key, value in selection.items() if value is not None}
    for key in ("run", "top", "dataset", *AT_LEAST):
        if key in wanted:
            raise InputError(
                f"{key}={wanted[key]} (--{key.replace('_', '-')}) means nothing for a data set. Choose cells "
                "by cell_type (--cell-type), perturbation (--perturbation) or time (--time)."
            )
    conditions = [_condition("cells", key, value) for key, value in wanted.items()]
    where = pl.all_horizontal(conditions) if conditions else None
    return store.expression(what, where)
