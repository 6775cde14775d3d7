"""What to say where a prior and a data set call their genes by identifiers of different kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from perturbome.ingest.symbols import kind_of

_MOST = 0.5  # share of names that makes them of a kind
_CALLED = {
    "ensembl": "Ensembl ids",
    "entrez": "Entrez ids",
    "yeast": "systematic names",
    "symbol": "symbols",
}


def main_kind(names: Iterable[str]) -> tuple[str, str]:
    """Kind of most of the names (see `kind_of`) and the first such name; ('', '') where none is that of most."""
    seen = [(kind_of(name), name) for name in names]
    counted = Counter(kind for kind, _ in seen)
    kind, n = counted.most_common(1)[0] if counted else ("", 0)
    if n <= _MOST * len(seen):
        return "", ""
    return kind, next(name for found, name in seen if found == kind)


def other_kind(prior: Iterable[str], measured: Iterable[str]) -> str:
    """That the names of a prior are of another kind than those a data set measures, and how to mend it; else empty."""
    (mine, one), (theirs, other) = main_kind(prior), main_kind(measured)
    if not mine or not theirs or mine == theirs:
        return ""
    said = f"; its names are {_CALLED[mine]} ({one}), those of the data set {_CALLED[theirs]} ({other}): "
    table = "by a table of both, as HGNC or Ensembl BioMart give it"
    ways = [f"write the prior with {_CALLED[theirs]} ({table}) and ingest it anew with --replace"]
    if mine != "yeast" and theirs == "entrez":
        ways = []  # symbols or Ensembl ids say more than numbers: it is the data set that should change
    if mine in ("ensembl", "symbol") and theirs in ("ensembl", "symbol", "entrez"):
        column = "Ensembl ids ('gene_ids')" if mine == "ensembl" else "symbols ('gene_symbol')"
        ways.append(f"ingest the data set with --replace from a file whose var holds {column} beside its own names")
    return said + ", or ".join(ways)
