"""Which organism a prior speaks of: from taxon prefixes, Ensembl ids or the file's name."""

from __future__ import annotations

import re
from collections.abc import Iterable

TAXA = {"9606": "human", "10090": "mouse", "4932": "yeast"}
"""NCBI taxon -> the store's word."""

SPOKEN = {
    "human": "human", "hs": "human", "homo": "human", "hsapiens": "human", "hg38": "human", "9606": "human",
    "mouse": "mouse", "mm": "mouse", "mus": "mouse", "mmusculus": "mouse", "mm10": "mouse", "10090": "mouse",
    "yeast": "yeast", "sc": "yeast", "saccharomyces": "yeast", "scerevisiae": "yeast", "4932": "yeast",
}  # fmt: skip
ENSEMBL = {"ENSG": "human", "ENSMUSG": "mouse"}
ENSEMBL_GENE = re.compile(r"^(ENS[A-Z]*G)\d{6,}(\.\d+)?$")
ENSEMBL_GENE_PATTERN = r"^ENS[A-Z]*G\d{6,}(\.\d+)?$"
TAXON_PREFIX = re.compile(r"^(\d+)\.\S+$")


def of_taxon(taxon: str) -> str:
    """The store's word for an NCBI taxon; 'unknown' for one it has no word for."""
    return TAXA.get(taxon, "unknown")


def called(organism: str) -> str:
    """How a message names it: the word and its taxon where there is one."""
    taxon = next((t for t, name in TAXA.items() if name == organism), None)
    return f"{organism} (taxon {taxon})" if taxon else organism


def in_file_name(stem: str) -> str | None:
    """The organism a file name speaks of (human_STRING, dorothea_mm, trrust_rawdata.mouse), if it names just one."""
    words = [word.casefold() for word in re.split(r"[^A-Za-z0-9]+", stem)]
    spoken = {SPOKEN[word] for word in words if word in SPOKEN}
    return spoken.pop() if len(spoken) == 1 else None


def in_names(names: Iterable[str]) -> str | None:
    """The organism of Ensembl gene ids, if all of those among the names agree."""
    prefixes = {found.group(1) for name in names if (found := ENSEMBL_GENE.match(name))}
    spoken = {ENSEMBL.get(prefix, "unknown") for prefix in prefixes}
    return spoken.pop() if len(spoken) == 1 else None
