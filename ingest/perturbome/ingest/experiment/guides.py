"""Whose gene a name means: the names of the file's genes, and the guides that CELLxGENE describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from perturbome.ingest.experiment.genes import Genes
from perturbome.ingest.symbols import strip_version
from perturbome.platform.perturbation import Mode, Perturbation, is_control, split_underscores, strip_guide


class Names:
    """The names of the file's genes: exact, whatever the case, and by Ensembl id."""

    def __init__(self, genes: Genes) -> None:
        self.exact = genes.known
        self._by_id = {e: s for s, e in zip(genes.symbols, genes.ensembl, strict=True) if e}
        self._folded: dict[str, str] = {}
        for symbol in genes.symbols:
            self._folded.setdefault(symbol.casefold(), symbol)

    def symbol(self, name: str) -> str:
        """The file's symbol for a target; the name itself where the file does not measure it."""
        bare = strip_version(name)
        if bare in self._by_id:
            return self._by_id[bare]
        return name if name in self.exact else self._folded.get(name.casefold(), bare)

    def __contains__(self, name: str) -> bool:
        return name in self.exact or name.casefold() in self._folded


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
