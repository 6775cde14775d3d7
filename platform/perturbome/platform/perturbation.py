"""A perturbation, its canonical id, and the spellings under which files name it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from perturbome.platform.errors import InputError

Mode = Literal["knockout", "knockdown", "activation", "compound"]
MODES: tuple[Mode, ...] = get_args(Mode)

CONTROL = "control"
"""What `cells.perturbation` holds for control cells."""

_COMPOUND_PLUS = re.compile(r"(?<=[\w)\]])\+(?=[\w(\[])")
"""A plus that joins two compounds: `A+B`, but not the one of `(+)-JQ1` or `NAD+`."""


@dataclass(frozen=True)
class Perturbation:
    """One or several genes, or a compound: `targets` (sorted, unique), `mode` and, for a compound, `dose`.

    Raises InputError if there is no target, if a gene's name holds a '+', or if the dose is no number.
    """

    targets: tuple[str, ...]
    mode: Mode = "knockout"
    dose: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.targets, str):
            raise InputError(f"Perturbation targets must be a tuple of names, not the text {self.targets!r}.")
        targets = tuple(sorted({str(t).strip() for t in self.targets}))
        if not targets or "" in targets:
            raise InputError("A perturbation needs at least one target, and no target may be empty.")
        if self.mode not in MODES:
            raise InputError(f"Unknown mode of perturbation {self.mode!r}. Known: {', '.join(MODES)}.")
        if self.mode != "compound" and any("+" in t for t in targets):
            raise InputError(f"A gene's name cannot hold '+': {', '.join(targets)}. Give several genes as a tuple.")
        if self.dose is not None and not (math.isfinite(self.dose) and self.dose >= 0):
            raise InputError(f"The dose of {'+'.join(targets)} must be a number of 0 or more, not {self.dose!r}.")
        object.__setattr__(self, "targets", targets)

    @property
    def id(self) -> str:
        """Canonical id: `mode:A+B`, with `@dose` behind it where there is one."""
        return f"{self.mode}:{'+'.join(self.targets)}" + ("" if self.dose is None else f"@{self.dose:g}")

    @property
    def label(self) -> str:
        """The targets alone, as a person writes them: `A+B`."""
        return "+".join(self.targets)

    def __str__(self) -> str:
        return self.id

    @classmethod
    def parse(cls, text: str, mode: Mode = "knockout") -> Perturbation:
        """Read a canonical id (`knockdown:A+B`, `compound:DMSO@0.1`) or a plain `A+B`, which gets `mode`."""
        prefix, colon, rest = text.strip().partition(":")
        named = next((m for m in MODES if colon and m == prefix), None)
        chosen, name = (named, rest) if named else (mode, text.strip())
        dose: float | None = None
        head, at, tail = name.rpartition("@")
        if at and _is_number(tail):
            name, dose = head, float(tail)
        parts = _COMPOUND_PLUS.split(name) if chosen == "compound" else name.split("+")
        return cls(tuple(parts), chosen, dose)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


# -- controls ---------------------------------------------------------------------------------------------

_CONTROL = re.compile(
    r"""^(?:
      (?:non?|neg|negative|safe|scr|scrambled?)?[\W_]*(?:control|controls|ctrl|ctl)(?:[\W_]*(?:guide|sgrna|grna|sg|g))?
    | non?[\W_]*target(?:ing|ed)?(?:[\W_]*(?:control|ctrl|guide|sgrna|grna))?
    | safe[\W_]*(?:target(?:ing|ed)?|harbou?r)(?:[\W_]*(?:control|ctrl|guide|sgrna|grna))?
    | nt|ntc|nts|nt[\W_]*(?:ctrl|control)
    | scrambled?|scr
    | dmso(?:[\W_]*(?:tf|\d+(?:\.\d+)?%?))?|vehicle|veh|mock|pbs
    | un(?:treated|perturbed|stimulated|infected)|no[\W_]*(?:treatment|perturbation|stimulation|stim|drug|cytokine)
    )(?:[\W_]*(?:guide|sgrna|grna|sg|g)?[\W_]*\d+)?$
    | ^(?:wt|wild[\W_]*type)$
    """,
    re.IGNORECASE | re.VERBOSE,
)
_STAND_IN = re.compile(
    r"^(?:aavs1|rosa26|[ed]?gfp|egfp|lacz|luc|luciferase|intergenic|gal4|bfp|rfp|mcherry)(?:[\W_]*g?\d+)?$",
    re.I,
)
_UNASSIGNED = frozenset(
    {"", "nan", "na", "n/a", "none", "null", "unassigned", "unknown", "multiple", "multiplet", "doublet", "negative",
     "ambiguous", "*", "undetermined", "no guide", "no_guide", "no-guide", "noguide", "not assigned"}
)  # fmt: skip


def is_control(text: str) -> bool:
    """Whether a label says control: control, ctrl, non-targeting, NT, NTC, NegCtrl0, scramble, DMSO, WT, ..."""
    return bool(_CONTROL.match(text.strip()))


def is_stand_in(text: str) -> bool:
    """Whether a label names a target that serves as control: AAVS1, ROSA26, GFP, LacZ, luciferase, ..."""
    return bool(_STAND_IN.match(text.strip()))


def is_unassigned(text: str) -> bool:
    """Whether a label says that the cell's perturbation is not known: nan, unassigned, multiple, ..."""
    return text.strip().casefold() in _UNASSIGNED


# -- spellings --------------------------------------------------------------------------------------------

Known = Collection[str]
"""Gene symbols that the file is known to hold; they settle what an underscore or a trailing digit means."""

_GUIDE_TOKEN = re.compile(r"^(?:sgrna|grna|guide|sg|g)?\d+[ab]?$", re.I)
_GUIDE_TAIL = re.compile(r"^(.+?)(?:[-._]?(?:sgrna|grna|guide|sg|g)|[-._])\d+$", re.I)
_JOIN = re.compile(r"[+,;&|]")
"""Signs that join genes and that no gene's name holds."""
_SYMBOL = re.compile(r"^(?=.*[A-Z])[A-Za-z][A-Za-z0-9.\-]*$")


@dataclass(frozen=True)
class Spelling:
    """How one community writes a perturbation: `split` text into names, `join` names into text."""

    name: str
    example: str
    control: str
    split: Callable[[str, Known], Iterable[str]]
    join: Callable[[tuple[str, ...]], str]
    reference: str

    def parse(
        self, text: str, mode: Mode = "knockout", known: Known = frozenset(), dose: float | None = None
    ) -> Perturbation | None:
        """Read `text`; None means control. Names of controls inside a combination are left out."""
        whole = text.strip()
        if whole not in known and is_control(whole):
            return None
        names = [n.strip() for n in self.split(whole, known)]
        targets = tuple(n for n in names if n and (n in known or not is_control(n)))
        return Perturbation(targets, mode, dose) if targets else None

    def write(self, perturbation: Perturbation | None) -> str:
        """Print a perturbation (None: control) as this community writes it; mode and dose are not part of it."""
        return self.control if perturbation is None else self.join(perturbation.targets)


def strip_guide(name: str, known: Known) -> str:
    """Take a guide number off a gene's name where the rest is a known gene: STAT2g2, sgSTAT2-1, STAT2.2."""
    if name in known:
        return name
    if name[:2].lower() == "sg" and name[2:3].isupper():
        bare = strip_guide(name[2:], known)
        if bare in known:
            return bare
    match = _GUIDE_TAIL.match(name)
    return match.group(1) if match and match.group(1) in known else name


def split_underscores(text: str, known: Known) -> tuple[str, ...]:
    """Split `A_B`, `A_1`, `A_B_2` into genes, by the longest known symbols; guide numbers are left out.

    Symbols hold no underscore but for a few (`Y_RNA`), which `known` settles. Text whose parts look like no
    symbols (`heat_shock`) stays whole.
    """
    if text in known:
        return (text,)
    if _JOIN.search(text):
        return tuple(name for part in _JOIN.split(text) if part for name in split_underscores(part.strip(), known))
    if "_" not in text:
        return (strip_guide(text, known),)
    tokens = text.split("_")
    names: list[str] = []
    start = 0
    while start < len(tokens):
        stop = next(
            (end for end in range(len(tokens), start + 1, -1) if "_".join(tokens[start:end]) in known),
            start + 1,
        )
        name = "_".join(tokens[start:stop])
        if name in known or not (names and _GUIDE_TOKEN.match(name)):
            names.append(strip_guide(name, known))
        start = stop
    fits = all(n in known or is_control(n) or _SYMBOL.match(n) for n in names)
    return tuple(names) if fits else (text,)


def _split_plus(text: str, known: Known) -> tuple[str, ...]:
    return tuple(strip_guide(part.strip(), known) for part in _JOIN.split(text))


def _split_norman(text: str, known: Known) -> tuple[str, ...]:
    return tuple(name for half in text.split("__") for name in split_underscores(half, known))


def _split_bars(text: str, known: Known) -> tuple[str, ...]:
    return tuple(strip_guide(part.strip(), known) for part in text.split("||"))


def _join_norman(targets: tuple[str, ...]) -> str:
    half = "_".join(targets if len(targets) > 1 else (*targets, "NegCtrl0"))
    return f"{half}__{half}"


SPELLINGS: dict[str, Spelling] = {
    s.name: s
    for s in (
        Spelling("plain", "STAT1+JAK2", CONTROL, _split_plus, "+".join, "this project's own"),
        Spelling(
            "gears", "STAT1+ctrl", "ctrl", _split_plus,
            lambda targets: "+".join(targets if len(targets) > 1 else (*targets, "ctrl")),
            "Roohani 2023, GEARS: obs['condition']",
        ),
        Spelling("scperturb", "STAT1_JAK2", "control", split_underscores, "_".join,
                 "Peidli 2024, scPerturb: obs['perturbation']"),
        Spelling("norman", "STAT1_NegCtrl0__STAT1_NegCtrl0", "NegCtrl0_NegCtrl0__NegCtrl0_NegCtrl0",
                 _split_norman, _join_norman, "Norman 2019, GSE133344: obs['guide_identity']"),
        Spelling("cellxgene", "STAT1 || JAK2", "non-targeting", _split_bars,
                 lambda targets: " || ".join(sorted(targets)),
                 "CELLxGENE schema 7.1: obs['genetic_perturbation_id']"),
        Spelling("arc", "STAT1", "non-targeting", _split_plus, "+".join,
                 "Arc Virtual Cell Challenge: obs['target_gene']"),
    )
}  # fmt: skip


def parse(
    text: str, mode: Mode = "knockout", spelling: str = "plain", known: Known = frozenset()
) -> Perturbation | None:
    """Read a perturbation as `spelling` writes it; None means control. Raises InputError for an unknown spelling."""
    if spelling not in SPELLINGS:
        raise InputError(f"Unknown spelling {spelling!r}. Known: {', '.join(SPELLINGS)}.")
    return SPELLINGS[spelling].parse(text, mode, known)
