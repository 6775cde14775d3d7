"""Which genes may regulate: those named, those listed as such, those a prior says, those that were perturbed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.regulation.moments import Matrix
from perturbome.ingest.regulation.variable import most_variable
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError, UnknownName
from perturbome.platform.lake import Lake
from perturbome.platform.store import Store

CANDIDATES = 500
"""So many genes, and no more, are taken as regulators where none is known to be one."""


def choose_regulators(
    genes: pl.DataFrame, listed: set[str], perturbed: set[str], named: Sequence[str] | None, X: Matrix
) -> tuple[NDArray[np.intp], str]:
    """Columns of the regulators, and one sentence on how they were chosen.

    `genes` has gene, symbol, ensembl, gene_index; X [n_cells, G] holds the cells looked at. In order: the genes
    `named`; else those `listed` (gene ids) together with the `perturbed` ones, whose own cells show what they do;
    else every gene, up to 500 genes; else the 500 most variable ones (see `most_variable`) and the perturbed ones.
    Raises UnknownName for a name that was not measured, InputError for an empty list of names.
    """
    columns = genes["gene_index"].to_numpy().astype(np.intp)
    if named is not None:
        return named_columns(genes, named), f"{many(len(set(named)), 'regulator')}, as named."
    among = genes["gene"].is_in(list(listed)).to_numpy()
    aimed = genes["gene"].is_in(list(perturbed)).to_numpy()
    if among.any():
        n = int(among.sum())
        text = f"{n:,} of {many(genes.height, 'gene')} {'is' if n == 1 else 'are'} listed as regulators"
        return np.sort(columns[among | aimed]), f"{text}{_also(aimed & ~among)}."
    if genes.height <= CANDIDATES:
        text = f"No list of regulators covers these genes: all {many(genes.height, 'gene')} may regulate. {_BETTER}"
        return np.sort(columns), text
    variable = np.zeros(genes.height, bool)
    variable[np.isin(columns, most_variable(X, genes.sort("gene_index")["gene"].to_list(), CANDIDATES))] = True
    text = (
        f"No list of regulators covers these {many(genes.height, 'gene')}: the {variable.sum():,} most variable are "
        f"taken as candidate regulators, whether or not they can regulate{_also(aimed & ~variable)}. {_BETTER}"
    )
    return np.sort(columns[variable | aimed]), text


_BETTER = (
    "Better: store a list of transcription factors, perturbome ingest prior TFS.txt, or name the regulators, "
    "--regulators TFS.txt."
)


def _also(added: NDArray[np.bool_]) -> str:
    n = int(added.sum())
    return f", with {many(n, 'perturbed gene')}" if n else ""


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
) -> tuple[NDArray[np.bool_], NDArray[np.intp], NDArray[np.bool_]]:
    """Where which gene is perturbed.

    In which cells [n, m] each measured perturbed gene is, the columns [m] of these genes, and the cells [n] in which
    a gene is that was not measured.
    """
    measured = aims.join(genes.select("gene", "gene_index"), on="gene").sort("gene_index", "perturbation")
    away = aims.join(genes.select("gene"), on="gene", how="anti")["perturbation"].unique().to_list()
    aimed = measured["gene_index"].unique(maintain_order=True).to_numpy().astype(np.intp)
    perturbed = np.zeros((cells.len(), aimed.size), bool)
    place = {column: i for i, column in enumerate(aimed.tolist())}
    rows_of = {name: np.flatnonzero((cells == name).fill_null(False).to_numpy()) for name in measured["perturbation"]}
    for perturbation, column in measured.select("perturbation", "gene_index").iter_rows():
        perturbed[rows_of[perturbation], place[column]] = True
    return perturbed, aimed, cells.is_in(away).fill_null(False).to_numpy()


def named_columns(genes: pl.DataFrame, named: Sequence[str]) -> NDArray[np.intp]:
    """Columns of genes given by id, Ensembl id or symbol; UnknownName and InputError as in `choose_regulators`."""
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
