"""What features there are: each as a record of its name, whose they are, and how many entries it has."""

from __future__ import annotations

from dataclasses import dataclass

from perturbome.ingest.features.pseudobulk import ENTRIES
from perturbome.platform.errors import InputError, UnknownName


@dataclass(frozen=True)
class Kind:
    """One kind of features."""

    name: str
    of: str  # "genes" or "cells"
    meaning: str
    size: int  # entries, where nobody asks for another number
    fixed: bool = False  # the number cannot be chosen


KINDS: dict[str, Kind] = {
    k.name: k
    for k in (
        Kind("quantiles", "genes", "quantiles of a gene's expression over the cells of a type and time", 64),
        Kind("pseudobulk", "genes", "mean, spread and detection over the cells of a type and time", len(ENTRIES), True),
        Kind("components", "cells", "scores of a cell on the first principal components", 30),
        Kind("expression", "cells", "a cell's expression of the genes named and the most variable ones", 1000),
    )
}


def find_kind(of: str, name: str | None, size: int | None) -> tuple[Kind, int]:
    """The kind asked for, the first one of genes or cells if none is named, and its number of entries.

    Raises UnknownName for a kind there is not, InputError for one of the other nodes or a size that cannot be.
    """
    if of not in ("genes", "cells"):
        raise UnknownName("nodes", of, "the kinds of features", ["genes", "cells"])
    fitting = [kind for kind in KINDS.values() if kind.of == of]
    if name is not None and name not in KINDS:
        raise UnknownName("kind", name, "the kinds of features", list(KINDS))
    kind = fitting[0] if name is None else KINDS[name]
    if kind.of != of:
        names = ", ".join(k.name for k in fitting)
        raise InputError(f"Features '{kind.name}' are of {kind.of}. Of {of} there are: {names}.")
    if kind.fixed and size not in (None, kind.size):
        raise InputError(f"Features '{kind.name}' have {kind.size} entries; leave the size out.")
    if size is not None and size < 1:
        raise InputError(f"A vector of {size} entries holds nothing. Give a size of 1 at least.")
    return kind, size or kind.size
