"""Immutable snapshot files and the pointer that says which one holds.

    <folder>/published.json                 names the snapshot readers open; changed by an atomic rename only
    <folder>/snapshot-<time>-<random>.lbug  one whole graph; never written to once published
    <folder>/staging-<random>/              a writer's Parquet files
    <folder>/writer.lock                    held by the one writer

Whatever moment a writer dies at, the pointer names a whole snapshot, and the next writer sweeps what was left.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from perturbome.platform.errors import DiskFull, GraphError, StoreTooNew
from perturbome.platform.lake.lock import WAIT, writer_lock
from perturbome.platform.schema.ddl import fingerprint
from perturbome.platform.schema.tables import SCHEMA_VERSION

SPECIAL = re.compile(r"[\\'\"*?\[\]{}]")
"""Characters in a path that COPY would read as a pattern or as the end of its text."""


@dataclass(frozen=True)
class Published:
    """What the pointer file says."""

    snapshot: str
    runs: tuple[str, ...]
    counts: dict[str, int]
    previous: str | None = None
    schema_version: int = SCHEMA_VERSION
    schema: str = field(default_factory=fingerprint)
    engine_version: str = ""

    @property
    def current(self) -> bool:
        """False where the graph's schema has changed since; such a snapshot is built anew from the lake."""
        return self.schema_version == SCHEMA_VERSION and self.schema == fingerprint()


class Snapshots:
    """The snapshots of one folder. Reading makes nothing; a writer holds the lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pointer = folder / "published.json"
        self._read: tuple[tuple[int, int, int], Published] | None = None

    def published(self) -> Published | None:
        """The snapshot that holds, or None where nothing was published yet."""
        try:
            status = self.pointer.stat()
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if self._read is not None and self._read[0] == stamp:
                return self._read[1]
            found = _parse(self.pointer)
        except FileNotFoundError:
            return None
        self._read = (stamp, found)
        return found

    def path(self, published: Published) -> Path:
        """The snapshot's file."""
        return self.folder / published.snapshot

    def lock(self, what: str, wait: float = WAIT) -> AbstractContextManager[None]:
        """The one writer's lock; StoreBusy names who holds it."""
        return writer_lock(self.folder / "writer.lock", what, wait)

    def sweep(self) -> None:
        """Delete what interrupted or superseded writers left; call it under the lock only."""
        published = self.published()
        kept = {published.snapshot, published.previous} if published else set()
        for path in self.folder.iterdir():
            if path.name.startswith("staging-"):
                shutil.rmtree(path, ignore_errors=True)
            elif path.name.startswith(("snapshot-", "published.json.")) and path.name not in kept:
                path.unlink(missing_ok=True)

    def new_snapshot(self) -> Path:
        """Where a writer builds the next snapshot."""
        return self.folder / f"snapshot-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.lbug"

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder for a writer's files, gone when the block is left; its name can stand in a COPY statement."""
        path = self.folder / f"staging-{secrets.token_hex(4)}"
        path.mkdir()
        try:
            if SPECIAL.search(str(path)):
                with tempfile.TemporaryDirectory(prefix="perturbome-") as plain:
                    alias = Path(plain) / "staging"
                    alias.symlink_to(path.resolve(), target_is_directory=True)
                    yield alias
            else:
                yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def publish(self, path: Path, runs: tuple[str, ...], counts: dict[str, int], engine_version: str) -> None:
        """Make the snapshot at `path` the one that holds; on return it survives a power cut."""
        before = self.published()
        pointer = Published(path.name, runs, counts, before.snapshot if before else None, engine_version=engine_version)
        new = self.pointer.with_name(f"published.json.{secrets.token_hex(4)}")
        _sync(path)
        with new.open("w") as file:
            json.dump(asdict(pointer), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.pointer)
        _sync(self.folder)
        self.sweep()


@contextmanager
def full_disk_told(folder: Path) -> Iterator[None]:
    """Turn the system's 'no space left' into DiskFull."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise disk_full(folder) from error
        raise


def require_room(folder: Path, base: int, rows: int) -> None:
    """Raise DiskFull unless a snapshot of `rows` more rows on `base` bytes surely fits.

    The engine ends the whole process where a write fails for want of room, so it is asked beforehand and generously:
    measured, a row takes up to 110 bytes and a grown snapshot half as much again as its base.
    """
    if shutil.disk_usage(folder).free < 2 * base + 200 * rows + (4 << 20):
        raise disk_full(folder)


def disk_full(folder: Path) -> DiskFull:
    """The error that says how much room there is and what to do."""
    try:
        free = f"{shutil.disk_usage(folder).free / 1e6:,.0f} MB are free"
    except OSError:
        free = "no room is left"
    return DiskFull(
        f"The disk is full: {free} at {folder}. The graph still answers as before. "
        "Make room (a new snapshot needs about twice the old one), then: perturbome graph rebuild"
    )


def _parse(pointer: Path) -> Published:
    try:
        said = json.loads(pointer.read_text())
        version = int(said["schema_version"])
        if version <= SCHEMA_VERSION:
            return Published(**{**said, "runs": tuple(said["runs"])})
    except (ValueError, KeyError, TypeError) as error:
        raise GraphError(
            f"{pointer} is damaged ({error}). Delete it and build the graph anew: perturbome graph rebuild"
        ) from error
    raise StoreTooNew(
        f"The graph in {pointer.parent} was written with schema {version}; this perturbome knows up to "
        f"{SCHEMA_VERSION}. Install a newer perturbome."
    )


def _sync(path: Path) -> None:
    """Have the system write a file or a folder's entries to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
