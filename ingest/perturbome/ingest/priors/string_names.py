"""STRING's companions, `protein.info` and `protein.aliases`: protein id to gene symbol."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from perturbome.ingest.priors.opening import Head, look, whole
from perturbome.platform.errors import InputError, MissingColumn

SOURCES = ("Ensembl_HGNC_symbol", "BioMart_HUGO", "Ensembl_HGNC", "Ensembl_MGI", "Ensembl_UniProt_GN_Name",
           "UniProt_GN_Name", "BLAST_UniProt_GN_Name", "Ensembl_UniProt_GN", "SGD_gene_name", "Ensembl_SGD",
           "Ensembl_EntrezGene", "BLAST_KEGG_NAME", "KEGG_NAME", "Ensembl_gene")  # fmt: skip
"""Alias sources that hold a gene's name, the most trustworthy first (v12 and v11 spellings)."""


def is_info(head: Head) -> bool:
    """True for a protein.info file (v11 writes protein_external_id, v12 #string_protein_id)."""
    return "preferred_name" in head.header


def is_aliases(head: Head) -> bool:
    """True for a protein.aliases file: v12 has a header, v11 a commented one."""
    header = " ".join(head.header)
    return "alias" in header and "source" in header and "protein" in header


def find_companion(links: Path, taxon: str) -> Path:
    """The info or aliases file of `taxon` that lies beside the links file; the same version before any other.

    Raises:
        InputError: there is none; the message names what to pass.
    """
    for word in ("info", "aliases"):
        found = sorted(links.parent.glob(f"{taxon}.protein.{word}*.txt*"))
        same = [f for f in found if _version(f) == _version(links)]
        if same or found:
            return (same or found)[-1]
    raise InputError(
        f"{links.name} names proteins, not genes, and no {taxon}.protein.info.*.txt.gz or "
        f"{taxon}.protein.aliases.*.txt.gz lies beside it in {links.parent}. "
        f"Download {taxon}.protein.info from string-db.org and pass info=PATH (--info PATH)."
    )


def _version(path: Path) -> str:
    return path.name.partition(".v")[2].removesuffix(".gz").removesuffix(".txt")


def read_names(path: Path) -> pl.DataFrame:
    """Table of `protein` (with its taxon prefix) and `name`, one row per protein.

    Raises:
        InputError: the file is neither protein.info nor protein.aliases.
        MissingColumn: an info file without preferred_name.
    """
    head = look(path)
    if is_info(head):
        names = _read(path, ["protein", "name"])
    elif is_aliases(head):
        names = _best_alias(_read(path, ["protein", "name", "source"]))
    elif "\t" in head.lines[0]:
        raise MissingColumn("preferred_name", path.name, head.header, "Pass STRING's protein.info or protein.aliases.")
    else:
        raise InputError(
            f"{path.name} is neither STRING's protein.info nor protein.aliases: it starts with "
            f"'{head.lines[0][:60]}'. Pass the companion of the links file, as 9606.protein.info.v12.0.txt.gz."
        )
    names = names.select(pl.col("protein", "name").str.strip_chars()).drop_nulls().filter(pl.col("name") != "")
    return names.unique("protein", keep="first", maintain_order=True)


def _read(path: Path, names: list[str]) -> pl.DataFrame:
    """The first columns of a tab-separated file, header skipped, without quoting (annotations hold lone quotes)."""
    frame = pl.read_csv(
        whole(path),
        separator="\t",
        has_header=False,
        skip_lines=1,
        infer_schema=False,
        quote_char=None,
        truncate_ragged_lines=True,
        encoding="utf8-lossy",
    )
    return frame[:, : len(names)].rename(dict(zip(frame.columns, names, strict=False)))


def _best_alias(aliases: pl.DataFrame) -> pl.DataFrame:
    """For each protein the alias of the most trustworthy source; v11 lists several sources in one field."""
    ranks = pl.DataFrame(
        {"source": SOURCES, "trust": range(len(SOURCES))}, schema={"source": pl.String, "trust": pl.Int32}
    )
    return (
        aliases.with_columns(pl.col("source").fill_null("").str.split(" ").alias("source"))
        .explode("source")
        .join(ranks, on="source")
        .sort("trust", maintain_order=True)
        .select("protein", "name")
    )
