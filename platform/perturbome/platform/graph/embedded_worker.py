"""The process that answers queries for an `EmbeddedStore`, so that one that runs away can be killed.

It is told a snapshot to open, then queries on it, one JSON text each; it answers with a JSON text, and a table follows
as an Arrow stream. It ends when its parent does: by the end of the channel, or by a look at its parent's number.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.modules["numpy"] = None  # type: ignore[assignment]  # Arrow does without, and starts in half the time

import ladybug
import pyarrow as pa

from perturbome.platform.graph.embedded_database import answer, open_snapshot
from perturbome.platform.graph.embedded_wire import from_wire

LOOK = 0.5
"""Seconds between two looks at whether the parent is still there."""

Reply = tuple[dict[str, Any], memoryview | None]
"""What is said, and the table that follows it."""


class Answerer:
    """Holds one snapshot open, and does what it is asked."""

    def __init__(self) -> None:
        self._database: ladybug.Database | None = None

    def open(self, request: dict[str, Any]) -> Reply:
        """Let go of the snapshot at hand and open another; from then on `memory` bytes more may be taken."""
        self._database = None
        limit_memory(None)
        self._database = open_snapshot(None if request["path"] is None else Path(request["path"]))
        limit_memory(request["memory"])
        return {}, None

    def query(self, request: dict[str, Any]) -> Reply:
        """Answer a query; the table is absent where it has more rows than the limit."""
        assert self._database is not None
        parameters = from_wire(request["parameters"])
        table = answer(self._database, request["cypher"], parameters, request["row_limit"], request["time_limit"])
        return ({"table": False}, None) if table is None else ({"table": True}, _to_stream(table))

    def reply(self, request: dict[str, Any]) -> Reply:
        """Do what is asked; an error is a reply too."""
        try:
            return self.open(request) if "path" in request else self.query(request)
        except MemoryError:
            return {"error": "bad_alloc"}, None
        except Exception as error:
            return {"error": str(error)}, None


def limit_memory(more: int | None) -> None:
    """Let this process take so many bytes more than it has; None: as many as it likes.

    Counted are the pages it may write to (RLIMIT_DATA), less what the database has reserved by now. Only Linux counts.
    """
    try:
        taken = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    except OSError:
        return
    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = most if more is None else taken + more if most == resource.RLIM_INFINITY else min(most, taken + more)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(0)


def _first_to_go() -> None:
    """Where the machine's memory runs out, the system ends this process rather than another."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        return


def main(descriptor: int, parent: int) -> None:
    """Answer what comes through the channel until it ends."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _first_to_go()
    channel, answerer = Connection(descriptor), Answerer()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # last words of the engine; the parent says what happened
    channel.send_bytes(b"{}")
    while True:
        try:
            said, table = answerer.reply(json.loads(channel.recv_bytes()))
            channel.send_bytes(json.dumps(said).encode())
            if table is not None:
                channel.send_bytes(table)
        except (EOFError, OSError):
            os._exit(0)


def _to_stream(table: pa.Table) -> memoryview:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
