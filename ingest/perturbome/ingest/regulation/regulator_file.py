"""Regulators named by a file: a list of transcription factors is longer than what any experiment measures."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from perturbome.ingest.words import many
from perturbome.platform.errors import InputError, UnreadableFile
from perturbome.platform.words import first_few

MOST_NAMED = 6


def listed_names(path: Path) -> list[str]:
    """The regulators a file names, one a line, comments after #.

    UnreadableFile where there is no such file of text, InputError where it names none.
    """
    if not path.is_file():
        raise UnreadableFile(f"No file {path}. Give a file with one regulator a line, or names with commas.")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as wrong:
        raise UnreadableFile(f"{path} is not text in UTF-8. Give a file with one regulator a line.") from wrong
    words = (line.split("#")[0].split() for line in lines)
    names = list(dict.fromkeys(first[0] for first in words if first))
    if not names:
        raise InputError(f"{path.name} names no regulator. Give a file with one a line.")
    return names


def measured_regulators(path: Path, names: list[str], genes: pl.DataFrame) -> tuple[list[str], list[str]]:
    """The measured ones among the names that the file lists, and what to tell of others; InputError where none is."""
    known = {name for column in ("symbol", "ensembl", "gene") for name in genes[column]}
    measured, others = [n for n in names if n in known], [n for n in names if n not in known]
    if not measured:
        some = ", ".join(genes.select(pl.coalesce("symbol", "gene").alias("name"))["name"].head(6))
        raise InputError(
            f"{path.name} names {many(len(names), 'regulator')}, none of which the data set measures: "
            f"{first_few(names, MOST_NAMED)}. It measures {some}. Name genes by symbol, Ensembl id or id, one a line."
        )
    if not others:
        return measured, []
    told = f"{len(others):,} of {many(len(names), 'regulator')} in {path.name} {'is' if len(others) == 1 else 'are'}"
    return measured, [f"{told} not measured and left out: {first_few(others, MOST_NAMED)}."]
