"""Splits by a text: each form against the maker it stands for; a bad text says what there is."""

import json

import pytest

from perturbome.models.data import (
    Condition,
    Split,
    k_fold,
    leave_one_target_out,
    unseen_context,
    unseen_dose,
    unseen_double,
    unseen_single,
)
from perturbome.models.data.split_choice import CHOICES, NoSplit, choose_splits
from perturbome.platform.errors import InputError, UnknownName, UnreadableFile

NAMES = [f"knockout:{t}::{c}" for c in ("A549", "K562") for t in ("A", "B", "C", "D", "A+B", "C+D")]
NAMES += [f"compound:JQ1@{d}::A549" for d in ("0.1", "1", "10")]
CONDITIONS = [Condition.parse(name) for name in NAMES]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("unseen-single", lambda: [unseen_single(CONDITIONS, seed=s) for s in (3, 4)]),
        ("Unseen single", lambda: [unseen_single(CONDITIONS, seed=s) for s in (3, 4)]),
        ("unseen-double-2", lambda: [unseen_double(CONDITIONS, 2, seed=s) for s in (3, 4)]),
        ("unseen double, 0 seen", lambda: [unseen_double(CONDITIONS, 0, seed=s) for s in (3, 4)]),
        ("unseen-dose", lambda: [unseen_dose(CONDITIONS, seed=s) for s in (3, 4)]),
        ("3-fold", lambda: [f for s in (3, 4) for f in k_fold(CONDITIONS, 3, seed=s)]),
        ("leave-one-out", lambda: leave_one_target_out(CONDITIONS)),
        ("unseen-context=K562", lambda: [unseen_context(CONDITIONS, ["K562"])]),
        ("unseen-context", lambda: [unseen_context(CONDITIONS, [c]) for c in ("A549", "K562")]),
    ],
)
def test_each_text_stands_for_its_maker(text, made):
    found = choose_splits(CONDITIONS, text, seeds=(3, 4))
    assert [s.hash for s in found] == [s.hash for s in made()]


def test_none_trains_on_everything_and_says_so():
    [split] = choose_splits(CONDITIONS, "none")
    assert isinstance(split, NoSplit)
    assert split.train == tuple(sorted(NAMES))
    assert split.test == split.validation == split.left_out == ()
    with pytest.raises(InputError, match="at least one"):
        choose_splits([], "none")


def test_a_context_whose_name_holds_a_comma_and_two_contexts():
    comma = [Condition.parse(f"knockout:{t}::{c}") for t in "AB" for c in ("T cell, CD4", "NK", "B cell")]
    [one] = choose_splits(comma, "unseen-context=T cell, CD4")
    assert {Condition.parse(n).context.name for n in one.test} == {"T cell, CD4"}
    [two] = choose_splits(comma, "unseen-context=NK,B cell")
    assert {Condition.parse(n).context.name for n in two.test} == {"NK", "B cell"}


def test_files_of_every_kind(tmp_path):
    split = unseen_single(CONDITIONS, seed=1)
    assert choose_splits(CONDITIONS, str(split.save(tmp_path / "own.json"))) == [split]
    gears = tmp_path / "gears.json"
    gears.write_text(json.dumps({"train": ["A+ctrl", "C+ctrl"], "val": ["D+ctrl"], "test": ["B+ctrl"]}))
    table = tmp_path / "gears.csv"
    table.write_text("condition,split\nA+ctrl,train\nC+ctrl,train\nD+ctrl,val\nB+ctrl,test\n")
    [one], [two] = choose_splits(CONDITIONS, str(gears)), choose_splits(CONDITIONS, str(table))
    assert one.hash == two.hash
    assert one.test == ("knockout:B::A549", "knockout:B::K562")
    toml = tmp_path / "load.toml"
    toml.write_text('[training]\nscreen = "train"\n[zeroshot]\n"screen.K562" = "test"\n')
    [three] = choose_splits(CONDITIONS, str(toml), dataset="screen")
    assert three.hash == unseen_context(CONDITIONS, ["K562"]).hash
    with pytest.raises(InputError, match="say which one"):
        choose_splits(CONDITIONS, str(toml))


def test_a_bad_text_lists_what_there_is():
    with pytest.raises(InputError, match=r"Did you mean 'unseen-single'") as caught:
        choose_splits(CONDITIONS, "unseen-signle")
    assert all(choice.example in str(caught.value) for choice in CHOICES)
    assert ".toml" in str(caught.value)
    for text in ("", "fold", "unseen-double-3", "-1-fold"):
        with pytest.raises(InputError, match="A split is one of"):
            choose_splits(CONDITIONS, text)


def test_bad_files_and_what_cannot_be_made(tmp_path):
    with pytest.raises(InputError, match="no split file at"):
        choose_splits(CONDITIONS, str(tmp_path / "absent.json"))
    with pytest.raises(InputError, match="is a pickle"):
        choose_splits(CONDITIONS, str(tmp_path / "split.pkl"))
    foreign = Split("s", "given", ("knockout:A::A549",), (), ("knockout:Z::A549",)).save(tmp_path / "foreign.json")
    with pytest.raises(UnknownName, match="knockout:Z::A549"):
        choose_splits(CONDITIONS, str(foreign))
    with pytest.raises(UnknownName, match="K563"):
        choose_splits(CONDITIONS, "unseen-context=K563")
    with pytest.raises(InputError, match="one context"):
        choose_splits([c for c in CONDITIONS if c.context.name == "K562"], "unseen-context")
    with pytest.raises(InputError, match="only one condition"):
        choose_splits(CONDITIONS[:1], "unseen-single")
    with pytest.raises(InputError, match="none of them perturbs two targets together"):
        choose_splits(CONDITIONS[:4], "unseen-double-2")
    for name, text, error, words in (
        ("empty", "{}", InputError, "holds nothing, not a split"), ("list", "[1]", InputError, "holds a list"),
        ("torn", '{"train": [', UnreadableFile, "cannot be read as JSON"),
    ):  # fmt: skip
        (tmp_path / f"{name}.json").write_text(text)
        with pytest.raises(error, match=f"{name}.json {words}.*GEARS.*Split.save"):
            choose_splits(CONDITIONS, str(tmp_path / f"{name}.json"))
