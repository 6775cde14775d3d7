"""Splits of cell-load, the loader of State: which cell types and perturbations a TOML file holds out."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perturbome.models.data.condition import Condition
from perturbome.models.data.split_files import ABSENT, Missing, make_split, place, side_of
from perturbome.models.data.splits import Side, Split
from perturbome.platform.errors import InputError, UnknownName, UnreadableFile
from perturbome.platform.perturbation import Perturbation, is_control


def read_cell_load(
    path: str | Path, conditions: Sequence[Condition], dataset: str, *, missing: Missing = "refuse",
    name: str | None = None,
) -> Split:  # fmt: skip
    """Read the part of a cell-load TOML file (State, Arc Institute) that speaks of one data set.

    [training] dataset = "train": its cell types train, but for
    [zeroshot] "dataset.CELL TYPE" = "test" (or "val"): the whole cell type goes there, and
    [fewshot."dataset.CELL TYPE"] val = [...], test = [...]: these perturbations of it go there, the others train.
    A perturbation is a label (a gene, `A+B`) or a drug with its dose, "[('Drug', 0.5, 'uM')]". Without [fewshot]
    the kind is 'unseen context', with it 'unseen in context'. A data set that does not train gives only what is
    named. Raises InputError for a perturbation in both val and test, which
    cell-load allows and an honest split does not; UnknownName for names that the data does not hold, unless
    missing="leave out".
    """
    path = Path(path)
    parts = _toml(path)
    trains = parts["training"].get(dataset)
    zeroshot, fewshot = (_of_dataset(parts[key], dataset) for key in ("zeroshot", "fewshot"))
    if trains is None and not zeroshot and not fewshot:
        named = {str(key).split(".", 1)[0] for part in parts.values() for key in part}
        raise UnknownName(
            "data set", dataset, str(path), sorted(named),
            "It is looked for under its name in the store: call it so in the file, or in Python give dataset=.",
        )  # fmt: skip
    kinds = {c.context.cell_type for c in conditions}
    strange = sorted({*zeroshot, *fewshot} - kinds)
    if strange and missing == "refuse":
        raise UnknownName(
            "cell type", strange[0], f"the data that {path} is to split", sorted(kinds),
            ABSENT,
        )  # fmt: skip
    found: dict[str, Side] = {}
    for c in conditions:
        kind = c.context.cell_type
        if kind in zeroshot:
            found[c.name] = side_of(zeroshot[kind], str(path))
        elif kind in fewshot or trains is not None:
            found[c.name] = "train" if trains is None else side_of(trains, str(path))
    for kind, lists in fewshot.items():
        if kind in kinds and kind not in zeroshot:
            _fewshot(found, lists, [c for c in conditions if c.context.cell_type == kind], kind, path, missing)
    what = "unseen in context" if fewshot else "unseen context"
    return make_split(name or path.stem, what, conditions, found)


def _fewshot(
    found: dict[str, Side], lists: Any, here: list[Condition], cell_type: str, path: Path, missing: Missing
) -> None:
    """Move the perturbations that a few-shot cell type holds out to their sides."""
    if not isinstance(lists, Mapping):
        raise InputError(f'[fewshot."...{cell_type}"] of {path} must hold lists val and test, not {lists!r}.')
    held: dict[str, Side] = {}
    for word, labels in lists.items():
        side = side_of(word, str(path))
        for label in labels:
            if is_control(str(label)):
                continue
            wanted = _read_label(str(label))
            same = [c for c in here if _means(c.perturbation, wanted)]
            if not same and missing == "refuse":
                raise UnknownName(
                    "perturbation", str(label), f"the cell type '{cell_type}'", [c.perturbation.label for c in here],
                    ABSENT,
                )  # fmt: skip
            for c in same:
                place(held, c.name, side, str(path))
    found.update(held)


def _read_label(label: str) -> Perturbation:
    """A gene, `A+B`, or cell-load's list of one (drug, dose, unit)."""
    if label.lstrip().startswith("[("):
        try:
            [(drug, dose, *_)] = ast.literal_eval(label.strip())
            return Perturbation((str(drug).strip(),), "compound", float(dose))
        except (ValueError, SyntaxError, TypeError) as error:
            raise InputError(f"'{label}' is no drug with a dose. One reads [('Drug', 0.5, 'uM')].") from error
    return Perturbation.parse(label)


def _means(measured: Perturbation, wanted: Perturbation) -> bool:
    """Whether a label names what was measured: its targets, and its dose where the label gives one."""
    return measured.targets == wanted.targets and (wanted.dose is None or measured.dose == wanted.dose)


def _of_dataset(part: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    """Cell type -> value of the entries "dataset.CELL TYPE"."""
    return {key[len(dataset) + 1 :]: value for key, value in part.items() if key.startswith(f"{dataset}.")}


def _toml(path: Path) -> dict[str, dict[str, Any]]:
    try:
        stored = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UnreadableFile(f"{path} cannot be read as TOML: {error}") from error
    parts = {key: stored.get(key, {}) for key in ("training", "zeroshot", "fewshot")}
    wrong = [key for key, value in parts.items() if not isinstance(value, dict)]
    if wrong or not any(parts.values()):
        raise InputError(
            f"{path} is no cell-load split: it needs [training] and [zeroshot] or [fewshot] as tables; "
            f"it holds {', '.join(stored) or 'nothing'}."
        )
    return parts
