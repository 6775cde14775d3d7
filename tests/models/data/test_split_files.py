"""Splits that GEARS and others made, read from text and never from a pickle."""

import json

import pytest

from perturbome.models.data import Condition, Context, read_gears
from perturbome.platform.errors import InputError, MissingColumn, UnknownName, UnreadableFile
from perturbome.platform.perturbation import Perturbation

POOL = [
    Condition(Perturbation(targets, mode), Context(kind))
    for targets in (("AHR",), ("KLF1",), ("AHR", "KLF1"), ("FEV",))
    for mode, kind in (("activation", "K562"), ("knockdown", "K562"))
]
SIDES = {"train": ["ctrl", "AHR+ctrl"], "val": ["ctrl+FEV"], "test": ["KLF1+ctrl", "KLF1+AHR"]}


def written(tmp_path, ending):
    path = tmp_path / f"norman_simulation_1.{ending}"
    rows = [(text, side) for side, texts in SIDES.items() for text in texts]
    if ending == "json":
        path.write_text(json.dumps(SIDES))
    elif ending == "csv":
        path.write_text("split,condition\n" + "".join(f"{s},{t}\n" for t, s in rows))
    else:
        path.write_text("cell\tcondition\tsplit\n" + "".join(f"x\t{t}\t{s}\n" for t, s in rows) + "\n")
    return path


@pytest.mark.parametrize("ending", ["json", "csv", "tsv", "txt"])
def test_every_form_gives_the_same_split(tmp_path, ending):
    split = read_gears(written(tmp_path, ending), POOL)
    assert split.name == "norman_simulation_1"
    assert split.kind == "given"
    assert split.train == ("activation:AHR::K562", "knockdown:AHR::K562")
    assert split.validation == ("activation:FEV::K562", "knockdown:FEV::K562")
    assert split.test == (
        "activation:AHR+KLF1::K562", "activation:KLF1::K562", "knockdown:AHR+KLF1::K562", "knockdown:KLF1::K562",
    )  # fmt: skip


def test_a_pickle_is_not_opened(tmp_path):
    with pytest.raises(InputError, match=r"(?s)can run code.*json.dump\(pickle.load\(open\('split.pkl'"):
        read_gears(tmp_path / "split.pkl", POOL)  # there is no such file: it was not opened


def test_what_the_data_lacks_is_named_or_passed_over(tmp_path):
    path = tmp_path / "s.json"
    path.write_text(json.dumps({**SIDES, "test": ["KLF1+ctrl", "TP53+ctrl"]}))
    with pytest.raises(UnknownName, match=r"No condition 'TP53\+ctrl'.*--min-cells.*taken out of the file"):
        read_gears(path, POOL)
    split = read_gears(path, POOL, missing="leave out", name="mine")
    assert split.name == "mine"
    assert split.left_out == ("activation:AHR+KLF1::K562", "knockdown:AHR+KLF1::K562")


def test_one_condition_on_two_sides_is_refused(tmp_path):
    path = tmp_path / "s.json"
    path.write_text(json.dumps({**SIDES, "val": ["ctrl+AHR"]}))
    with pytest.raises(InputError, match="both in train and in validation"):
        read_gears(path, POOL)


def test_files_that_are_no_split_say_why(tmp_path):
    path = tmp_path / "s.json"
    path.write_text("[1, 2]")
    with pytest.raises(InputError, match="lists of conditions"):
        read_gears(path, POOL)
    path.write_text("{")
    with pytest.raises(UnreadableFile, match="JSON"):
        read_gears(path, POOL)
    path.write_text('{"training set": ["AHR+ctrl"]}')
    with pytest.raises(UnknownName, match="No side of a split 'training set'"):
        read_gears(path, POOL)
    table = tmp_path / "s.csv"
    table.write_text("condition,group\nAHR+ctrl,train\n")
    with pytest.raises(MissingColumn, match="Missing column 'split'"):
        read_gears(table, POOL)
    table.write_text("condition,split\nAHR+ctrl\n")
    with pytest.raises(InputError, match="Line 2"):
        read_gears(table, POOL)
    with pytest.raises(UnreadableFile, match="text"):
        read_gears(tmp_path / "absent.csv", POOL)
