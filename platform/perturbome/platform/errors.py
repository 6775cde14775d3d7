"""The whole error vocabulary: every message says what, where, what was there instead and how to mend it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence


class PerturbomeError(Exception):
    """Base of every error a user can mend; the command line prints it without a traceback."""

    exit_code = 1


class InputError(PerturbomeError):
    """A file or table handed in cannot be used as it is."""

    exit_code = 3


class MissingColumn(InputError):
    """A column that is needed is absent or misspelt."""

    def __init__(self, column: str, where: str, available: Iterable[str], mend: str = "") -> None:
        names = [str(name) for name in available]
        super().__init__(
            f"Missing column '{column}' in {where}. Available: {', '.join(names) or 'none'}."
            f"{did_you_mean(column, names)}{' ' + mend if mend else ''}"
        )


class UnreadableFile(InputError):
    """A file is absent, empty, truncated or not of the format it claims."""


class BadValues(InputError):
    """NaN, infinite, negative or fractional values where they have no meaning."""


class AmbiguousInput(InputError):
    """Two readings of a file are possible and the choice would change numbers."""


class UnknownName(PerturbomeError):
    """A gene, dataset, cell type, run or query that the store does not hold."""

    exit_code = 4

    def __init__(self, kind: str, name: str, where: str, known: Sequence[str], mend: str = "") -> None:
        listing = did_you_mean(name, known) or (f" Known: {', '.join(known[:12])}." if known else "")
        super().__init__(f"No {kind} '{name}' in {where}.{listing}{' ' + mend if mend else ''}")


class NothingFound(PerturbomeError):
    """A question was well formed, but the store holds no data that could answer it."""

    exit_code = 4


class StoreError(PerturbomeError):
    """The store itself cannot be read or written."""

    exit_code = 5


class StoreBusy(StoreError):
    """Another process is writing to this store."""


class StoreReadOnly(StoreError):
    """A write was tried through a store opened read-only."""


class StoreTooNew(StoreError):
    """The store was written by a later version of perturbome."""


class DiskFull(StoreError):
    """No space left on the device; the unfinished run was discarded."""


class GraphError(StoreError):
    """A graph engine refused or failed."""


class GraphUnreachable(GraphError):
    """The graph server does not answer at the address given."""


class GraphLoginRefused(GraphError):
    """The graph server refused the user name or the password."""


class QueryError(GraphError):
    """A Cypher query is not valid, or not valid on this engine."""


class QueryNotReadOnly(QueryError):
    """A query would write; queries read."""


class QueryTooLong(QueryError):
    """A query passed its time or row limit and was stopped."""


class ModelError(PerturbomeError):
    """A model cannot be fitted or asked with what it was given."""

    exit_code = 6


class TooFewConditions(ModelError):
    """There are fewer conditions than a model can learn from."""


class MissingExtra(PerturbomeError):
    """An optional package is needed and not installed."""

    exit_code = 7

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed. "
            f"Install it with: uv pip install -c constraints.txt 'perturbome[{extra}]'"
        )


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Name the nearest known spellings, as the tail of a sentence; empty if none is near."""
    by_folded = {_folded(str(k)): str(k) for k in reversed(list(known))}
    near = difflib.get_close_matches(_folded(name), by_folded, n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(repr(by_folded[n]) for n in near)}?" if near else ""


def _folded(name: str) -> str:
    """A spelling without case and without the zeros that pad a number: TF1 is near TF001."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", name.casefold())
