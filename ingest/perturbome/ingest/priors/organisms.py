"""Which organism a prior speaks of: what was asked, taxon prefixes, the file's name, the store, or the names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from perturbome.ingest.organism import organism_name
from perturbome.ingest.priors.opening import stem_of
from perturbome.ingest.symbols import guess_organism
from perturbome.platform.errors import InputError

TAXA = {"9606": "human", "10090": "mouse", "4932": "yeast"}
"""NCBI taxon -> the store's word."""

WORDS = {
    **dict.fromkeys(("human", "hs", "hsapiens", "homo", "hg38", "grch38", "9606"), "human"),
    **dict.fromkeys(("mouse", "mm", "mmusculus", "mus", "mm10", "grcm38", "10090"), "mouse"),
    **dict.fromkeys(("yeast", "scerevisiae", "saccharomyces", "4932"), "yeast"),
}
"""Words of a file's name."""

TAXON_PREFIX = re.compile(r"^(\d+)\.\S+$")
SHARE = 0.2


def of_taxon(taxon: str) -> str:
    """The store's word for an NCBI taxon; 'unknown' for one it has no word for."""
    return TAXA.get(taxon, "unknown")


def called(organism: str) -> str:
    """How a message names it: the word and its taxon where there is one."""
    taxon = next((t for t, name in TAXA.items() if name == organism), None)
    return f"{organism} (taxon {taxon})" if taxon else organism


def other_file(asked: str) -> str:
    """How to mend an organism that is not the file's."""
    return "Leave organism out" + ("." if asked == "unknown" else f", or take the file of {called(asked)}.")


def in_file_name(stem: str) -> str | None:
    """The organism a file name speaks of (human_STRING, dorothea_mm, trrust_rawdata.mouse), if it names just one."""
    spoken = {WORDS[word] for word in re.split(r"[^a-z0-9]+", stem.casefold()) if word in WORDS}
    return spoken.pop() if len(spoken) == 1 else None


def decide(
    names: Sequence[str], path: Path, known: pl.DataFrame, *, asked: str | None, in_file: str | None
) -> tuple[str, str]:
    """The organism and why, by the first of: the file's ids, what was asked, its name, the store's genes, the case.

    `known` are the store's genes (symbol, organism). Raises InputError where Ensembl ids contradict what was asked.
    """
    guess, why = guess_organism(names)
    certain = in_file or (guess if why in ("Ensembl prefix", "systematic names") and guess != "unknown" else None)
    if asked is not None:
        asked = organism_name(asked)
        if certain not in (None, "unknown", asked):
            raise InputError(
                f"{path.name} names genes of {called(str(certain))}, but organism={asked} (--organism) was asked for. "
                f"{other_file(asked)}"
            )
        return asked, "as asked"
    if certain is not None:
        return certain, "its identifiers say so" if in_file else why
    spoken = in_file_name(stem_of(path))
    if spoken is not None:
        return spoken, "its file name says so"
    shared = (
        known.group_by("organism")
        .agg(pl.col("symbol").is_in(list(names)).sum().alias("shared"), pl.len().alias("n"))
        .with_columns((pl.col("shared") / pl.min_horizontal("n", pl.lit(max(len(names), 1)))).alias("share"))
        .filter(pl.col("share") >= SHARE)
        .sort("shared", descending=True)
    )
    if shared.height:
        return str(shared["organism"][0]), f"{shared['shared'][0]:,} of its names are genes of the store"
    return guess, why
