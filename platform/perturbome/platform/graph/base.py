"""What every graph engine can do; the rest of the house knows no more of it than this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from perturbome.platform.progress import Report, silent
from perturbome.platform.schema.graph import Link

DEFAULT_ROW_LIMIT = 100_000
DEFAULT_TIME_LIMIT = 30.0
"""Rows and seconds a query may take when nothing else is said."""


@dataclass(frozen=True)
class NodePart:
    """Nodes of one label; `rows` has exactly the label's properties as columns."""

    label: str
    rows: pa.Table


@dataclass(frozen=True)
class RelationshipPart:
    """Relationships of one type between one pair of labels; columns source, target, then the type's properties."""

    type: str
    link: Link
    rows: pa.Table


Part = NodePart | RelationshipPart


class GraphStore(Protocol):
    """A graph database that holds a projection of the lake.

    Nodes are merged by key (a later row wins); relationships belong to the run named in their `run` property.
    """

    engine: str
    address: str

    def query(
        self,
        cypher: str,
        parameters: Mapping[str, object] | None = None,
        *,
        row_limit: int | None = DEFAULT_ROW_LIMIT,
        time_limit: float | None = DEFAULT_TIME_LIMIT,
    ) -> pa.Table:
        """Answer a read-only Cypher query; QueryNotReadOnly, QueryError or QueryTooLong otherwise."""
        ...

    def runs(self) -> set[str]:
        """Runs that are wholly projected."""
        ...

    def append(self, runs: Sequence[str], parts: Iterable[Part], report: Report = silent) -> None:
        """Add the parts of these runs; doing it twice is doing it once."""
        ...

    def replace(self, runs: Sequence[str], parts: Iterable[Part], report: Report = silent) -> None:
        """Hold these runs and nothing else."""
        ...

    def remove(self, runs: Sequence[str]) -> bool:
        """Remove these runs in place, or return False where the engine wants `replace` instead."""
        ...

    def counts(self) -> dict[str, int]:
        """Rows per node label and relationship type."""
        ...

    def check(self) -> dict[str, object]:
        """Version, latency and size, for `perturbome doctor`."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
