"""How much of a prior the data sets of the store can use: shared genes, and a warning where there are none."""

from __future__ import annotations

import polars as pl

from perturbome.ingest.priors.name_kinds import other_kind
from perturbome.platform.store import Store


def measured(store: Store) -> pl.DataFrame:
    """Genes measured per data set: dataset, gene, symbol, organism."""
    return (
        store.lake.scan("genes")
        .filter(pl.col("dataset").is_not_null() & pl.col("gene_index").is_not_null())
        .select("dataset", "gene", "symbol", "organism")
        .unique()
        .collect()
    )


def overlap(
    genes: pl.Series, symbols: pl.Series, measured: pl.DataFrame, organism: str
) -> tuple[dict[str, int], list[str]]:
    """Genes of the prior that each data set measures, and what to say of it.

    `genes` are the prior's gene ids, `symbols` their symbols.
    """
    counts: dict[str, int] = {}
    said: list[str] = []
    folded = symbols.str.to_uppercase().implode()
    for (dataset,), theirs in measured.sort("dataset").group_by("dataset", maintain_order=True):
        shared = int(theirs["gene"].is_in(genes.implode()).sum())
        counts[str(dataset)] = shared
        said.append(f"data set '{dataset}' measures {shared:,} of its {len(genes):,} genes")
        if shared:
            continue
        alike = int(theirs["symbol"].str.to_uppercase().is_in(folded).sum())
        theirs_called = theirs["organism"][0]
        warning = f"WARNING: data set '{dataset}' ({theirs_called}) shares no gene with this prior ({organism})"
        called = other_kind(symbols, theirs["symbol"].sort())
        warning += called
        if alike:
            warning += f", though {alike:,} symbols agree but for upper and lower case or the organism"
        if theirs_called == "unknown" and not called:  # the kind of the names alone keeps them apart
            warning += (
                f"; whose genes the data set holds is not known: ingest it anew with --organism {organism} --replace "
                f"if they are {organism}"
            )
        elif theirs_called not in ("unknown", organism):
            warning += f"; take the {theirs_called} file, or pass organism={theirs_called} if it is one"
        said.append(warning)
    return counts, said
