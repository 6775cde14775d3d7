"""The TOML of cell-load: cell types that are all unseen, and perturbations that are unseen in one."""

import pytest

from perturbome.models.data import Condition, Context, read_cell_load
from perturbome.platform.errors import InputError, UnknownName, UnreadableFile
from perturbome.platform.perturbation import Perturbation

GENES = ("AARS", "NUP107", "RPUSD4", "STAT1")
TYPES = ("k562", "rpe1", "hep.g2")
POOL = [Condition(Perturbation((g,), "knockdown"), Context(t)) for g in GENES for t in TYPES]
DRUGS = [Condition(Perturbation(("Afatinib",), "compound", d), Context("CVCL_1")) for d in (0.05, 0.5, 5.0)]


def written(tmp_path, text):
    path = tmp_path / "split.toml"
    path.write_text(text)
    return path


def of(names, kind):
    return {n.split("::")[0].split(":")[1] for n in names if n.endswith(f"::{kind}")}


BOTH = """
[datasets]
replogle = "/data/replogle"
[training]
replogle = "train"
[zeroshot]
"replogle.hep.g2" = "test"
"other.brain" = "val"
[fewshot]
[fewshot."replogle.rpe1"]
val = ["AARS"]
test = ["NUP107", "RPUSD4", "non-targeting"]
"""


def test_zero_and_few_shot(tmp_path):
    split = read_cell_load(written(tmp_path, BOTH), POOL, "replogle")
    assert split.kind == "unseen in context"
    assert of(split.test, "hep.g2") == set(GENES)
    assert (of(split.test, "rpe1"), of(split.validation, "rpe1")) == ({"NUP107", "RPUSD4"}, {"AARS"})
    assert (of(split.train, "rpe1"), of(split.train, "k562")) == ({"STAT1"}, set(GENES))
    assert not split.left_out


def test_zero_shot_alone_is_an_unseen_context(tmp_path):
    text = '[training]\nreplogle = "train"\n[zeroshot]\n"replogle.rpe1" = "test"\n"replogle.hep.g2" = "val"\n'
    split = read_cell_load(written(tmp_path, text), POOL, "replogle", name="rpe1")
    assert (split.kind, split.name) == ("unseen context", "rpe1")
    assert of(split.validation, "hep.g2") == set(GENES)


def test_without_training_only_what_is_named_counts(tmp_path):
    text = '[fewshot."replogle.rpe1"]\ntest = ["AARS"]\n'
    split = read_cell_load(written(tmp_path, text), POOL, "replogle")
    assert of(split.train, "rpe1") == {"NUP107", "RPUSD4", "STAT1"}
    assert of(split.left_out, "k562") == set(GENES)


def test_drugs_have_doses(tmp_path):
    text = (
        '[training]\ntahoe = "train"\n[fewshot."tahoe.CVCL_1"]\n'
        "val = [\"[('Afatinib', 0.5, 'uM')]\"]\ntest = [\"[('Afatinib', 5.0, 'uM')]\"]\n"
    )
    split = read_cell_load(written(tmp_path, text), DRUGS, "tahoe")
    assert (split.validation, split.test) == (("compound:Afatinib@0.5::CVCL_1",), ("compound:Afatinib@5::CVCL_1",))
    with pytest.raises(InputError, match="no drug with a dose"):
        read_cell_load(written(tmp_path, text.replace("5.0, ", "", 1)), DRUGS, "tahoe")


def test_a_perturbation_in_val_and_test_is_refused(tmp_path):
    text = BOTH.replace('val = ["AARS"]', 'val = ["AARS", "NUP107"]')
    with pytest.raises(InputError, match="both in validation and in test"):
        read_cell_load(written(tmp_path, text), POOL, "replogle")


def test_unknown_names_are_told_or_passed_over(tmp_path):
    path = written(tmp_path, BOTH.replace("NUP107", "NUP999").replace("hep.g2", "jurkat"))
    with pytest.raises(UnknownName, match="No cell type 'jurkat'"):
        read_cell_load(path, POOL, "replogle")
    split = read_cell_load(path, POOL, "replogle", missing="leave out")
    assert of(split.test, "rpe1") == {"RPUSD4"}
    path = written(tmp_path, BOTH.replace("NUP107", "NUP999"))
    with pytest.raises(UnknownName, match=r"No perturbation 'NUP999' in the cell type 'rpe1'.*NUP107"):
        read_cell_load(path, POOL, "replogle")
    with pytest.raises(UnknownName, match=r"No data set 'replogl'.*Did you mean 'replogle'"):
        read_cell_load(path, POOL, "replogl")


def test_other_files_say_why(tmp_path):
    with pytest.raises(UnreadableFile, match="TOML"):
        read_cell_load(written(tmp_path, "= ="), POOL, "x")
    with pytest.raises(InputError, match="it holds model"):
        read_cell_load(written(tmp_path, "[model]\na = 1\n"), POOL, "x")
    with pytest.raises(InputError, match="must hold lists"):
        read_cell_load(written(tmp_path, '[fewshot]\n"x.k562" = "test"\n'), POOL, "x")
    with pytest.raises(UnknownName, match="No side of a split 'tets'"):
        read_cell_load(written(tmp_path, '[training]\nx="train"\n[zeroshot]\n"x.k562" = "tets"\n'), POOL, "x")
