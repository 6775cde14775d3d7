"""One writer at a time: a lock the operating system lets go of when its holder dies, however it dies."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from perturbome.platform.errors import StoreBusy
from perturbome.platform.lake.disk import disk_full_told

WAIT = 5.0
"""Seconds to wait for another writer before saying so."""


@contextmanager
def writer_lock(path: Path, what: str, wait: float = WAIT) -> Iterator[None]:
    """Hold the lock file `path` while `what` is done; StoreBusy names who holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    note = path.with_suffix(".json")
    lock = FileLock(path)
    try:
        with disk_full_told(path.parent):
            lock.acquire(timeout=wait)
    except Timeout as error:
        raise StoreBusy(
            f"{path.parent} is being written to by {_holder(note)}. Wait until it is done, or stop it, and try again."
        ) from error
    try:
        since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        with suppress(OSError):  # on a full disk the lock holds all the same, it only cannot say for whom
            note.write_text(json.dumps({"pid": os.getpid(), "since": since, "what": what}))
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _holder(note: Path) -> str:
    try:
        holder = json.loads(note.read_text())
    except (OSError, ValueError):
        return "another process"
    return f"process {holder['pid']} ({holder['what']}, since {holder['since']})"
