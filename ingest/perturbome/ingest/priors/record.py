"""What a prior format is and what reading one gives: the two records every reader speaks in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from perturbome.ingest.priors.opening import Head
from perturbome.platform.progress import Report, silent

Content = Literal["edges", "gene_sets", "regulators"]

CHANNELS = ("neighborhood", "fusion", "cooccurence", "coexpression", "experimental", "database", "textmining")
"""STRING's evidence channels, in STRING's own spelling, as the lake's `priors` table names them."""


@dataclass(frozen=True)
class Ask:
    """What the caller says beside the file: organism, STRING companion, smallest score, progress callback."""

    organism: str | None = None
    info: Path | None = None
    min_score: float = 0.0
    report: Report = silent


@dataclass(frozen=True)
class Parsed:
    """A prior read from its file, not yet matched to the store's genes.

    `rows` names genes by their position in `names` (UInt32):
    edges -> source, target, directed, sign, score and, where the format has them, the STRING channels and evidence;
    gene_sets -> gene_set, gene, description; regulators -> gene.
    """

    content: Content
    names: list[str]
    rows: pl.DataFrame
    organism: str | None = None
    unmapped: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    companions: tuple[Path, ...] = ()
    """Other files that were read beside the prior's own."""

    def named(self) -> pl.DataFrame:
        """The rows with gene names in place of positions."""
        genes = pl.Series("name", self.names, dtype=pl.String)
        columns = [c for c in ("source", "target", "gene") if c in self.rows.columns]
        return self.rows.with_columns(genes.gather(self.rows[c]).alias(c) for c in columns)


@dataclass(frozen=True)
class PriorFormat:
    """One file format: its name, how it is recognised, how it is read and what it needs beside the file."""

    name: str
    meaning: str
    recognise: Callable[[Head], str | None]
    """Returns why the first lines look like this format, or None."""
    read: Callable[[Head, Ask], Parsed]
    content: Content = "edges"
    needs: str = ""
    reference: str = ""
