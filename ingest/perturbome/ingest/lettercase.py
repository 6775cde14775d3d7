"""Upper and lower case of gene symbols: put right where a whole file is spelt as its organism spells nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from perturbome.ingest.symbols import excel_readings, kind_of

_PLAIN = re.compile(r"^[A-Za-z]{2,}\d{0,3}[A-Za-z]?\d{0,2}$")
_HARDLY, _NEARLY = 0.02, 0.95  # shares of the plain symbols
_FRAME = re.compile(r"^C(\d+|X|Y)ORF(\d+)$")
_CLONE = re.compile(r"^([A-Z0-9]+)RIK$")


def human_spelling(name: str) -> str:
    """`stat1` -> `STAT1`, `c1orf112` -> `C1orf112`."""
    return _FRAME.sub(r"C\1orf\2", name.upper())


def mouse_spelling(name: str) -> str:
    """`STAT1` -> `Stat1`, `MT-ND1` -> `mt-Nd1`, `H2-K1` -> `H2-K1`, `3110035E14RIK` -> `3110035E14Rik`."""
    upper = name.upper()
    for prefix, kept in (("MT-", "mt-"), ("H2-", "H2-")):
        if upper.startswith(prefix):
            return kept + upper[3:].capitalize()
    return _CLONE.sub(r"\1Rik", upper) if upper[:1].isdigit() else upper.capitalize()


_SPELLINGS: dict[str, tuple[Callable[[str], str], str, tuple[Callable[[str], bool], ...]]] = {
    # Title case under 'human' stays: then rather the organism is wrong.
    "human": (human_spelling, "capitals", (str.islower,)),
    "mouse": (mouse_spelling, "Title case", (str.islower, str.isupper)),
}


def spell_as(symbols: Sequence[str], organism: str) -> tuple[list[str], list[str]]:
    """The symbols as the organism spells them, and what was done; unchanged unless nearly all are in another case.

    Plain words decide, clones and Ensembl ids follow no rule of case. Changed where at most 2 % of them are spelt
    rightly and at least 95 % are in lower case (or, for mouse, in capitals).
    """
    if organism not in _SPELLINGS:
        return list(symbols), []
    spell, case, wrong = _SPELLINGS[organism]
    plain = [s for s in symbols if _PLAIN.match(s)]
    rightly = sum(spell(s) == s for s in plain)
    if not plain or rightly > _HARDLY * len(plain):
        return list(symbols), []
    if not any(sum(map(is_wrong, plain)) >= _NEARLY * len(plain) for is_wrong in wrong):
        return list(symbols), []
    spelt = [spell(s) if kind_of(s) == "symbol" and not excel_readings(s) else s for s in symbols]
    pairs = [f"{a} -> {b}" for a, b in zip(symbols, spelt, strict=True) if a != b]
    said = (
        f"Gene symbols: {len(pairs):,} of {len(symbols):,} were changed to {case}, as {organism} genes are spelt: "
        f"{', '.join(pairs[:3])}. Pass another --organism if they are none."
    )
    return spelt, [said]
