"""Each check of the leak audit, where it is green and where it is red."""

import json
from dataclasses import replace

import numpy as np
import pytest

from perturbome.models.data import (
    GeneList,
    LeakFound,
    Split,
    differential_genes,
    from_arrays,
    k_fold,
    leave_one_target_out,
    unseen_context,
    unseen_dose,
    unseen_double,
    unseen_single,
)
from perturbome.models.data.audit import audit
from perturbome.models.data.leaks import CHECKS
from perturbome.platform.errors import ModelError, UnknownName


def assert_red(data, split, check, says):
    """The check, and it alone, finds the leak, and the whole audit fails with it."""
    with pytest.raises(LeakFound, match=says) as caught:
        audit(data, split)
    assert [f.check for f in caught.value.findings] == [check]


def test_honest_data_and_splits_are_clean(data):
    splits = [
        unseen_single(data.conditions), *(unseen_double(data.conditions, s) for s in (0, 1, 2)),
        unseen_dose(data.conditions), unseen_context(data.conditions, ["K562"]),
        *leave_one_target_out(data.conditions), *k_fold(data.conditions, 3, validate=True),
    ]  # fmt: skip
    for split in splits:
        found = audit(data.with_split(split))
        assert found.clean
        assert [f.check for f in found.findings] == list(CHECKS)
        assert "clean" in str(found.findings[0])
    stored = found.configuration()
    assert json.loads(json.dumps(stored)) == stored
    assert (stored["split"], stored["data"]) == (split.hash, data.hash)


# -- shared conditions --------------------------------------------------------------------------------------


def test_a_condition_on_two_sides(data):
    split = Split("x", "unseen dose", data.names[2:], (), data.names[:2])
    object.__setattr__(split, "test", (*split.test, split.train[0]))  # what making a split refuses
    found = audit(data, split, checks=["shared conditions"], fail=False)
    assert not found.clean
    assert f"{split.train[0]} is in train and in test" in str(found.findings[0])
    with pytest.raises(LeakFound, match="must be that no condition stands on two sides"):
        audit(data, split)


# -- same targets -------------------------------------------------------------------------------------------


def names_of(data, *parts):
    return [n for n in data.names if any(n.startswith(p) for p in parts)]


def test_a_gene_of_an_unseen_single_in_a_trained_pair(data):
    test = names_of(data, "knockout:G01::")
    split = Split("x", "unseen single", names_of(data, "knockout:G02::", "knockout:G01+G02::"), (), test)
    assert_red(data, split, "same targets", r"knockout:G01::A549 is held out, and G01 perturbed in knockout:G01\+G02")
    audit(data, replace(split, train=split.train[2:], left_out=split.train[:2]))


def test_two_modes_or_doses_or_contexts_of_one_target(data, screen):
    split = Split("x", "given", names_of(data, "knockout"), (), names_of(data, "compound:JQ1"))
    audit(data, split)
    for train, test in (
        (["compound:JQ1@1::A549"], ["compound:JQ1@10::A549"]), (["knockout:G01::A549"], ["knockout:G01::K562"]),
    ):  # fmt: skip
        assert_red(data, Split("x", "given", train, (), test), "same targets", "is held out, and")
    screen["perturbation"] = [p.replace("knockout:G02", "activation:G01") for p in screen["perturbation"]]
    modes = from_arrays(**screen)
    split = Split("x", "given", ["activation:G01::A549"], (), ["knockout:G01::A549"])
    assert_red(modes, split, "same targets", "activation:G01")


def test_two_guides_of_one_gene(screen):
    screen["perturbation"] = [p.replace("G02", "G01g2") for p in screen["perturbation"]]
    data = from_arrays(**screen)
    split = Split("x", "given", ["knockout:G01::A549"], (), ["knockout:G01g2::A549"])
    assert_red(data, split, "same targets", r"knockout:G01g2::A549 is held out, and knockout:G01::A549 is not")


@pytest.mark.parametrize(
    ("kind", "train", "test", "leaks"),
    [
        ("unseen double, 0 seen", ["knockout:G03::A549"], ["knockout:G01+G02::A549"], False),
        ("unseen double, 0 seen", ["knockout:G01::A549"], ["knockout:G01+G02::A549"], True),
        ("unseen double, 1 seen", ["knockout:G01::A549"], ["knockout:G01+G02::A549"], False),
        ("unseen double, 1 seen", ["knockout:G01::A549", "knockout:G02::A549"], ["knockout:G01+G02::A549"], True),
        ("unseen double, 2 seen", ["knockout:G01::A549", "knockout:G02::A549"], ["knockout:G01+G02::A549"], False),
        ("unseen double, 2 seen", ["knockout:G01+G02::K562"], ["knockout:G01+G02::A549"], True),
        ("leave one target out", ["knockout:G01+G02::A549"], ["knockout:G01::A549"], True),
        ("k-fold", ["knockout:G01+G02::A549"], ["knockout:G01::A549"], False),
        ("unseen context", ["knockout:G01::K562"], ["knockout:G01::A549"], False),
        ("unseen context", ["knockout:G02::A549"], ["knockout:G01::A549"], True),
        ("unseen in context", ["knockout:G01::K562", "knockout:G02::A549"], ["knockout:G01::A549"], False),
        ("unseen in context", ["compound:JQ1@1::A549"], ["compound:JQ1@10::A549"], True),
        ("unseen dose", ["compound:JQ1@1::A549"], ["compound:JQ1@10::A549"], False),
        ("unseen dose", ["compound:JQ1@10::K562"], ["compound:JQ1@10::A549"], True),
    ],
)
def test_every_kind_keeps_its_own_apart(data, kind, train, test, leaks):
    split = Split("x", kind, train, (), test)
    assert audit(data, split, fail=False).clean != leaks
    rest = [n for n in data.names if n not in {*train, *test}]
    held = Split("x", kind, train, test, [n for n in rest if "G04" in n or "G03" in n], left_out=[])
    found = audit(data, held, checks=["same targets"], fail=False).findings[0].said
    assert any(s.startswith(f"{test[0]} is held out") for s in found) == leaks  # validation is held to the same rule


# -- shared control halves ----------------------------------------------------------------------------------


def test_a_control_cell_in_both_halves_by_its_name(data):
    split = unseen_single(data.conditions)
    audit(data, split)
    cells = data.cells
    keys = cells.key.copy()
    keys[cells.control_rows(0, 1)[0]] = keys[cells.control_rows(0, 0)[0]]
    assert_red(replace(data, cells=replace(cells, key=keys)), split, "shared control halves", "1 control cells .* name")


def doubled(screen, row):
    """One more row with the expression of another, under a name of its own."""
    x = np.vstack([screen["x"], screen["x"][row]])
    return {
        **screen, "x": x, "perturbation": [*screen["perturbation"], screen["perturbation"][row]],
        "cell_type": [*screen["cell_type"], screen["cell_type"][row]],
    }  # fmt: skip


def wide(screen):
    """Expression in enough genes that two cells are not alike by chance."""
    rng = np.random.default_rng(4)
    x = np.hstack([screen["x"], np.log1p(rng.poisson(2, (len(screen["x"]), 100)))])
    return {**screen, "x": x, "genes": [*screen["genes"], *(f"H{i}" for i in range(100))]}


def test_a_control_cell_in_both_halves_under_two_names(screen):
    screen = wide(screen)
    once = from_arrays(**screen)
    row = int(once.cells.control_rows(0, 0)[0])
    for name in (f"copy{i}" for i in range(20)):
        data = from_arrays(**{**doubled(screen, row), "names": [*screen["names"], name]})
        halves = [set(data.cells.control_rows(0, half)) for half in (0, 1)]
        apart = (row in halves[0]) != (len(screen["names"]) in halves[0])
        if apart:
            break
    split = unseen_single(data.conditions)
    audit(once, split)
    assert_red(data, split, "shared control halves", "1 control cells .* expression")


# -- same cell twice ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["knockout:G02", "control"])
def test_a_cell_in_two_conditions(screen, other):
    screen = wide(screen)
    split = unseen_single(from_arrays(**screen).conditions)
    audit(from_arrays(**screen), split)
    row = screen["perturbation"].index("knockout:G01")
    twice = doubled(screen, row)
    twice["perturbation"][-1] = other
    says = f"1 cells are both in .* by their {'{}'}"
    same_name = from_arrays(**{**twice, "names": [*screen["names"], screen["names"][row]]})
    assert_red(same_name, split, "same cell twice", says.format("name"))
    other_name = from_arrays(**{**twice, "names": [*screen["names"], "copy"]})
    assert_red(other_name, split, "same cell twice", says.format("expression"))


def test_cells_that_express_little_are_not_taken_for_one(screen):
    x = screen["x"].copy()
    x[:, 10:] = 0
    x[:, :10] = np.round(x[:, :10])
    data = from_arrays(**{**screen, "x": x})
    assert len(np.unique(data.cells.content)) < len(data.cells.content)
    audit(data, unseen_single(data.conditions))


# -- lists of genes -----------------------------------------------------------------------------------------


def test_genes_chosen_with_test_cells(screen):
    blind = from_arrays(**screen, n_genes=20)
    split = unseen_single(blind.conditions, seed=1)
    audit(blind, split)
    audit(from_arrays(**screen, n_genes=20, split=split), split)
    others = (unseen_single(blind.conditions, seed=seed) for seed in range(2, 20))
    other = from_arrays(**screen, n_genes=20, split=next(s for s in others if not set(split.test) & set(s.test)))
    assert_red(
        other, split, "gene choice", r"genes of the data were chosen by looking at cells of .*\((test|validation)\)"
    )


@pytest.mark.parametrize("purpose", ["training", "features"])
def test_differential_genes_of_test_cells(data, purpose):
    split = unseen_single(data.conditions)
    data = data.with_split(split)
    for genes in differential_genes(data, split.train):
        audit(data.with_list(genes))
    [scored] = differential_genes(data, split.test[:1], scoring=True)
    audit(data.with_list(scored))
    leak = data.with_list(replace(scored, purpose=purpose))
    assert_red(leak, split, "gene lists", rf"list 'differential genes of .*for {purpose}.*\(test\)")


def test_a_list_of_unknown_origin_leaks(data):
    split = unseen_single(data.conditions)
    strange = GeneList("screened", ("G01",), "from elsewhere", ("knockout:G99::K562",), "training")
    assert_red(data.with_list(strange), split, "gene lists", "not in the split")


# -- asking -------------------------------------------------------------------------------------------------


def test_the_audit_says_what_it_cannot_do(data):
    with pytest.raises(ModelError, match="no split to audit"):
        audit(data)
    split = unseen_single(data.conditions)
    with pytest.raises(UnknownName, match="No check 'leaks' in the audit"):
        audit(data, split, checks=["leaks"])
    with pytest.raises(UnknownName, match="No condition"):
        audit(data, replace(split, test=("knockout:G99::K562",)))
