"""Which genes may regulate: those named, those listed as such, those a prior says, those that were perturbed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.platform.errors import InputError, UnknownName
from perturbome.platform.lake import Lake
from perturbome.platform.store import Store

ALL_GENES_UP_TO = 500


def choose_regulators(
    genes: pl.DataFrame, listed: set[str], perturbed: set[str], named: Sequence[str] | None
) -> tuple[NDArray[np.intp], str]:
    """Columns of the regulators, and one sentence on how they were chosen.

    `genes` has gene, symbol, ensembl, gene_index. In order: the genes `named`; else those `listed` (gene ids) together
    with the `perturbed` ones, whose own cells show what they do; else every gene, up to 500 genes.
    Raises UnknownName for a name that was not measured, InputError where nothing says what may regulate.
    """
    columns = genes["gene_index"].to_numpy().astype(np.intp)
    if named is not None:
        return _by_name(genes, named), f"{len(set(named))} regulators, as named."
    among = genes["gene"].is_in(list(listed)).to_numpy()
    if among.any():
        added = genes["gene"].is_in(list(perturbed)).to_numpy() & ~among
        also = f" and {int(added.sum())} perturbed genes" if added.any() else ""
        text = f"{int(among.sum())} of the {genes.height} genes are listed as regulators{also}."
        return np.sort(columns[among | added]), text
    if genes.height <= ALL_GENES_UP_TO:
        text = f"No list of regulators covers these genes: all {genes.height} genes were taken as regulators."
        return np.sort(columns), text
    raise InputError(
        f"None of the {genes.height} genes is known to be a regulator, and {genes.height} genes are too many to take "
        f"all as such (at most {ALL_GENES_UP_TO}). Add a list, perturbome ingest prior tfs.txt, or name them with "
        "--regulators."
    )


def listed_regulators(lake: Lake, genes: pl.DataFrame) -> set[str]:
    """Gene ids flagged as regulators by any run, or, where none of the measured ones is, sources of directed priors."""
    flagged = set(genes.filter(pl.col("regulator").fill_null(False))["gene"])
    if flagged or not lake.has("priors"):
        return flagged
    sources = lake.scan("priors").filter(pl.col("directed")).select(pl.col("source").unique()).collect()["source"]
    return set(genes["gene"]) & set(sources)


def perturbed_genes(lake: Lake, dataset: dict[str, Any]) -> pl.DataFrame:
    """Rows (perturbation, gene) for the genes that the perturbations of a data set aim at; compounds aim at none."""
    if not lake.has("perturbations"):
        return pl.DataFrame(schema={"perturbation": pl.String, "gene": pl.String})
    return (
        lake.scan("perturbations", [dataset["run"]])
        .filter((pl.col("dataset") == dataset["dataset"]) & (pl.col("mode") != "compound"))
        .select("perturbation", pl.col("targets").alias("gene"))
        .explode("gene")
        .drop_nulls()
        .unique(maintain_order=True)
        .collect()
    )


def perturbed_cells(
    cells: pl.Series, aims: pl.DataFrame, genes: pl.DataFrame
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """In which cells [n, m] each measured perturbed gene is perturbed, and the columns [m] of these genes."""
    measured = aims.join(genes.select("gene", "gene_index"), on="gene").sort("gene_index", "perturbation")
    aimed = measured["gene_index"].unique(maintain_order=True).to_numpy().astype(np.intp)
    perturbed = np.zeros((cells.len(), aimed.size), bool)
    place = {column: i for i, column in enumerate(aimed.tolist())}
    rows_of = {name: np.flatnonzero((cells == name).fill_null(False).to_numpy()) for name in measured["perturbation"]}
    for perturbation, column in measured.select("perturbation", "gene_index").iter_rows():
        perturbed[rows_of[perturbation], place[column]] = True
    return perturbed, aimed


def _by_name(genes: pl.DataFrame, named: Sequence[str]) -> NDArray[np.intp]:
    """Columns of genes given by id, Ensembl id or symbol."""
    index: dict[str, int] = {}
    for column in ("symbol", "ensembl", "gene"):
        index |= {name: i for name, i in genes.select(column, "gene_index").iter_rows() if name}
    for name in named:
        if name not in index:
            raise UnknownName("gene", name, "the data set", genes["symbol"].to_list())
    if not named:
        raise InputError("The list of regulators is empty. Name at least one, or leave it out.")
    return np.array(sorted({index[name] for name in named}), np.intp)


def perturbations_of(store: Store, dataset: str, genes: Sequence[str]) -> list[str]:
    """Ids of the data set's perturbations that aim at any of these genes; UnknownName for a gene that none aims at."""
    if not genes:
        return []
    made = store.lake.scan("perturbations").filter(pl.col("dataset") == dataset).collect()
    found: set[str] = set()
    for name in genes:
        ids = made.filter(pl.col("targets").list.contains(store.find_gene(name)["gene"]))["perturbation"]
        if ids.is_empty():
            raise UnknownName("perturbed gene", name, f"data set '{dataset}'", made["label"].drop_nulls().to_list())
        found.update(ids)
    return sorted(found)
