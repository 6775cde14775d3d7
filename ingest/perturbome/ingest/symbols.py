"""Gene names as files hold them: what kind of identifier they are, whose genes, and what Excel did to them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from perturbome.ingest.words import many

ENSEMBL = re.compile(r"^(ENS([A-Z]{3,4})?G\d{11})(\.\d+)?(_PAR_Y)?$")
YEAST = re.compile(r"^(Y[A-P][LR]\d{3}[WC](-[A-Z])?|Q0\d{3})$")
ENTREZ = re.compile(r"^\d{1,9}$")
_GENOME = re.compile(r"^(?:GRCh3[78]|hg19|hg38|GRCm3[89]|mm10|mm39)_+")
_SPECIES = {None: "human", "MUS": "mouse"}


def kind_of(name: str) -> str:
    """Kind of a gene identifier: ensembl, yeast (systematic name), entrez or symbol."""
    if ENSEMBL.match(name):
        return "ensembl"
    if YEAST.match(name):
        return "yeast"
    return "entrez" if ENTREZ.match(name) else "symbol"


def strip_version(name: str) -> str:
    """`ENSG00000115415.19` -> `ENSG00000115415`; `_PAR_Y` copies are other genes and stay; the rest is untouched."""
    match = ENSEMBL.match(name)
    return match.group(1) + (match.group(4) or "") if match else name


def strip_genome(names: Sequence[str]) -> list[str]:
    """Take off a genome prefix (`GRCh38_STAT1`, as multi-genome references write) where every name has one."""
    if names and all(_GENOME.match(n) for n in names):
        return [_GENOME.sub("", n) for n in names]
    return list(names)


def guess_organism(names: Iterable[str]) -> tuple[str, str]:
    """Guess the organism of gene names; returns (organism, why).

    Ensembl prefixes decide, then systematic yeast names, then case: human symbols are capitals, mouse symbols
    Title case. 'unknown' where 60 % of the names do not agree.
    """
    names = list(names)
    votes: Counter[str] = Counter()
    for match in map(ENSEMBL.match, names):
        if match:
            votes[_SPECIES.get(match.group(2), "unknown")] += 1
    if sum(votes.values()) >= max(1, 0.5 * len(names)):
        organism, n = votes.most_common(1)[0]
        return (organism if n >= 0.6 * sum(votes.values()) else "unknown"), "Ensembl prefix"
    if names and sum(bool(YEAST.match(n)) for n in names) >= 0.5 * len(names):
        return "yeast", "systematic names"
    worded = [n for n in names if kind_of(n) == "symbol" and sum(c.isalpha() for c in n) >= 2]
    if not worded:
        return "unknown", "no symbols"
    # Clones (RP11-206L10.9, C1orf112, 3110035E14Rik) follow no case rule: count only plain words.
    plain = [n for n in worded if re.match(r"^[A-Za-z]{2,}\d{0,3}[A-Za-z]?\d{0,2}$", n)] or worded
    upper = sum(n.upper() == n for n in plain) / len(plain)
    title = sum(n[0].isupper() and n[1:].lower() == n[1:] for n in plain) / len(plain)
    if upper >= 0.6:
        return "human", f"{upper:.0%} of the plain symbols are in capitals"
    if title >= 0.6:
        return "mouse", f"{title:.0%} of the plain symbols are in Title case"
    return "unknown", f"symbols in capitals {upper:.0%}, in Title case {title:.0%}"


# -- Excel ------------------------------------------------------------------------------------------------

_MONTHS = {"mar": 3, "sep": 9, "sept": 9, "dec": 12}
_NUMBER_MONTH = re.compile(r"^(\d{1,2})[-/ ](mar|sept?|dec)[a-z]*(?:[-/ ]\d{2,4})?$", re.I)
_MONTH_NUMBER = re.compile(r"^(mar|sept?|dec)[a-z]*[-/ ](\d{1,2})$", re.I)
_ISO = re.compile(r"^(\d{4})-(03|09|12)-(\d{2})(?:[ T]00:00:00)?$")


def excel_readings(name: str) -> list[str]:
    """The genes (current human symbols) that Excel may have turned into the date `name`; empty if it is no date.

    MARCH1-11 are MARCHF1-11 today, MARC1-2 MTARC1-2, SEPT1-12 and SEPT14 SEPTIN1-12 and SEPTIN14, SEP15 SELENOF,
    DEC1 DELEC1 (HGNC 2020). `1-Mar` and `2-Mar` have two readings.
    """
    text = name.strip()
    if match := _NUMBER_MONTH.match(text):
        numbers, month = [int(match.group(1))], _MONTHS[match.group(2).lower()]
    elif match := _MONTH_NUMBER.match(text):
        numbers, month = [int(match.group(2))], _MONTHS[match.group(1).lower()]
    elif match := _ISO.match(text):
        year, month, day = int(match.group(1)), int(match.group(2)), int(match.group(3))
        # Excel reads SEPT9 as 9 September of this year, or, as mmm-yy, as the first of September 2009.
        numbers = [day] if day != 1 or not 2001 <= year <= 2015 else sorted({1, year - 2000})
    else:
        return []
    return [gene for number in numbers for gene in _genes_of_date(month, number)]


def _genes_of_date(month: int, number: int) -> list[str]:
    if month == 3:
        return [f"MARCHF{number}"] * (1 <= number <= 11) + [f"MTARC{number}"] * (number in (1, 2))
    if month == 9:
        if number == 15:
            return ["SELENOF"]
        return [f"SEPTIN{number}"] if 1 <= number <= 12 or number == 14 else []
    return ["DELEC1"] if number == 1 else []


_OLD_NAMES = {
    **{f"MARCHF{i}": f"MARCH{i}" for i in range(1, 12)},
    **{f"MTARC{i}": f"MARC{i}" for i in (1, 2)},
    **{f"SEPTIN{i}": f"SEPT{i}" for i in (*range(1, 13), 14)},
    "SELENOF": "SEP15",
    "DELEC1": "DEC1",
}


@dataclass(frozen=True)
class Mended:
    """Symbols after mending: `mended` maps date to gene, `ambiguous` maps a date that was kept to its readings."""

    symbols: list[str]
    mended: dict[str, str] = field(default_factory=dict)
    ambiguous: dict[str, list[str]] = field(default_factory=dict)

    def said(self) -> list[str]:
        """What was done, in sentences; empty where nothing was."""
        lines = []
        if self.mended:
            pairs = ", ".join(f"{a} -> {b}" for a, b in list(self.mended.items())[:8])
            n = many(len(self.mended), "symbol that a spreadsheet had turned into a date was",
                     "symbols that a spreadsheet had turned into dates were")  # fmt: skip
            lines.append(f"{n} mended: {pairs}.")
        if self.ambiguous:
            pairs = ", ".join(f"{a} ({' or '.join(b) or 'no such gene'})" for a, b in list(self.ambiguous.items())[:8])
            n = many(
                len(self.ambiguous), "date among the symbols stays as it is", "dates among the symbols stay as they are"
            )
            lines.append(f"{n}, as no one gene is meant: {pairs}.")
        return lines


def mend_symbols(symbols: Sequence[str], organism: str = "human") -> Mended:
    """Turn dates back into genes where only one gene is possible.

    A reading is struck out where the file holds that gene under its present or former name, or where another
    date of the file can only be that gene. What keeps two readings, or none, or occurs twice, is left and listed.
    """
    readings = {s: excel_readings(s) for s in dict.fromkeys(symbols)}
    dates = {s: r for s, r in readings.items() if r or _looks_like_date(s)}
    if not dates:
        return Mended(list(symbols))
    present = {s.upper() for s in symbols if s not in dates}
    times = Counter(symbols)
    mended: dict[str, str] = {}
    ambiguous: dict[str, list[str]] = {}
    taken: set[str] = set()
    # Certain ones first, so that they strike out readings of the rest.
    for date in sorted(dates, key=lambda d: len(dates[d])):
        left = [g for g in dates[date] if g not in present and _OLD_NAMES[g] not in present and g not in taken]
        if len(left) == 1 and times[date] == 1 and not (organism == "mouse" and left[0] == "DELEC1"):
            taken.add(left[0])
            mended[date] = left[0].capitalize() if organism == "mouse" else left[0]
        else:
            ambiguous[date] = left or dates[date]
    return Mended([mended.get(s, s) for s in symbols], mended, ambiguous)


def _looks_like_date(name: str) -> bool:
    return bool(_NUMBER_MONTH.match(name) or _MONTH_NUMBER.match(name) or _ISO.match(name))
