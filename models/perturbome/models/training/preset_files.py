"""Presets: files that say how a model is to be trained, ours by name, a person's own by path."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perturbome.platform.errors import InputError, UnknownName, UnreadableFile

FOLDER = Path(__file__).parent / "presets"
SUFFIXES = (".toml", ".json")
HEAD = "preset"


@dataclass(frozen=True)
class Preset:
    """What a preset file says: for which model, what it is, and values by section."""

    name: str
    where: str
    model: str | None
    meaning: str
    source: str
    values: Mapping[str, Mapping[str, Any]]


def presets() -> dict[str, Path]:
    """Our own presets by name."""
    return {path.stem: path for path in sorted(FOLDER.iterdir()) if path.suffix in SUFFIXES}


def read_preset(name: str) -> Preset:
    """The preset of that name, or of that file (.toml, .json). UnknownName lists ours; UnreadableFile, InputError.

    A file holds the tables of settings [model], [data], [features], and [preset] with `model`, `meaning`, `source`.
    """
    path = Path(name).expanduser()
    if path.suffix.lower() not in SUFFIXES:
        known = presets()
        if name not in known:
            raise UnknownName("preset", name, "the presets", list(known), "A file of your own is given by its path.")
        path = known[name]
    try:
        text = path.read_text(encoding="utf-8")
        stored = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"The preset {path} cannot be read: {error}") from error
    if not isinstance(stored, dict) or not all(isinstance(v, dict) for v in stored.values()):
        raise InputError(
            f"The preset {path} must hold tables of settings, as [model] with penalty = 0.1 below it; it holds "
            f"{', '.join(map(str, stored)) or 'nothing'}."
        )
    head = dict(stored.pop(HEAD, {}))
    model, meaning, source = (head.pop(key, "") for key in ("model", "meaning", "source"))
    if head:
        raise InputError(f"[{HEAD}] of {path} knows model, meaning and source, not {', '.join(head)}.")
    return Preset(path.stem, str(path), model or None, meaning, source, stored)
