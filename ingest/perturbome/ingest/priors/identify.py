"""From the names of a prior to the genes of the store: dates mended, case folded aloud, doubles joined again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import polars as pl

from perturbome.ingest.priors.edges import merge
from perturbome.ingest.priors.record import Parsed
from perturbome.ingest.symbols import ENSEMBL, mend_symbols, strip_version

FOLD_WHEN = 10
"""Names are matched without regard to case where that finds at least this many times more genes ..."""
FOLD_AT_LEAST = 3
"""... and at least this many: fewer may agree by chance."""


@dataclass(frozen=True)
class Spelled:
    """Names as the store should see them: None for those that name no gene, with what was done to them."""

    symbols: list[str | None]
    ensembl: list[str | None]
    lost: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def spell(names: list[str], organism: str, known: pl.DataFrame) -> Spelled:
    """Mend dates, split off Ensembl ids and, where case alone keeps names from the store's genes, take its spelling.

    `known` are the store's genes (symbol, organism).
    """
    mended = mend_symbols(names, organism)
    symbols: list[str | None] = [None if s in mended.ambiguous else s for s in mended.symbols]
    theirs = known.filter(pl.col("organism") == organism)["symbol"]
    folded, said = fold_case(symbols, theirs)
    ensembl = [strip_version(s) if s is not None and ENSEMBL.match(s) else None for s in folded]
    spelled = [e or s for s, e in zip(folded, ensembl, strict=True)]
    return Spelled(spelled, ensembl, sorted(mended.ambiguous), [*mended.said(), *said])


def fold_case(symbols: list[str | None], known: pl.Series) -> tuple[list[str | None], list[str]]:
    """The known spelling of each symbol that differs from it by case alone, if hardly any agrees as it stands."""
    mine = pl.Series("symbol", symbols, dtype=pl.String)
    table = pl.DataFrame({"folded": known.str.to_uppercase(), "known": known}).unique("folded", keep="none")
    joined = mine.to_frame().with_columns(pl.col("symbol").str.to_uppercase().alias("folded"))
    joined = joined.join(table, on="folded", how="left", maintain_order="left")
    exact = int(mine.is_in(known.implode()).sum())
    found = int(joined["known"].is_not_null().sum())
    if found < max(FOLD_WHEN * exact, FOLD_AT_LEAST):
        return symbols, []
    said = (
        f"{found:,} names agree with genes of the store but for upper and lower case ({exact:,} agree as they stand): "
        "the store's spelling was taken"
    )
    return joined.select(pl.coalesce("known", "symbol")).to_series().to_list(), [said]


def without(parsed: Parsed, spelled: Spelled) -> Parsed:
    """The prior without the names that name no gene; they are added to its unmapped."""
    if not spelled.lost:
        return parsed
    lost = pl.Series([i for i, s in enumerate(spelled.symbols) if s is None], dtype=pl.UInt32).implode()
    ends = [c for c in ("source", "target", "gene") if c in parsed.rows.columns]
    rows = parsed.rows.filter(~pl.any_horizontal(pl.col(c).is_in(lost) for c in ends))
    return replace(parsed, rows=rows, unmapped=sorted({*parsed.unmapped, *spelled.lost}))


def to_genes(rows: pl.DataFrame, genes: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Edges by row of `genes` (gene, key), put in the lake's order, and how many fell together on the way.

    Several names may be one gene: their edges are merged. Undirected edges get source < target by gene id and
    lose self-loops; rows are sorted by source_key, target_key.
    """
    before = rows.height
    by_id = genes.with_row_index("name").with_columns(pl.col("gene").rank("dense").alias("order"))
    first = by_id.select(pl.col("name").min().over("gene")).to_series().cast(pl.UInt32)
    order = by_id["order"]
    rows = rows.with_columns(first.gather(rows["source"]).alias("source"), first.gather(rows["target"]).alias("target"))
    turned = ~rows["directed"] & (order.gather(rows["source"]) > order.gather(rows["target"]))
    rows = rows.with_columns(
        pl.when(turned).then("target").otherwise("source").alias("source"),
        pl.when(turned).then("source").otherwise("target").alias("target"),
    ).filter(pl.col("directed") | (pl.col("source") != pl.col("target")))
    if genes["gene"].n_unique() < genes.height:
        rows = merge(rows).drop("contradicting")
    keys = genes["key"]
    rows = rows.with_columns(
        keys.gather(rows["source"]).alias("source_key"), keys.gather(rows["target"]).alias("target_key")
    ).sort("source_key", "target_key")
    return rows, before - rows.height
