"""Splits by a short text, as a command or a benchmark names them: `unseen-single`, `5-fold`, or the path of a file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from perturbome.models.data.cell_load import read_cell_load
from perturbome.models.data.condition import Condition
from perturbome.models.data.split_files import read_gears
from perturbome.models.data.split_makers import (
    k_fold,
    leave_one_target_out,
    unseen_context,
    unseen_dose,
    unseen_double,
    unseen_single,
)
from perturbome.models.data.splits import Split
from perturbome.platform.errors import InputError, UnknownName, UnreadableFile, did_you_mean

Conditions = Sequence[Condition]
Make = Callable[[Conditions, re.Match[str], Sequence[int]], list[Split]]

NOTHING = "nothing held out"
FILES = (".json", ".csv", ".tsv", ".txt", ".toml")
JSON_FORMS = (
    'A JSON file holds conditions by side as GEARS names them, {"train": ["STAT1+ctrl", ...], "val": [...], '
    '"test": [...]}, or a split that Split.save wrote.'
)
_PICKLES = (".pkl", ".pickle", ".p", ".pk", ".joblib")


@dataclass(frozen=True)
class NoSplit(Split):
    """All conditions train and nothing is held out: for a model that is to be used, not judged."""

    def __post_init__(self) -> None:
        if not self.train or self.validation or self.test or self.left_out:
            raise InputError(f"Where {NOTHING} all conditions train, at least one; give a Split for anything else.")
        object.__setattr__(self, "train", tuple(sorted(self.train)))


@dataclass(frozen=True)
class Choice:
    """One form of text: how it reads, an example, what it means, and what it makes."""

    form: re.Pattern[str]
    example: str
    meaning: str
    make: Make


def nothing_held_out(conditions: Conditions) -> NoSplit:
    """All conditions on the training side."""
    return NoSplit(NOTHING, NOTHING, tuple(c.name for c in conditions), (), ())


def _contexts(conditions: Conditions, match: re.Match[str], _: Sequence[int]) -> list[Split]:
    """Contexts held out together; without a name, each in turn."""
    known = sorted({c.context.name for c in conditions})
    given = match["names"]
    if given is None:
        if len(known) < 2:
            raise InputError(
                f"These conditions have one context, {known[0]}: none can be held out. Choose another split, as "
                "unseen-single."
            )
        return [unseen_context(conditions, [name]) for name in known]
    names = [given.strip()] if given.strip() in known else [part.strip() for part in given.split(",")]
    return [unseen_context(conditions, names)]


CHOICES = (
    Choice(re.compile("none"), "none", "all conditions train", lambda c, m, s: [nothing_held_out(c)]),
    Choice(
        re.compile("unseen-singles?"), "unseen-single", "genes never perturbed in training",
        lambda c, m, s: [unseen_single(c, seed=seed) for seed in s],
    ),
    Choice(
        re.compile("unseen-doubles?-(?P<seen>[012])(-seen)?"), "unseen-double-2",
        "pairs with 0, 1 or 2 genes seen in training",
        lambda c, m, s: [unseen_double(c, int(m["seen"]), seed=seed) for seed in s],
    ),
    Choice(
        re.compile("unseen-contexts?(=(?P<names>.+))?", re.DOTALL), "unseen-context=NAME",
        "a context; several by commas; without a name each in turn", _contexts,
    ),
    Choice(
        re.compile("unseen-doses?"), "unseen-dose", "doses of what was given at several",
        lambda c, m, s: [unseen_dose(c, seed=seed) for seed in s],
    ),
    Choice(
        re.compile("leave-one(-target)?-out"), "leave-one-out", "each target in turn",
        lambda c, m, s: leave_one_target_out(c),
    ),
    Choice(
        re.compile("(?P<k>[0-9]+)-folds?"), "5-fold", "sets of targets in so many folds, each tested in turn",
        lambda c, m, s: [split for seed in s for split in k_fold(c, int(m["k"]), seed=seed)],
    ),
)  # fmt: skip


def choose_splits(
    conditions: Conditions, text: str, *, seeds: Sequence[int] = (0,), dataset: str | None = None
) -> list[Split]:
    """The splits that a text names: one of `CHOICES`, or the path of a file (.json, .csv, .tsv, .txt, .toml).

    Splits that are drawn are made once for each seed; the others, as leave-one-out, contexts and files, once. JSON
    is read as `Split.save` wrote it or as GEARS's dictionary, tables as GEARS's, TOML as cell-load's, for `dataset`.
    Raises InputError, with what there is, for any other text; UnknownName for conditions that are not there.
    """
    given = text.strip()
    path = Path(given).expanduser()
    if path.suffix.lower() in (*FILES, *_PICKLES):
        return [_from_file(conditions, path, dataset)]
    word, equals, names = given.partition("=")
    spelt = re.sub(r"[\s_,]+", "-", word.strip().casefold()) + equals + names
    for choice in CHOICES:
        if match := choice.form.fullmatch(spelt):
            return choice.make(conditions, match, seeds)
    raise InputError(f"'{text}' is no split.{did_you_mean(word, [c.example for c in CHOICES])} {possible()}")


def possible() -> str:
    """Every text that names a split, in one sentence."""
    listed = "; ".join(f"{c.example} ({c.meaning})" for c in CHOICES)
    return f"A split is one of: {listed}; or a file {', '.join(FILES)} that names the conditions of each side."


def _from_file(conditions: Conditions, path: Path, dataset: str | None) -> Split:
    if path.suffix.lower() not in _PICKLES and not path.is_file():
        raise InputError(f"There is no split file at {path}. {possible()}")
    if path.suffix.lower() == ".toml":
        if dataset is None:
            raise InputError(f"{path} speaks of several data sets: say which one is to be split (dataset=...).")
        return read_cell_load(path, conditions, dataset)
    if path.suffix.lower() != ".json" or not _is_ours(path):
        return read_gears(path, conditions)
    split = Split.load(path)
    known = [c.name for c in conditions]
    strange = sorted(set(split.names) - set(known))
    if strange:
        raise UnknownName(
            "condition", strange[0], f"the data that {path} is to split", known,
            f"{len(strange)} of its {len(split.names)} conditions are not there; they may have too few "
            "cells, --min-cells, or their contexts were not asked for, --context.",
        )  # fmt: skip
    return split


def _is_ours(path: Path) -> bool:
    """Whether a JSON file says of what kind its split is, as ours do."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"{path} cannot be read as JSON: {error}. {JSON_FORMS}") from error
    if not isinstance(stored, dict) or not stored:
        what = "nothing" if isinstance(stored, dict) else f"a {type(stored).__name__}"
        raise InputError(f"{path} holds {what}, not a split. {JSON_FORMS}")
    return "kind" in stored
