"""Who is who: one identity and one integer key per gene in a store, whatever name a file uses.

A gene's id is its Ensembl id where the store first met it with one, else `organism:symbol`. It never changes
afterwards: a file that brings other names for the same gene adds them as attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from perturbome.platform.schema.tables import TABLES

if TYPE_CHECKING:
    from perturbome.platform.lake.lake import Lake

ATTRIBUTES = ["gene", "key", "symbol", "organism", "ensembl", "aliases", "regulator"]


def known_genes(lake: Lake, as_of: str | None = None) -> pl.DataFrame:
    """One row per gene of the store: the columns of `ATTRIBUTES`, by key; names of all runs are gathered."""
    return (
        lake.scan("genes", as_of=as_of)
        .sort("run", maintain_order=True)
        .with_columns(pl.concat_list("symbol", pl.col("aliases").fill_null([])).alias("names"))
        .group_by("gene", maintain_order=True)
        .agg(
            pl.col("key").first(),
            pl.col("symbol").first(),
            pl.col("organism").first(),
            pl.col("ensembl").drop_nulls().first(),
            pl.col("names").explode().unique(maintain_order=True).alias("aliases"),
            pl.col("regulator").max(),
        )
        .with_columns(pl.col("aliases").list.set_difference(pl.concat_list("symbol")))
        .select(ATTRIBUTES)
        .sort("key")
        .collect()
    )


class GeneCatalogue:
    """The genes a store knows, plus those a run is about to add."""

    def __init__(self, known: pl.DataFrame) -> None:
        self.new_rows: list[dict[str, Any]] = []
        self._next_key = 0
        self._genes: dict[str, tuple[int, str]] = {}
        self._by_ensembl: dict[str, str] = {}
        self._ensembl_known: set[str] = set()
        self._by_symbol: dict[tuple[str, str], str | None] = {}
        self._by_alias: dict[tuple[str, str], str | None] = {}
        for gene, key, symbol, organism, ensembl, aliases, _ in known.select(ATTRIBUTES).iter_rows():
            self._remember(gene, key, symbol, organism, ensembl, aliases or [])

    @classmethod
    def from_lake(cls, lake: Lake) -> GeneCatalogue:
        """The catalogue of all complete runs."""
        return cls(known_genes(lake))

    def register(
        self,
        symbols: Sequence[str],
        *,
        organism: str,
        ensembl: Sequence[str | None] | None = None,
        dataset: str | None = None,
        positions: bool = False,
        regulator: bool | Sequence[bool | None] | None = None,
    ) -> pl.DataFrame:
        """See `RunWriter.register_genes`."""
        ensembl_ids = [None] * len(symbols) if ensembl is None else list(ensembl)
        flags = [regulator] * len(symbols) if regulator is None or isinstance(regulator, bool) else list(regulator)
        found = []
        for index, (symbol, ensembl_id, flag) in enumerate(zip(symbols, ensembl_ids, flags, strict=True)):
            gene = self._find(symbol, organism, ensembl_id)
            if gene is None:
                gene = ensembl_id or f"{organism}:{symbol}"
                self._remember(gene, self._next_key, symbol, organism, ensembl_id, [])
            elif ensembl_id and gene not in self._ensembl_known:
                self._by_ensembl[ensembl_id] = gene
                self._ensembl_known.add(gene)
            key, known_symbol = self._genes[gene]
            alias = [symbol] if symbol != known_symbol else None
            self.new_rows.append(
                {
                    "dataset": dataset,
                    "gene": gene,
                    "key": key,
                    "symbol": known_symbol,
                    "organism": organism,
                    "ensembl": ensembl_id,
                    "aliases": alias,
                    "gene_index": index if positions else None,
                    "regulator": flag,
                }
            )
            found.append((gene, key, known_symbol))
        return pl.DataFrame(found, schema={"gene": pl.String, "key": pl.Int32, "symbol": pl.String}, orient="row")

    def rows(self) -> pl.DataFrame:
        """The rows this run adds to the table `genes`, sorted by key."""
        kinds: dict[str, pl.DataType | type[pl.DataType]] = {
            "dataset": pl.String,
            "gene": pl.String,
            "key": pl.Int32,
            "symbol": pl.String,
            "organism": pl.String,
            "ensembl": pl.String,
            "aliases": pl.List(pl.String),
            "gene_index": pl.Int32,
            "regulator": pl.Boolean,
        }
        assert set(kinds) | {"run"} == set(TABLES["genes"].names)
        return pl.DataFrame(self.new_rows, schema=kinds).sort("key", maintain_order=True)

    def _find(self, symbol: str, organism: str, ensembl_id: str | None) -> str | None:
        name = (organism, symbol)
        by_ensembl = self._by_ensembl.get(ensembl_id or symbol)
        if by_ensembl is not None:
            return by_ensembl
        by_name = self._by_symbol.get(name)
        if name not in self._by_symbol:
            by_name = self._by_alias.get(name)
        if by_name is None or ensembl_id is None:
            return by_name
        # The same symbol under another Ensembl id is another gene.
        return by_name if by_name not in self._ensembl_known else None

    def _remember(
        self, gene: str, key: int, symbol: str, organism: str, ensembl: str | None, aliases: Sequence[str]
    ) -> None:
        self._genes[gene] = (key, symbol)
        self._next_key = max(self._next_key, key + 1)
        if ensembl:
            self._by_ensembl[ensembl] = gene
            self._ensembl_known.add(gene)
        taken = self._by_symbol.get((organism, symbol), gene)
        self._by_symbol[organism, symbol] = gene if taken == gene else None
        for alias in aliases:
            taken = self._by_alias.get((organism, alias), gene)
            self._by_alias[organism, alias] = gene if taken == gene else None
