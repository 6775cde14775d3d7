"""The embedded engine: Ladybug over immutable snapshots, in the store's folder.

Readers open the published snapshot read-only and move on when a newer one is published; a writer never touches a file
that a reader may hold. Whole nodes and relationships come as JSON text of their properties (see `embedded_values`).
A query with a time limit is answered by another process, which is killed where the engine does not stop by itself.
"""

from __future__ import annotations

import itertools
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pyarrow as pa

from perturbome.platform.errors import GraphError, QueryError, QueryTooLong, StoreReadOnly
from perturbome.platform.graph.base import DEFAULT_ROW_LIMIT, DEFAULT_TIME_LIMIT, Part
from perturbome.platform.graph.embedded_errors import query_errors
from perturbome.platform.graph.embedded_workers import Workers
from perturbome.platform.graph.parameters import to_parameters
from perturbome.platform.graph.snapshots import Snapshots
from perturbome.platform.graph.statements import Token, require_read_only, tokens
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    import ladybug

T = TypeVar("T")
OPEN_TRIES = 5
GB = 1e9
DEFAULT_MEMORY_GB = 4.0
"""Memory a query with a time limit may take when nothing else is said."""
_LAST_LIMIT = re.compile(r"(\bLIMIT\s+)(\d+)(\s*;?\s*)\Z", re.IGNORECASE)


class EmbeddedStore:
    """A projection of the lake in snapshot files of one folder; safe for many threads and processes."""

    engine = "embedded"

    def __init__(self, folder: Path, read_only: bool = False, query_memory_gb: float = DEFAULT_MEMORY_GB) -> None:
        self.folder = Path(folder)
        self.address = str(self.folder)
        self.read_only = read_only
        self._snapshots = Snapshots(self.folder)
        self._opened: tuple[Path | None, ladybug.Database] | None = None
        self._opening = threading.Lock()
        self.query_memory_gb = query_memory_gb
        self._workers = Workers(round(query_memory_gb * GB))
        weakref.finalize(self, self._workers.close)

    def query(
        self,
        cypher: str,
        parameters: Mapping[str, object] | None = None,
        *,
        row_limit: int | None = DEFAULT_ROW_LIMIT,
        time_limit: float | None = DEFAULT_TIME_LIMIT,
    ) -> pa.Table:
        """Answer a read-only Cypher query; QueryNotReadOnly, QueryError or QueryTooLong otherwise.

        The engine is asked for at most `row_limit` + 1 rows. With a time limit, memory is limited too.
        """
        require_read_only(cypher)
        given = to_parameters(parameters)
        found = tokens(cypher)
        _require_parameters(found, given)
        text, added = _bounded(cypher, found, row_limit)
        with query_errors(cypher, added, time_limit, None if time_limit is None else self.query_memory_gb):
            if time_limit is None:
                table = self._answer_here(text, given, row_limit)
            else:
                with self._workers.one(time_limit) as worker:
                    self._with_newest(worker.open)
                    table = worker.query(text, given, row_limit, time_limit)
        if table is None:
            raise QueryTooLong(
                f"The query gives more than {row_limit:,} rows. Add a LIMIT or a narrower WHERE, or raise the row "
                "limit (--row-limit, row_limit=, PERTURBOME_ROW_LIMIT)."
            )
        return table

    def runs(self) -> set[str]:
        """Runs that are wholly projected; none where the snapshot is of an older schema."""
        published = self._snapshots.published()
        return set(published.runs) if published and published.current else set()

    def append(self, runs: Sequence[str], parts: Iterable[Part], report: Report = silent) -> None:
        """Publish a snapshot that holds these runs too; runs already held are left as they are.

        Raises StoreBusy, DiskFull, or GraphError where a relationship's end is no node; nothing is published then.
        """
        from perturbome.platform.graph import embedded_writing as writing

        with self._writing("projecting runs into the graph"):
            published = self._snapshots.published()
            base = published if published and published.current else None
            held = base.runs if base else ()
            new = [run for run in dict.fromkeys(runs) if run not in held]
            if new:
                writing.publish(self._snapshots, base, (*held, *new), new, parts, report)

    def replace(self, runs: Sequence[str], parts: Iterable[Part], report: Report = silent) -> None:
        """Publish a snapshot built from nothing that holds these runs only; raises as `append` does."""
        from perturbome.platform.graph import embedded_writing as writing

        with self._writing("building the graph anew"):
            held = tuple(dict.fromkeys(runs))
            writing.publish(self._snapshots, None, held, held, parts, report)

    def remove(self, runs: Sequence[str]) -> bool:
        """Always False: snapshots are never deleted from, so what remains is built anew by `replace`."""
        return False

    def counts(self) -> dict[str, int]:
        """Rows per node label and relationship type."""
        import ladybug

        from perturbome.platform.graph import embedded_writing as writing

        with ladybug.Connection(self._database()) as connection:
            return writing.count(connection)

    def check(self) -> dict[str, object]:
        """Version, latency in milliseconds and size."""
        import ladybug

        self.query("RETURN 1 AS one")
        began = time.perf_counter()
        self.query("RETURN 1 AS one")
        latency = time.perf_counter() - began
        published = self._snapshots.published()
        return {
            "engine": self.engine,
            "address": self.address,
            "version": ladybug.__version__,
            "snapshot": published.snapshot if published else None,
            "size_mb": round(self._snapshots.path(published).stat().st_size / 1e6, 1) if published else 0.0,
            "latency_ms": round(1000 * latency, 2),
            "runs": len(self.runs()),
            "rows": sum(self.counts().values()),
        }

    def close(self) -> None:
        """Let go of the snapshot; it closes when the last query on it is done."""
        self._workers.close()
        with self._opening:
            self._opened = None

    def _answer_here(self, text: str, given: dict[str, Any], row_limit: int | None) -> pa.Table | None:
        from perturbome.platform.graph.embedded_database import answer

        return answer(self._database(), text, given, row_limit)

    def _database(self) -> ladybug.Database:
        """The published snapshot, opened once; a newer one takes its place, and running queries keep the old."""
        from perturbome.platform.graph.embedded_database import open_snapshot

        def opened(path: Path | None) -> ladybug.Database:
            with self._opening:
                if self._opened is None or self._opened[0] != path:
                    self._opened = (path, open_snapshot(path))
                return self._opened[1]

        return self._with_newest(opened)

    def _with_newest(self, use: Callable[[Path | None], T]) -> T:
        """Give the published snapshot's path to `use`, which opens it; again where it was swept in the meantime."""
        for attempt in range(OPEN_TRIES):
            published = self._snapshots.published()
            try:
                return use(self._snapshots.path(published) if published else None)
            except (OSError, RuntimeError) as error:
                if attempt < OPEN_TRIES - 1 and self._snapshots.published() != published:
                    continue  # superseded and swept between reading the pointer and opening
                name = published.snapshot if published else None
                raise GraphError(
                    f"The graph's snapshot {name} in {self.folder} cannot be opened ({error}). The lake still "
                    "holds everything; build the graph anew: perturbome graph rebuild"
                ) from error
        raise AssertionError("the last attempt returns or raises")

    def _writing(self, what: str) -> Any:
        if self.read_only:
            raise StoreReadOnly(f"The graph in {self.folder} was opened read-only. Open it with Store(path) to write.")
        return self._snapshots.lock(what)


def _require_parameters(found: list[Token], given: Mapping[str, object]) -> None:
    """The engine takes an absent parameter for null; a misspelt name is told instead."""
    asked = {after.text for mark, after in itertools.pairwise(found) if mark.text == "$"}
    absent = sorted(asked - {name.upper() for name in given})
    if absent:
        raise QueryError(
            f"The query asks for the parameter(s) {', '.join(f'${n.lower()}' for n in absent if n)}, which were not "
            f"given. Given: {', '.join(sorted(given)) or 'none'}."
        )


def _bounded(cypher: str, found: list[Token], row_limit: int | None) -> tuple[str, str]:
    """The query with at most `row_limit` + 1 rows asked for, and the text that was added to its end."""
    if row_limit is None:
        return cypher, ""
    words = [token.text for token in found if token.text != ";"]
    after_return = words[len(words) - words[::-1].index("RETURN") :] if "RETURN" in words else None
    if after_return is None or "UNION" in words:
        return cypher, ""  # a LIMIT would not bound it; the rows are counted afterwards
    if "LIMIT" not in after_return:
        added = f"\nLIMIT {row_limit + 1}"
        return re.sub(r"[\s;]*\Z", "", cypher) + added, added
    own = _LAST_LIMIT.search(cypher)
    if own and int(own[2]) > row_limit + 1:
        return cypher[: own.start(2)] + str(row_limit + 1) + cypher[own.end(2) :], ""
    return cypher, ""
