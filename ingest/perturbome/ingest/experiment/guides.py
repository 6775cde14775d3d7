"""Whose gene a name means: the names of the file's and the store's genes, and the guides that CELLxGENE describes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from perturbome.ingest.experiment.genes import Genes
from perturbome.ingest.symbols import ENSEMBL, excel_readings, mend_symbols, strip_version
from perturbome.platform.perturbation import (
    Mode,
    Perturbation,
    is_control,
    is_stand_in,
    is_unassigned,
    split_underscores,
    strip_guide,
)

_PARTS = re.compile(r"[_+,;&|]+")


class Names:
    """Names of genes: of the file (exact, whatever the case, by Ensembl id), then of the store, then mended dates.

    `others` are genes of the store (symbol, ensembl, aliases) of the file's organism; `labels` are the file's words
    for perturbations, in which a spreadsheet may have turned genes into dates.
    """

    def __init__(self, genes: Genes, others: pl.DataFrame | None = None, labels: Iterable[str] = ()) -> None:
        self._former = genes.former
        self._folded: dict[str, str] = {}
        for symbol in genes.symbols:
            self._folded.setdefault(symbol.casefold(), symbol)
        self._symbols = frozenset(genes.symbols)
        self._ids = {s: e for s, e in zip(genes.symbols, genes.ensembl, strict=True) if e}
        self._stored, stored_ids = _stored(others) if others is not None else ({}, {})
        # A file of Ensembl ids alone gets the store's symbols, by which people ask.
        self._by_id = stored_ids | {
            e: stored_ids.get(e, s) if ENSEMBL.match(s) else s
            for s, e in zip(genes.symbols, genes.ensembl, strict=True)
            if e
        }
        self._stored_ids = {s: e for e, s in stored_ids.items()}
        self._measured_ids = frozenset(self._ids.values())
        parts = {p.strip() for label in labels for p in _PARTS.split(label)} - genes.known
        dates = sorted(p for p in parts if excel_readings(p))
        self.mended = self._mend(dates, [p for p in parts if p not in dates], genes.organism)
        usable = {s for s in self._stored if not (is_control(s) or is_stand_in(s) or is_unassigned(s))}
        self.exact = genes.known | usable | self.mended.keys()

    def symbol(self, name: str) -> str:
        """The file's symbol for a target, else the store's; the name itself where neither knows it."""
        name = self.mended.get(name, name)
        bare = strip_version(self._former.get(name, name))
        if bare in self._by_id:
            return self._by_id[bare]
        if name in self._former:
            return bare
        if name in self._symbols:
            return name
        if name.casefold() in self._folded:
            return self._folded[name.casefold()]
        stored = self._stored.get(bare, bare)
        return self._folded.get(stored.casefold(), stored)

    def measured(self, name: str) -> bool:
        """Whether the file measures the gene of that name."""
        symbol = self.symbol(name)
        return symbol in self._symbols or self._stored_ids.get(symbol) in self._measured_ids

    def anywhere(self, name: str) -> bool:
        """Whether the file or the store knows a gene of that name."""
        return self.measured(name) or name in self._stored or name in self.mended or strip_version(name) in self._by_id

    def __contains__(self, name: str) -> bool:
        return self.measured(name)

    def _mend(self, dates: Sequence[str], others: Sequence[str], organism: str) -> dict[str, str]:
        """Dates among the labels and their genes: the only reading that file or store holds, else the only one left.

        Other than among the genes of a file, a reading that is measured is the likelier for it.
        """
        mended: dict[str, str] = {}
        for date in dates:
            held = {g for r in excel_readings(date) for g in (self._held(r), self._held(former_name(r))) if g}
            if len(held) == 1:
                mended[date] = held.pop()
        left = [d for d in dates if d not in mended]
        found = mend_symbols([*left, *others, *mended.values()], organism).mended
        return mended | {d: found[d] for d in left if d in found}

    def _held(self, name: str) -> str | None:
        stored = self._stored.get(name)
        return self._folded.get(name.casefold()) or (stored and self._folded.get(stored.casefold(), stored))


def former_name(symbol: str) -> str:
    """The name that a gene of `excel_readings` had before 2020, which a spreadsheet reads as a date."""
    for new, old in (("MARCHF", "MARCH"), ("MTARC", "MARC"), ("SEPTIN", "SEPT"), ("SELENOF", "SEP15"),
                     ("DELEC1", "DEC1")):  # fmt: skip
        if symbol.startswith(new):
            return old + symbol[len(new) :]
    return symbol


def _stored(genes: pl.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    """(name -> symbol, Ensembl id -> symbol) of the store's genes; an alias counts where it means one gene only."""
    symbols = [s for s in genes["symbol"].to_list() if s]
    aliases = genes.select("symbol", "aliases").explode("aliases").drop_nulls().rows()
    times = Counter(alias for _, alias in aliases)
    named = {alias: symbol for symbol, alias in aliases if times[alias] == 1}
    ids = {e: s for e, s in genes.select("ensembl", "symbol").rows() if e and s}
    return named | {s: s for s in symbols}, ids


class Guides:
    """CELLxGENE 7.1: guide ids joined by ' || ', described in uns['genetic_perturbations']."""

    def __init__(self, uns: Mapping[str, Any], known: Names) -> None:
        self._guides: Mapping[str, Any] = uns.get("genetic_perturbations", {})
        self._known = known
        self.ensembl: dict[str, str] = {}

    def read(self, label: str, mode: Mode) -> Perturbation | None:
        targets = [t for guide in label.split("||") for t in self._targets(guide.strip())]
        return Perturbation(tuple(targets), mode) if targets else None

    def _targets(self, guide: str) -> list[str]:
        record = self._guides.get(guide)
        if not isinstance(record, Mapping):
            return [] if is_control(guide) else [self._known.symbol(strip_guide(guide, self._known.exact))]
        if str(record.get("role", "targeting")) == "control":
            return []
        for key in ("intended_features", "target_features", "target_genes", "target_gene"):
            if key in record and (named := _names(record[key])):
                return [self._symbol(n, record[key]) for n in named]
        bare = strip_guide(guide, self._known.exact)
        if bare in self._known:
            return [self._known.symbol(bare)]
        derived = _names(record.get("derived_features", ()))
        return [self._known.symbol(n) for n in derived] or [split_underscores(guide, ())[0].rsplit("-", 1)[0]]

    def _symbol(self, feature: str, features: Any) -> str:
        """The file's symbol of a feature id, else the name that stands beside the id, else the id."""
        symbol = self._known.symbol(feature)
        name = str(features.get(feature) or "") if isinstance(features, Mapping) else ""
        if symbol in self._known or not name:
            return symbol
        self.ensembl[name] = strip_version(feature)
        return name


def _names(value: Any) -> list[str]:
    """Feature ids of a record: keys of a mapping, items of a list, or one text."""
    if isinstance(value, Mapping):
        return [str(k) for k in value]
    return [str(value)] if isinstance(value, str) else [str(v) for v in np.atleast_1d(value)]
