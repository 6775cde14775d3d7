"""Splits that others made, read from their files: GEARS's dictionaries as JSON, and tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from perturbome.models.data.condition import Condition
from perturbome.models.data.splits import Side, Split
from perturbome.platform.errors import InputError, MissingColumn, UnknownName, UnreadableFile
from perturbome.platform.perturbation import parse

WORDS: dict[str, Side] = {
    "train": "train", "training": "train", "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "ood": "test", "heldout": "test", "holdout": "test",
}  # fmt: skip
"""What files call the three sides."""
Missing = Literal["refuse", "leave out"]
ABSENT = (
    "It may have too few cells: ask for fewer, --min-cells. What the data does not hold is passed over if it is taken "
    "out of the file."
)
"""How to mend a file that names what the data does not hold."""
_PICKLES = {".pkl", ".pickle", ".p", ".pk", ".joblib"}


def read_gears(
    path: str | Path, conditions: Sequence[Condition], *, missing: Missing = "refuse", name: str | None = None
) -> Split:
    """Read a split as GEARS makes it: each side's conditions, spelt `A+ctrl`, `A+B`; `ctrl` is passed over.

    JSON: {"train": ["STAT1+ctrl", ...], "val": [...], "test": [...]}. CSV, TSV or TXT: two columns, `condition` and
    `split`, in any order under that header. What the file calls A+B stands for every condition with those targets.
    Names that the data does not hold raise UnknownName, or with missing="leave out" are passed over; conditions that
    the file does not name are left out of the split.

    GEARS itself writes a pickle, which can run any code when it is opened and is therefore never read here. Where
    you trust the file, turn it into JSON first (InputError says the line).
    """
    path = Path(path)
    if path.suffix.lower() in _PICKLES:
        raise InputError(
            f"{path} is a pickle, which can run code when opened, so it is not read. If you trust it, convert it where "
            f"GEARS is installed: python -c \"import json, pickle; json.dump(pickle.load(open('{path.name}', 'rb')), "
            f"open('{path.stem}.json', 'w'))\", and read {path.stem}.json."
        )
    sides = _from_json(path) if path.suffix.lower() == ".json" else _from_table(path)
    by_targets: dict[tuple[str, ...], list[Condition]] = {}
    for c in conditions:
        by_targets.setdefault(c.targets, []).append(c)
    known = {t for targets in by_targets for t in targets}
    found: dict[str, Side] = {}
    for side, texts in sides.items():
        for text in texts:
            perturbation = parse(text, spelling="gears", known=known)
            if perturbation is None:
                continue
            here = by_targets.get(perturbation.targets, [])
            if not here and missing == "refuse":
                raise UnknownName(
                    "condition", text, f"the data that {path} is to split", ["+".join(t) for t in by_targets],
                    ABSENT,
                )  # fmt: skip
            for c in here:
                place(found, c.name, side, str(path))
    return make_split(name or path.stem, "given", conditions, found)


def _from_json(path: Path) -> dict[Side, list[str]]:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path} cannot be read as JSON: {error}") from error
    if not stored or not isinstance(stored, dict) or not all(isinstance(v, list) for v in stored.values()):
        raise InputError(
            f'{path} must hold {{"train": [...], "val": [...], "test": [...]}}, lists of conditions as in STAT1+ctrl.'
        )
    sides: dict[Side, list[str]] = {}
    for word, texts in stored.items():
        sides.setdefault(side_of(word, str(path)), []).extend(map(str, texts))
    return sides


def _from_table(path: Path) -> dict[Side, list[str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(f"{path} cannot be read as text: {error}") from error
    head = lines[0] if lines else ""
    rows = list(csv.reader(lines, delimiter="\t" if "\t" in head else ","))
    columns = [c.strip().casefold() for c in rows[0]] if rows else []
    for column in ("condition", "split"):
        if column not in columns:
            raise MissingColumn(column, str(path), columns, "Two columns are needed, under the header condition,split.")
    at, of = columns.index("condition"), columns.index("split")
    sides: dict[Side, list[str]] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(at, of):
            raise InputError(f"Line {number} of {path} has {len(row)} columns, the header {len(columns)}: {row}.")
        sides.setdefault(side_of(row[of], str(path)), []).append(row[at].strip())
    return sides


def side_of(word: Any, where: str) -> Side:
    """The side that a file's word means; UnknownName for any other word."""
    folded = str(word).strip().casefold().replace("-", "").replace("_", "")
    if folded not in WORDS:
        raise UnknownName("side of a split", str(word), where, list(WORDS))
    return WORDS[folded]


def place(found: dict[str, Side], name: str, side: Side, where: str) -> None:
    """Put a condition on a side; InputError where it stands on another already."""
    if found.get(name, side) != side:
        raise InputError(
            f"{where} puts '{name}' both in {found[name]} and in {side}. A condition stands on one side only: take it "
            "out of one of them."
        )
    found[name] = side


def make_split(name: str, kind: str, conditions: Iterable[Condition], found: Mapping[str, Side]) -> Split:
    """The split of all conditions whose sides were found; the others are left out."""
    sides: dict[str | None, list[str]] = {"train": [], "validation": [], "test": [], None: []}
    for c in conditions:
        sides[found.get(c.name)].append(c.name)
    train, validation, test, out = (tuple(sides[side]) for side in ("train", "validation", "test", None))
    return Split(name, kind, train, validation, test, None, out)
