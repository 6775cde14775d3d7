"""The processes that answer the queries of one store: started when needed, killed when they overrun, never left behind.

An idle one costs some 110 MB, and less than a millisecond more than asking in this process; a new one starts in a
fraction of a second.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow as pa

from perturbome.platform.errors import GraphError, QueryTooLong
from perturbome.platform.graph.embedded_wire import to_wire

MOST = 4
"""Queries of one store that are answered at once; others wait for a place."""

START = 60.0
"""Seconds a process may take to start, or to open a snapshot."""

GRACE = 0.5
"""Seconds past its limit after which a query that the engine has not stopped by itself is killed."""

LAST = 5.0
"""Seconds a process that has hung up may take to end by itself."""

LONGEST = 1e6
"""Seconds the system can be told to wait; a longer limit is as good as none."""

INTERRUPTED = "interrupted"
OUT_OF_MEMORY = "bad_alloc"
OVERRUN = (INTERRUPTED, OUT_OF_MEMORY, "buffer pool")
"""The engine's own words for a query that was stopped, or found no memory; its process holds on to what it took."""


class Worker:
    """One process; for one thread at a time."""

    def __init__(self, memory: int) -> None:
        """Start it; GraphError where it does not start. A query may take `memory` bytes."""
        self.memory = memory
        self.opened: Path | str | None = "nothing yet"
        self.idle = False
        command = [sys.executable, "-P", "-m", f"{__package__}.embedded_worker"]
        ours, theirs = socket.socketpair()
        self.channel = Connection(ours.detach())
        try:
            with theirs:
                self.process = subprocess.Popen(
                    [*command, str(theirs.fileno()), str(os.getpid())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                    process_group=0,  # Ctrl-C is for the parent, which kills it
                )
            self._receive(START)
        except (OSError, RuntimeError) as error:
            self.stop()
            raise GraphError(
                f"The process that answers queries did not start ({str(error).removeprefix(OUT_OF_MEMORY + ': ')}). "
                f"Try it by hand: {' '.join(command)} 0 0"
            ) from error
        except BaseException:
            self.stop()
            raise

    def open(self, path: Path | None) -> None:
        """Have this snapshot opened (None: an empty graph); RuntimeError where it cannot be."""
        if self.opened != path:
            self.opened = "nothing yet"
            self._ask({"path": None if path is None else str(path.absolute()), "memory": self.memory}, START)
            self.opened = path

    def query(
        self, cypher: str, parameters: Mapping[str, Any], row_limit: int | None, time_limit: float
    ) -> pa.Table | None:
        """Rows, None where they are more than the limit; RuntimeError in the engine's words, or INTERRUPTED."""
        limits = {"row_limit": row_limit, "time_limit": time_limit}
        asked = {"cypher": cypher, "parameters": to_wire(dict(parameters)), **limits}
        stream = self._ask(asked, time_limit + GRACE)
        return None if stream is None else pa.ipc.open_stream(stream).read_all()

    def stop(self) -> None:
        """Kill it and wait until it is gone; it only reads, so that nothing is lost."""
        self.idle = False
        if hasattr(self, "process"):
            self.process.kill()
            self.process.wait()
        self.channel.close()

    def _ask(self, request: dict[str, Any], seconds: float) -> bytes | None:
        """What follows the reply; a process that was not left idle by it is not to be asked again."""
        self.idle = False
        try:
            self.channel.send_bytes(json.dumps(request).encode())
        except OSError as error:
            raise RuntimeError(self._last_words()) from error
        said, follows = self._receive(seconds)
        if "error" in said:
            self.idle = not any(words in said["error"].lower() for words in OVERRUN)
            raise RuntimeError(said["error"])
        return follows

    def _receive(self, seconds: float) -> tuple[dict[str, Any], bytes | None]:
        try:
            if not self.channel.poll(min(seconds, LONGEST)):
                raise RuntimeError(INTERRUPTED)
            said = json.loads(self.channel.recv_bytes())
            follows = self.channel.recv_bytes() if said.get("table") else None
        except (EOFError, OSError) as error:
            raise RuntimeError(self._last_words()) from error
        self.idle = True
        return said, follows

    def _last_words(self) -> str:
        """Of a process that ended by itself: the system or the engine breaks off where memory is refused."""
        try:
            code = self.process.wait(LAST)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        return f"{OUT_OF_MEMORY}: {signal.Signals(-code).name if code < 0 else f'code {code}'}"


class Workers:
    """The processes of one store; safe for many threads, and for a process that forks."""

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self._begin()
        _POOLS.add(self)

    def _begin(self) -> None:
        self._idle: list[Worker] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST)
        self._closings = 0

    @contextmanager
    def one(self, wait: float) -> Iterator[Worker]:
        """A process for one query; QueryTooLong where none is free within `wait` seconds."""
        if not self._places.acquire(timeout=wait):
            raise QueryTooLong(
                f"{MOST} other queries are being answered, and none was done within {wait:g} seconds. Ask again."
            )
        try:
            with self._lock:
                closings, worker = self._closings, self._idle.pop() if self._idle else None
            if worker is not None and worker.process.poll() is not None:
                worker.stop()
                worker = None
            worker = worker or Worker(self.memory)
            try:
                yield worker
            finally:
                with self._lock:
                    kept = worker.idle and closings == self._closings
                    if kept:
                        self._idle.append(worker)
                if not kept:
                    worker.stop()
        finally:
            self._places.release()

    def close(self) -> None:
        """Kill the idle ones now, and those that are answering when they are done."""
        with self._lock:
            self._closings += 1
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.stop()

    def forget(self) -> None:
        """In a forked child: the processes are the parent's."""
        for worker in self._idle:
            worker.channel.close()
            worker.process.returncode = 0
        self._begin()


_POOLS: weakref.WeakSet[Workers] = weakref.WeakSet()


def _after_fork() -> None:
    for pool in list(_POOLS):
        pool.forget()


os.register_at_fork(after_in_child=_after_fork)
