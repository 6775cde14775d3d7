"""Any table as CSV, TSV or Parquet, streamed so that memory stays bounded."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from perturbome.platform.exports.record import Exporter

LIST_SEPARATOR = ";"


def flat(rows: pl.LazyFrame) -> pl.LazyFrame:
    """List columns as text joined by ';', which is all that CSV can hold."""
    lists = [name for name, kind in rows.collect_schema().items() if isinstance(kind, pl.List)]
    return rows.with_columns(pl.col(lists).list.eval(pl.element().cast(pl.String)).list.join(LIST_SEPARATOR))


def write_csv(rows: pl.LazyFrame, path: Path) -> int:
    """Comma-separated with a header."""
    flat(rows).sink_csv(path)
    return _height(rows)


def write_tsv(rows: pl.LazyFrame, path: Path) -> int:
    """Tab-separated with a header."""
    flat(rows).sink_csv(path, separator="\t")
    return _height(rows)


def write_parquet(rows: pl.LazyFrame, path: Path) -> int:
    """Parquet, lists and types kept."""
    rows.sink_parquet(path)
    return _height(rows)


def _height(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect().item())


EXPORTERS = (
    Exporter("csv", "comma-separated text", (".csv",), table=write_csv,
             network=lambda network, path: write_csv(network.edges.lazy(), path)),
    Exporter("tsv", "tab-separated text", (".tsv", ".txt"), table=write_tsv,
             network=lambda network, path: write_tsv(network.edges.lazy(), path)),
    Exporter("parquet", "Parquet, with types", (".parquet", ".pq"), table=write_parquet,
             network=lambda network, path: write_parquet(network.edges.lazy(), path)),
)  # fmt: skip
