"""What fits have learned, by what they were fitted to: so that nothing is learned twice, here or after a break."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perturbome.models.training.model_folder import replace_file, require_safetensors
from perturbome.platform.errors import StoreError

Weights = dict[str, NDArray[Any]]
_UNFINISHED = ".unfinished.safetensors"


class Memory:
    """Weights and facts of finished fits by key, and in a folder, if it has one, how far unfinished ones came.

    closed: everything there will ever be is known; asking for anything else is an error, so that a stored model is
    never quietly trained again.
    """

    def __init__(
        self, finished: Mapping[str, Weights] | None = None, facts: Mapping[str, dict[str, Any]] | None = None, *,
        folder: Path | None = None, closed: bool = False,
    ) -> None:  # fmt: skip
        self.finished: dict[str, Weights] = dict(finished or {})
        self.facts: dict[str, dict[str, Any]] = dict(facts or {})
        self.folder, self.closed = folder, closed

    def find(self, key: str) -> tuple[Weights, dict[str, Any]] | None:
        """Weights and facts of a finished fit; None for one that is still to be made."""
        if key not in self.finished and self.folder is not None and self._path(key).exists():
            weights, facts = read_progress(self._path(key))
            self.finished[key], self.facts[key] = weights, facts
        if key in self.finished:
            return self.finished[key], self.facts.get(key, {})
        if self.closed:
            raise StoreError("The stored weights do not belong to what the model was fitted to. Train the model anew.")
        return None

    def keep(self, key: str, weights: Weights, facts: dict[str, Any]) -> None:
        """Hold a finished fit, and forget how far it had come before. Of many processes the first one writes."""
        self.finished[key], self.facts[key] = weights, facts
        if self.folder is not None and int(os.environ.get("RANK", "0")) == 0:
            write_progress(self._path(key), weights, facts)
            self.progress(key).unlink(missing_ok=True)  # type: ignore[union-attr]

    def progress(self, key: str) -> Path | None:
        """The file in which a fit leaves how far it came; None without a folder."""
        return None if self.folder is None else self.folder / f"{key}{_UNFINISHED}"

    def left(self) -> str | None:
        """How much of a training is in the folder, in words: whole fits, and passes of others; None for nothing."""
        files = sorted(self.folder.glob("*.safetensors")) if self.folder is not None and self.folder.is_dir() else []
        begun = [path for path in files if path.name.endswith(_UNFINISHED)]
        passes = sum(len(read_progress(path)[1]["curve"]) for path in begun)
        whole = len(files) - len(begun)
        parts = ["1 whole fit" if whole == 1 else f"{whole} whole fits"] if whole else []
        parts += ["1 pass of a fit" if passes == 1 else f"{passes} passes of a fit"] if passes else []
        return " and ".join(parts) or None

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{key}.safetensors"

    def arrays(self) -> Weights:
        """All weights under names of their own, as a model's folder holds them."""
        return {f"{key}/{name}": a for key, weights in self.finished.items() for name, a in weights.items()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Memory:
        """The inverse of `arrays`, closed."""
        finished: dict[str, Weights] = {}
        for path, a in arrays.items():
            key, _, name = path.partition("/")
            finished.setdefault(key, {})[name] = a
        return cls(finished, closed=True)


def write_progress(path: Path, arrays: Weights, facts: Mapping[str, Any]) -> None:
    """Arrays and facts in one safetensors file that replaces the one before when it is whole."""
    require_safetensors()
    from safetensors.numpy import save

    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {name: np.ascontiguousarray(a) for name, a in arrays.items()}
    replace_file(path, save(whole, {"facts": json.dumps(dict(facts))}))


def read_progress(path: Path) -> tuple[Weights, dict[str, Any]]:
    """The inverse of `write_progress`; StoreError for a damaged file."""
    require_safetensors()
    from safetensors import safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})["facts"])
            return {name: file.get_tensor(name).copy() for name in file.keys()}, facts  # noqa: SIM118
    except Exception as error:
        raise StoreError(f"{path} is damaged ({error}). Take it away, and train anew.") from error
