"""A split: which conditions train, which validate, which test; named, hashed, kept with every run that used it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from perturbome.models.data.fingerprint import text_hash
from perturbome.platform.errors import InputError, UnknownName

Side = Literal["train", "validation", "test"]
SIDES: tuple[Side, ...] = ("train", "validation", "test")

Apart = Literal["targets", "some target", "target sets", "contexts", "target sets in a context", "doses"]


@dataclass(frozen=True)
class Kind:
    """What a split asks of a model, and what therefore may not stand on both sides of it."""

    name: str
    meaning: str
    apart: Apart


KINDS: dict[str, Kind] = {
    k.name: k
    for k in (
        Kind("unseen single", "genes never perturbed in training, alone or with others", "targets"),
        Kind("unseen double, 0 seen", "pairs neither of whose genes was perturbed in training", "targets"),
        Kind("unseen double, 1 seen", "pairs one of whose genes was perturbed in training", "some target"),
        Kind("unseen double, 2 seen", "pairs whose genes were both perturbed in training, not together", "target sets"),
        Kind("leave one target out", "all that was done to one gene, alone or with others", "some target"),
        Kind("k-fold", "a share of the target sets, each in one fold only", "target sets"),
        Kind("unseen context", "contexts of which training holds control cells only", "contexts"),
        Kind("unseen in context", "perturbations that training holds elsewhere only", "target sets in a context"),
        Kind("unseen dose", "doses of compounds or genes that training holds at other doses", "doses"),
        Kind("given", "as a file says; no set of targets on two sides", "target sets"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Split:
    """Conditions by name, each on one side only; the names are sorted when it is made.

    `left_out` are conditions on no side because the kind of the split forbids it, as a double whose one gene must
    stay unseen. Raises InputError for a name on two sides, an unknown kind, or an empty training or test side.
    """

    name: str
    kind: str  # one of KINDS: what may not be on both sides
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    seed: int | None = None  # None: not drawn, but given
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownName("kind of split", self.kind, "the list of kinds", list(KINDS))
        seen: dict[str, str] = {}
        for side in (*SIDES, "left_out"):
            names = getattr(self, side)
            if isinstance(names, str):
                raise InputError(f"{side} of the split '{self.name}' must be a list of names, not the text '{names}'.")
            for name in names:
                if name in seen:
                    raise InputError(
                        f"The condition '{name}' stands twice in the split '{self.name}': in {seen[name]} and in "
                        f"{side}. Leave it on one side."
                    )
                seen[name] = side
            object.__setattr__(self, side, tuple(sorted(names)))
        for side in ("train", "test"):
            if not getattr(self, side):
                raise InputError(
                    f"The split '{self.name}' ({self.kind}) has no {side} conditions: nothing can be held out and "
                    "judged. Give other shares, or data with more conditions."
                )

    @property
    def hash(self) -> str:
        """SHA-256 over the kind and the sorted names of each side, whatever the split is called and was drawn by.

        The kind counts, as predictors look at what the split keeps apart: they may answer otherwise where it differs.
        """
        return text_hash(json.dumps({"kind": self.kind, **self._sides()}, ensure_ascii=True))

    @property
    def hash_of_sides(self) -> str:
        """The hash of older runs, in which the kind did not count."""
        return text_hash(json.dumps(self._sides(), ensure_ascii=True))

    def _sides(self) -> dict[str, tuple[str, ...]]:
        return {side: getattr(self, side) for side in SIDES}

    @property
    def names(self) -> tuple[str, ...]:
        """All conditions that the split names, left-out ones included."""
        return (*self.train, *self.validation, *self.test, *self.left_out)

    def side(self, name: str) -> str | None:
        """The side of a condition: train, validation, test, left_out, or None where the split does not know it."""
        return next((side for side in (*SIDES, "left_out") if name in getattr(self, side)), None)

    def configuration(self) -> dict[str, Any]:
        """What a run that used the split stores of it: everything, and the hash."""
        return {
            "name": self.name, "kind": self.kind, "seed": self.seed, "hash": self.hash, "train": list(self.train),
            "validation": list(self.validation), "test": list(self.test), "left_out": list(self.left_out),
        }  # fmt: skip

    @classmethod
    def from_configuration(cls, stored: Mapping[str, Any], where: str = "the configuration") -> Split:
        """Read back what `configuration` gave; InputError where a part is absent or the hash does not fit."""
        absent = [key for key in ("name", "kind", *SIDES) if key not in stored]
        if absent:
            raise InputError(
                f"The split in {where} lacks {', '.join(absent)}; it holds {', '.join(map(str, stored)) or 'nothing'}. "
                "A whole one is written in Python with split.save(path)."
            )
        names = {side: _names(stored[side], side, where) for side in SIDES}
        split = cls(
            str(stored["name"]), str(stored["kind"]), names["train"], names["validation"], names["test"],
            stored.get("seed"), _names(stored.get("left_out", ()), "left_out", where),
        )  # fmt: skip
        if stored.get("hash", split.hash) not in (split.hash, split.hash_of_sides):
            raise InputError(
                f"The split '{split.name}' in {where} was changed after it was stored: its hash says "
                f"{str(stored['hash'])[:12]}, its kind and conditions say {split.hash[:12]}. Save the "
                "changed split anew (in Python split.save), or take its hash out."
            )
        return split

    def save(self, path: str | Path) -> Path:
        """Write the split as JSON."""
        path = Path(path)
        path.write_text(json.dumps(self.configuration(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> Split:
        """Read a split that `save` wrote; InputError for anything else."""
        try:
            stored = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path} cannot be read as a split ({error}). A split is JSON, as split.save wrote it."
            ) from error
        if not isinstance(stored, dict):
            raise InputError(
                f"{path} holds a {type(stored).__name__}, not a split. A split is written with split.save."
            )
        return cls.from_configuration(stored, str(path))


def _names(value: Any, side: str, where: str) -> tuple[str, ...]:
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        names = tuple(value)
        if all(isinstance(name, str) for name in names):
            return names
    raise InputError(f"'{side}' of the split in {where} must be a list of condition names, not {value!r}.")
