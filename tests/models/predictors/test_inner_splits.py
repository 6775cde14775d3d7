"""Inner folds ask what the outer split asks, test no condition twice, and leak nothing."""

import numpy as np
import pytest

from perturbome.models.data import (
    Split,
    from_arrays,
    k_fold,
    leave_one_target_out,
    unseen_context,
    unseen_dose,
    unseen_double,
    unseen_single,
)
from perturbome.models.data.audit import audit
from perturbome.models.data.split_choice import nothing_held_out
from perturbome.models.predictors.inner_splits import inner_splits
from perturbome.models.training.train import shown
from perturbome.platform.errors import ModelError

from .conftest import GENES, simulate

PAIRS = [(i, j) for i in range(12) for j in range(i + 1, 12) if (i + j) % 3 == 0]
WHAT = [(), *((i,) for i in range(14)), *PAIRS]


@pytest.fixture(scope="module")
def screen():
    return from_arrays(**simulate(WHAT, ("A549", "K562", "U2OS"), cells=2))


@pytest.fixture(scope="module")
def drugs():
    """Five compounds at up to four doses."""
    arguments = simulate([(), *((i,) for i in range(15))], cells=3)
    label = [
        p if p == "control" else f"compound:C{int(p[10:]) % 5}@{1 + int(p[10:]) // 5}"
        for p in arguments["perturbation"]
    ]
    return from_arrays(**{**arguments, "perturbation": label})


def some_doubles_in_one_context(conditions):
    test = [c.name for c in conditions if c.targets in PAIRS_BY_NAME[:4] and c.context.name == "K562"]
    return Split(
        "in K562", "unseen in context", tuple(c.name for c in conditions if c.name not in test), (), tuple(test)
    )


PAIRS_BY_NAME = [(GENES[i], GENES[j]) for i, j in PAIRS]
MAKERS = {
    "unseen single": lambda c: unseen_single(c, seed=1),
    "unseen double, 0 seen": lambda c: unseen_double(c, 0, share=0.1, validation=0, seed=1),
    "unseen double, 1 seen": lambda c: unseen_double(c, 1, share=0.1, validation=0, seed=1),
    "unseen double, 2 seen": lambda c: unseen_double(c, 2, seed=1),
    "leave one target out": lambda c: leave_one_target_out(c)[3],
    "k-fold": lambda c: k_fold(c, 5, seed=1)[0],
    "unseen context": lambda c: unseen_context(c, ["K562"]),
    "unseen in context": some_doubles_in_one_context,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_each_kind_is_mimicked_and_leaks_nothing(kind, screen):
    outer = MAKERS[kind](screen.conditions)
    data = screen.with_split(outer).hidden()
    splits, said = inner_splits(data)
    assert said == ()
    assert 2 <= len(splits) <= 10
    tested = [name for s in splits for name in s.test]
    assert len(tested) == len(set(tested))
    assert set(tested) <= set(outer.train)
    for split in splits:
        assert split.kind == kind == outer.kind
        assert set(split.names) == set(outer.train)
        report = audit(data.tuning(split), split)
        assert report.clean, report


def test_folds_cover_what_is_asked_for(screen):
    def tested(kind):
        outer = MAKERS[kind](screen.conditions)
        splits, _ = inner_splits(screen.with_split(outer).hidden())
        return outer.train, {name for s in splits for name in s.test}

    train, found = tested("unseen single")
    assert found == {n for n in train if "+" not in n}
    train, found = tested("k-fold")
    assert found == set(train)
    train, found = tested("leave one target out")
    assert found == set(train)
    train, found = tested("unseen double, 2 seen")
    assert found == {n for n in train if "+" in n}
    train, found = tested("unseen context")
    assert found == set(train)


@pytest.mark.parametrize("seen", [0, 1, 2])
@pytest.mark.parametrize("folds", [2, 10])
def test_pairs_have_as_many_targets_seen_as_the_kind_says(seen, folds, screen):
    outer = MAKERS[f"unseen double, {seen} seen"](screen.conditions)
    splits, said = inner_splits(screen.with_split(outer).hidden(), folds=folds)
    for split in () if said else splits:
        alone = {name.split("::")[0][9:] for name in split.train if "+" not in name}
        for name in split.test:
            assert sum(target in alone for target in name.split("::")[0][9:].split("+")) == seen


def test_doses_are_left_out_while_others_stay(drugs):
    data = drugs.with_split(unseen_dose(drugs.conditions, seed=0, validation=0)).hidden()
    splits, said = inner_splits(data)
    assert said == ()
    for split in splits:
        stay = {name.split("@")[0] for name in split.train}
        assert {name.split("@")[0] for name in split.test} <= stay


def test_the_order_of_conditions_does_not_matter_but_the_seed_does(screen):
    outer = MAKERS["unseen single"](screen.conditions)
    one = inner_splits(screen.with_split(outer).hidden())[0]
    turned = Split(
        outer.name, outer.kind, outer.train[::-1], outer.validation, outer.test[::-1], outer.seed, outer.left_out
    )
    assert [s.hash for s in inner_splits(screen.with_split(turned).hidden())[0]] == [s.hash for s in one]
    assert [s.hash for s in inner_splits(screen.with_split(outer).hidden(), seed=5)[0]] != [s.hash for s in one]


def test_where_training_does_not_allow_it_sets_of_targets_are_left_out_and_it_is_said(screen):
    outer = unseen_context(screen.conditions, ["K562", "U2OS"])
    splits, said = inner_splits(screen.with_split(outer).hidden())
    assert len(splits) == 10
    assert "'unseen context'" in said[0]
    train = [n for n in screen.names if n.startswith("knockout:G00::")]
    test = [n for n in screen.names if n not in train]
    splits, said = inner_splits(screen.with_split(Split("one", "given", train, (), test)).hidden())
    assert splits == []
    assert "3 training conditions cannot be left out" in said[-1]


def test_data_without_a_split_are_refused(screen):
    with pytest.raises(ModelError, match="no split"):
        inner_splits(screen)


def test_units_beyond_ten_share_folds_of_like_size(screen):
    outer = MAKERS["k-fold"](screen.conditions)
    splits, _ = inner_splits(screen.with_split(outer).hidden())
    n = [len({x.split("::")[0] for x in s.test}) for s in splits]
    assert len(n) == 10
    assert np.ptp(n) <= 1


def test_where_nothing_is_held_out_sets_of_targets_are_left_out_in_turn(screen):
    whole = screen.with_split(nothing_held_out(screen.conditions))
    splits, said = inner_splits(shown(whole, whole.split))
    assert said == ()
    assert sorted(name for s in splits for name in s.test) == sorted(screen.names)
    assert {s.kind for s in splits} == {"k-fold"}
