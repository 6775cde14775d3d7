"""A model's folder: config.json, names.json and state.safetensors, complete or absent; never a pickle."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perturbome.platform.errors import MissingExtra, StoreError, StoreTooNew

FORMAT = 1
CONFIGURATION, NAMES, STATE = "config.json", "names.json", "state.safetensors"
UNFINISHED = "unfinished"
"""Folder beside the models for what an interrupted training can go on from."""
_PART = ".part"


@dataclass(frozen=True)
class StoredModel:
    """What a model's folder holds."""

    folder: Path
    configuration: dict[str, Any]  # everything resolved, readable
    names: dict[str, Any]  # long lists: genes, conditions
    arrays: dict[str, NDArray[Any]]


def require_safetensors() -> None:
    """MissingExtra where weights cannot be written or read."""
    try:
        import safetensors.numpy  # noqa: F401
    except ImportError:
        raise MissingExtra("safetensors", "models", "A model's folder") from None


def write_model(
    folder: Path, configuration: Mapping[str, Any], names: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Write a model's folder into one of another name, and rename it when it is whole and on disk."""
    require_safetensors()
    from safetensors.numpy import save_file

    part = folder.parent / f"{folder.name}.{uuid.uuid4().hex}{_PART}"
    part.mkdir(parents=True)
    try:
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, part / STATE)
        (part / NAMES).write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
        whole = {"format": FORMAT, **configuration, "files": {n: _hash(part / n) for n in (STATE, NAMES)}}
        (part / CONFIGURATION).write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        for name in (STATE, NAMES, CONFIGURATION):
            _to_disk(part / name)
        part.rename(folder)
        _to_disk(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def read_model(folder: Path) -> StoredModel:
    """Read a model's folder; StoreError where it is absent or not as it was written, StoreTooNew for a later form."""
    require_safetensors()
    from safetensors.numpy import load_file

    mend = "Train the model anew."
    if not (folder / CONFIGURATION).is_file():
        raise StoreError(f"The model's folder {folder} is not there, or holds no {CONFIGURATION}. {mend}")
    try:
        configuration = json.loads((folder / CONFIGURATION).read_text(encoding="utf-8"))
        written = configuration["format"]
        if written > FORMAT:
            raise StoreTooNew(f"{folder} was written in form {written}; this perturbome reads up to {FORMAT}.")
        changed = [name for name, hash_ in configuration["files"].items() if _hash(folder / name) != hash_]
        if changed:
            raise StoreError(f"{' and '.join(changed)} in {folder} changed after the model was written. {mend}")
        names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        # Copies are aligned as arrays that numpy makes, so that sums round as they did when the model was fitted.
        arrays = {name: a.copy() for name, a in load_file(folder / STATE).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(f"The model's folder {folder} is damaged ({type(error).__name__}: {error}). {mend}") from error
    return StoredModel(folder, configuration, names, arrays)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file under another name, and rename it when it is whole and on disk."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}{_PART}")
    try:
        part.write_bytes(content)
        _to_disk(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def sweep_models(models: Path, runs: Collection[str]) -> list[str]:
    """Take away folders of no run in `runs`: what crashes and removed runs left. Call under the writer lock."""
    gone = [p for p in sorted(models.iterdir()) if p.is_dir() and p.name != UNFINISHED and p.name not in runs]
    for path in gone:
        shutil.rmtree(path, ignore_errors=True)
    return [path.name for path in gone]


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
