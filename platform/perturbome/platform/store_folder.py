"""The folder of a store: what marks it, what may not be in it, and what is the address of a server instead."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from perturbome.platform.errors import InputError, NothingFound, StoreError, StoreTooNew
from perturbome.platform.schema.tables import SCHEMA_VERSION

SERVER_SCHEMES = ("bolt://", "bolt+s://", "bolt+ssc://", "neo4j://", "neo4j+s://", "neo4j+ssc://")


def is_server(address: str) -> bool:
    """True for the address of a graph server, false for a path; InputError for an address of any other kind."""
    if address.startswith(SERVER_SCHEMES):
        return True
    if "://" in address:
        raise InputError(
            f"'{address}' is neither a folder nor a graph server. Servers begin with {', '.join(SERVER_SCHEMES)}."
        )
    return False


@dataclass(frozen=True)
class StoreFolder:
    """The folder that holds a store, marked by `store.json`."""

    path: Path

    @property
    def exists(self) -> bool:
        """True once something was written to it."""
        return (self.path / "store.json").exists()

    def require(self) -> None:
        """NothingFound where nothing was ever written."""
        if not self.exists:
            raise NothingFound(f"There is no store at {self.path} yet. Make one: perturbome ingest experiment FILE.")

    def check(self) -> None:
        marker = self.path / "store.json"
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file; a store is a folder. Give another path with --store.")
        if not marker.exists():
            if self.path.is_dir() and any(p.name != "writer.lock" for p in self.path.iterdir()):
                raise InputError(
                    f"{self.path} is a folder that holds something else than a perturbome store. "
                    "Give an empty or a new folder with --store."
                )
            return
        try:
            found = int(json.loads(marker.read_text())["schema"])
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f'{marker} is damaged ({error}). It should read {{"schema": {SCHEMA_VERSION}}}.'
            ) from error
        if found > SCHEMA_VERSION:
            raise StoreTooNew(
                f"{self.path} was written with schema {found}; this perturbome knows up to {SCHEMA_VERSION}. "
                "Install a newer perturbome."
            )

    def make(self) -> None:
        marker = self.path / "store.json"
        if marker.exists():
            return
        self.path.mkdir(parents=True, exist_ok=True)
        new = marker.with_suffix(".new")
        new.write_text(json.dumps({"schema": SCHEMA_VERSION, "created": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}))
        new.replace(marker)
