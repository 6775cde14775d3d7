"""Whether the rows of a text matrix are genes or cells, by what its rows and columns are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from perturbome.ingest.experiment.columns import ROLE_WORDS
from perturbome.ingest.experiment.conventions import PLAIN_COLUMNS
from perturbome.ingest.experiment.genes import ENSEMBL_COLUMNS, SYMBOL_COLUMNS
from perturbome.ingest.symbols import ENTREZ, kind_of

LOOKED_AT = 5000
_NEARLY = 0.9  # share of names that make an axis one of whole numbers, or one series
_APART = 0.3  # by so much must one axis look more like genes than the other
_DIGITS = 0.2  # most lists of symbols have a digit in two names of three; words (tissues, drugs) in few
_FEW = 3  # names, below which a common stem is no series

_BARCODE = re.compile(r"^[ACGTN]{6,}|[ACGT]{10,}|^(cell|c|sample|well)[\W_]?\d+$", re.I)
_ACCESSION = re.compile(
    r"^(DB\d{5}|CHEMBL\d+|CHEBI:?\d+|BRD-[A-Z]\w+|[CS]ID:?\d{3,}|HMDB\d{5,}|ZINC\d{6,}|NSC[-_]?\d{3,}|GS[EM]\d{3,}|"
    r"[SED]R[RXSP]\d{5,}|SAM(N|EA|D)\d+|TCGA-\w{2}-.*|ACH-\d{6})$",
    re.I,
)
"""Drugs and other compounds, samples, reads, tumours and cell lines, as databases number them."""
_SERIES = re.compile(r"^([A-Za-z]+[-_.]?)\d{4,}$")
_GENE_STEMS = re.compile(r"^(g|gene|loc|gm|fbgn|wbgene|kiaa|flj|linc|mgc|znf|zfp|olfr)[-_.]?$", re.I)
_OTHER_WORDS = frozenset(
    {"nperts", "perturbation_2", "perturbation_type", "mode", "n_counts", "total_counts", "ncounts"}
)
_OF_GENES = frozenset({*SYMBOL_COLUMNS, *ENSEMBL_COLUMNS, "genes", "entrez", "entrez_id", "entrez_gene_id",
                       "entrezgene", "hugo_symbol"}) - {"name"}  # fmt: skip
_OF_CELLS = frozenset({"cell", "cells", "cell_id", "cellid", "barcode", "barcodes", "perturbagen", "pert_id",
                       "pert_iname", "sig_id", "inst_id", "drug_id", "compound_id", "well"})  # fmt: skip

Sign = Literal["genes", "others", "numbers", ""]


@dataclass(frozen=True)
class Axis:
    """The names along one side: what shares of them can be genes and cannot, and whether they are whole numbers."""

    names: list[str]
    genes: float  # share: Ensembl ids, short words without underscore, columns about the cells that stand among them
    others: float  # share: barcodes, and accession numbers of what is no gene
    numbers: bool  # nearly all are whole numbers, but no count from 0 or 1: then they can be Entrez ids
    worded: bool  # their names hold hardly a digit, which is rare among symbols
    example: str = ""

    @classmethod
    def of(cls, names: Sequence[object]) -> Axis:
        """What the names say, of the first 5,000."""
        seen = [str(n) for n in names][:LOOKED_AT]
        if not seen:
            return cls([], 0.0, 0.0, False, False)
        series = _series(seen)
        kinds = [_kind(n, series) for n in seen]
        shares = {kind: kinds.count(kind) / len(seen) for kind in ("genes", "others", "numbers")}
        whole = np.array(sorted(int(n) for n, kind in zip(seen, kinds, strict=True) if kind == "numbers"))
        # A count of rows is no name: 0, 1, 2, ... without a gap.
        numbers = shares["numbers"] >= _NEARLY and int(whole[-1] - whole[0]) >= len(whole)
        symbols = [n for n, kind in zip(seen, kinds, strict=True) if kind == "genes" and not about_cells(n)]
        digits = sum(any(c.isdigit() for c in n) for n in symbols)
        odd = next((n for n, kind in zip(seen, kinds, strict=True) if kind == "others"), "")
        return cls(seen, shares["genes"], shares["others"], numbers, digits < _DIGITS * len(symbols), odd)


def rows_are_genes(rows: Sequence[object], columns: Sequence[object], corner: str = "") -> tuple[bool | None, str]:
    """True if rows are genes, False if columns are, None where it cannot be told; and why.

    `corner` is the header over the names of the rows. Symbols and Ensembl ids are genes, barcodes and accession
    numbers (DB00014, CHEMBL25) are none, whole numbers may be Entrez ids: they are taken so where the other side
    cannot be genes. What else is left open, the corner decides if it is one of the usual words.
    """
    row, column = Axis.of(rows), Axis.of(columns)
    for mine, other, answer in ((row, column, True), (column, row, False)):
        # Words against whole numbers: tissues or drugs by Entrez ids, or cells by number.
        doubtful = mine.worded and other.numbers
        if mine.genes - other.genes >= _APART and not doubtful:
            whose = "their names" if answer else "the columns' names"
            return answer, f"{mine.genes:.0%} of {whose} look like genes"
    for mine, other, answer in ((row, column, True), (column, row, False)):
        if mine.numbers and other.others >= 1 - _APART:
            sides = ("rows", "columns") if answer else ("columns", "rows")
            return answer, (
                f"the {sides[0]}' names are whole numbers, as Entrez ids are, and the {sides[1]}' are no genes, such "
                f"as {other.example}"
            )
    word = corner.strip().casefold().replace(" ", "_")
    if word in _OF_GENES or word in _OF_CELLS:
        return word in _OF_GENES, f"'{corner.strip()}' stands above their names"
    return None, ""


def names_rows(corner: str) -> bool:
    """Whether the header of a first column says that it names the rows, be they numbers or not."""
    word = corner.strip().casefold().replace(" ", "_")
    return word in ("", "unnamed:_0") or word in _OF_GENES or word in _OF_CELLS


def about_cells(name: str) -> bool:
    """Whether a column of this name tells of the cells, and is no gene."""
    word = name.strip().casefold()
    return word in ROLE_WORDS or word in PLAIN_COLUMNS or word in _OTHER_WORDS or word.startswith("pseudotime")


def _kind(name: str, series: str) -> Sign:
    if ENTREZ.match(name):
        return "numbers"
    if kind_of(name) in ("ensembl", "yeast"):
        return "genes"
    if _BARCODE.search(name) or _ACCESSION.match(name):
        return "others"
    if series and name.startswith(series):
        return ""
    return "genes" if re.match(r"^[A-Za-z][A-Za-z0-9.\-]{0,15}$", name) or about_cells(name) else ""


def _series(names: Sequence[str]) -> str:
    """The stem that nearly all names share before a number of four digits or more (X00001, X00002); '' if none.

    Numbered things can be anything; stems that genes are numbered under (LOC, FBgn, Gene) do not count.
    """
    stems = Counter(match.group(1) for match in map(_SERIES.match, names) if match)
    stem, n = stems.most_common(1)[0] if stems else ("", 0)
    return stem if n >= max(_FEW, _NEARLY * len(names)) and not _GENE_STEMS.match(stem) else ""
