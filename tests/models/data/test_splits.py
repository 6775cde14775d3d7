"""Splits are disjoint and complete, the same for a seed in every order of conditions, and stored unchanged."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from perturbome.models.data import (
    Condition,
    Context,
    Split,
    k_fold,
    leave_one_target_out,
    unseen_context,
    unseen_dose,
    unseen_double,
    unseen_single,
)
from perturbome.models.data.splits import KINDS, SIDES
from perturbome.platform.errors import InputError, UnknownName
from perturbome.platform.perturbation import Perturbation

GENES = [f"G{i}" for i in range(8)]
contexts = st.sampled_from([Context("A"), Context("B"), Context("B", 6.0)])
gene_sets = st.lists(st.sampled_from(GENES), min_size=1, max_size=3, unique=True).map(tuple)
one = st.builds(
    Condition,
    st.builds(Perturbation, gene_sets, st.sampled_from(["knockout", "activation"]))
    | st.builds(lambda d: Perturbation(("JQ1",), "compound", d), st.sampled_from([0.1, 1.0, 10.0])),
    contexts,
)
pools = st.lists(one, min_size=2, max_size=30, unique_by=lambda c: c.name)
pair = st.builds(
    Condition, st.builds(Perturbation, st.lists(st.sampled_from(GENES), min_size=2, max_size=2, unique=True).map(tuple))
)
rich = st.builds(
    lambda singles, pairs, more: list(
        {c.name: c for c in [*(Condition(Perturbation((g,))) for g in singles), *pairs, *more]}.values()
    ),
    st.lists(st.sampled_from(GENES), min_size=5, unique=True),
    st.lists(pair, min_size=3, max_size=12),
    st.lists(one, max_size=6),
)
"""Most genes perturbed alone, and pairs of them."""

MAKERS = {
    "single": unseen_single,
    "double 0": lambda c, **o: unseen_double(c, 0, **o),
    "double 1": lambda c, **o: unseen_double(c, 1, **o),
    "double 2": lambda c, **o: unseen_double(c, 2, **o),
    "dose": unseen_dose,
}


def genes(names):
    return {t for name in names for t in Condition.parse(name).targets}


def made(maker, pool, **options):
    try:
        return MAKERS[maker](pool, **options)
    except InputError:
        assume(False)


@pytest.mark.parametrize("maker", MAKERS)
@given(pools | rich, st.integers(0, 3), st.sampled_from([0.0, 0.2, 0.5]), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_drawn_splits_are_disjoint_complete_and_reproducible(maker, pool, seed, validation, random):
    split = made(maker, pool, seed=seed, validation=validation)
    names = [c.name for c in pool]
    assert sorted(split.names) == sorted(names)
    assert len(set(split.names)) == len(names)
    random.shuffle(pool)
    again = MAKERS[maker](pool, seed=seed, validation=validation)
    assert (again, again.hash) == (split, split.hash)
    if not validation:
        assert not split.validation


@given(pools, st.floats(0.1, 0.9))
@settings(deadline=None)
def test_genes_of_unseen_singles_were_never_perturbed(pool, share):
    split = made("single", pool, share=share)
    assert not genes(split.test) & genes([*split.train, *split.validation])
    assert not genes(split.validation) & genes(split.train)
    assert all(len(Condition.parse(n).targets) == 1 for n in split.test)


@pytest.mark.parametrize("seen", [0, 1, 2])
@given(rich, st.integers(0, 3), st.sampled_from([0.0, 0.3]))
@settings(max_examples=100, deadline=None)
def test_pairs_have_the_promised_number_of_seen_genes(seen, pool, seed, validation):
    split = made(f"double {seen}", pool, seed=seed, validation=validation)
    train = [Condition.parse(n) for n in split.train]
    alone = {c.targets[0] for c in train if len(c.targets) == 1}
    for side, before in (("test", [*split.train, *split.validation]), ("validation", split.train)):
        for name in getattr(split, side):
            pair = set(Condition.parse(name).targets)
            assert len(pair) == 2
            assert len(pair & genes(before)) == seen
            assert len(pair & alone) == seen
            assert pair not in [set(Condition.parse(n).targets) for n in before]


@given(pools, st.integers(0, 3), st.sampled_from([0.25, 0.9]))
@settings(deadline=None)
def test_an_unseen_dose_has_others_in_training(pool, seed, share):
    split = made("dose", pool, seed=seed, share=share)
    train = [Condition.parse(n) for n in [*split.train, *split.validation]]
    for name in split.test:
        c = Condition.parse(name)
        assert c.dose not in {t.dose for t in train if t.targets == c.targets}
        assert any(t.targets == c.targets for t in train)
    assert not split.left_out


@given(pools, st.integers(2, 5), st.booleans(), st.integers(0, 3))
@settings(deadline=None)
def test_folds_test_every_condition_once_and_keep_target_sets_whole(pool, k, validate, seed):
    n_sets = len({c.targets for c in pool})
    assume((3 if validate else 2) <= k <= n_sets)
    splits = k_fold(pool, k, validate=validate, seed=seed)
    assert sorted(n for s in splits for n in s.test) == sorted(c.name for c in pool)
    for s in splits:
        assert sorted(s.names) == sorted(c.name for c in pool)
        sets = [{Condition.parse(n).targets for n in getattr(s, side)} for side in SIDES]
        assert not sets[0] & sets[2]
        assert not sets[0] & sets[1]
        assert bool(s.validation) == validate
        assert len(sets[2]) in (n_sets // k, math.ceil(n_sets / k))


@given(pools)
@settings(deadline=None)
def test_each_target_is_left_out_with_all_that_was_done_to_it(pool):
    targets = {t for c in pool for t in c.targets}
    assume(all(any(t not in c.targets for c in pool) for t in targets))
    splits = leave_one_target_out(pool)
    assert {s.name for s in splits} == {f"without {t}" for t in targets}
    for s in splits:
        target = s.name.removeprefix("without ")
        assert target not in genes(s.train)
        assert all(target in Condition.parse(n).targets for n in s.test)


def test_whole_contexts_are_held_out():
    pool = [Condition(Perturbation((g,)), Context(t)) for g in GENES[:3] for t in "ABC"]
    split = unseen_context(pool, ["B"], validation=["C"])
    assert {Condition.parse(n).context.name for n in split.test} == {"B"}
    assert {Condition.parse(n).context.name for n in split.validation} == {"C"}
    with pytest.raises(UnknownName, match="Known: A, B, C"):
        unseen_context(pool, ["brain"])
    with pytest.raises(InputError, match=r"Give \['B'\]"):
        unseen_context(pool, "B")
    with pytest.raises(InputError, match="no train conditions"):
        unseen_context(pool, ["A", "B", "C"])


@given(pools, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_hash_is_of_the_kind_and_the_conditions_of_each_side(pool, random):
    names = [c.name for c in pool]
    split = Split("one", "given", names[1:], (), names[:1], 3)
    random.shuffle(names)
    other = Split("two", "given", [n for n in names if n not in split.test], (), split.test, left_out=())
    assert other.hash == split.hash
    assert {replace(split, kind=kind).hash for kind in KINDS}.isdisjoint({split.hash_of_sides})
    assert len({replace(split, kind=kind).hash for kind in KINDS}) == len(KINDS)
    assert Split("one", "given", split.test, (), split.train).hash != split.hash


def test_the_hash_is_what_it_was():
    """Stored hashes must stay comparable: these were computed with hashlib and json by hand."""
    split = Split("x", "given", ["b::all", "a::all"], [], ["c::all"])
    assert split.hash == "3773c59c9bc73f875ea30a3ab3b959d83ad83b73e0f8e27e784a20d3088806e3"
    assert split.hash_of_sides == "a255032dcf0d4047d6ad17bc496bf630f2d881a1804431e9671c69e4dc66da15"


def test_a_split_stored_before_the_kind_counted_is_read_and_one_that_was_changed_is_not():
    split = Split("x", "given", ["b::all", "a::all"], [], ["c::all"])
    stored = split.configuration() | {"hash": split.hash_of_sides}
    assert Split.from_configuration(stored) == split
    with pytest.raises(InputError, match="changed after it was stored"):
        Split.from_configuration(stored | {"train": ["a::all"]})
    with pytest.raises(InputError, match="changed after it was stored"):
        Split.from_configuration(split.configuration() | {"kind": "k-fold"})


def test_a_split_is_stored_and_read_back(tmp_path):
    pool = [Condition(Perturbation((g,)), Context("Zelle Ö")) for g in GENES]
    split = unseen_single(pool, seed=4)
    path = split.save(tmp_path / "split.json")
    assert Split.load(path) == split
    stored = json.loads(path.read_text())
    stored["train"].append(stored["test"].pop())
    path.write_text(json.dumps(stored))
    with pytest.raises(InputError, match="changed after it was stored"):
        Split.load(path)
    path.write_text('{"name": "x"}')
    with pytest.raises(InputError, match="lacks kind, train, validation, test"):
        Split.load(path)
    path.write_text("not json")
    with pytest.raises(InputError, match="cannot be read as a split"):
        Split.load(path)
    path.write_text('{"name": "x", "kind": "given", "train": "a", "validation": [], "test": ["b"]}')
    with pytest.raises(InputError, match="must be a list"):
        Split.load(path)


def test_sides_may_not_overlap_or_be_empty():
    with pytest.raises(InputError, match=r"'a' stands twice.*in train and in test"):
        Split("x", "given", ["a", "b"], [], ["a"])
    with pytest.raises(InputError, match="no test conditions"):
        Split("x", "given", ["a"], [], [])
    with pytest.raises(UnknownName, match="unseen double, 2 seen"):
        Split("x", "unseen double 2 seen", ["a"], [], ["b"])
    with pytest.raises(InputError, match="not the text"):
        Split("x", "given", "ab", [], ["b"])


def test_a_single_condition_cannot_be_split():
    pool = [Condition(Perturbation(("G1",)))]
    makers = [*MAKERS.values(), k_fold, leave_one_target_out, lambda c: unseen_context(c, ["all"])]
    for maker in makers:
        with pytest.raises(InputError, match=r"only one condition, knockout:G1::all, so nothing can be held out"):
            maker(pool)
    with pytest.raises(InputError, match="no condition so nothing"):
        k_fold([])


def test_what_cannot_be_drawn_says_why():
    singles = [Condition(Perturbation((g,))) for g in GENES]
    for seen in (0, 1, 2):
        with pytest.raises(InputError, match=r"none of them perturbs two targets together\. Choose another kind"):
            unseen_double(singles, seen)
    pairs = [Condition(Perturbation(("G1", f"G{i}"))) for i in (2, 3)] + [singles[1], singles[7]]
    with pytest.raises(InputError, match=r"of none of the 2 pairs both genes were perturbed alone \(not.* G2, G3\)"):
        unseen_double(pairs, 2)
    with pytest.raises(InputError, match="of the one pair a gene was not perturbed alone"):
        unseen_double([Condition(Perturbation(("G2", "G3"))), *singles[4:]], 1)
    with pytest.raises(InputError, match="none of them has a dose"):
        unseen_dose(singles)
    doses = [Condition(Perturbation((g,), "compound", 1.0)) for g in GENES]
    with pytest.raises(InputError, match="each of the 8 that have a dose was given at one dose only"):
        unseen_dose(doses)
    with pytest.raises(InputError, match="targets perturbed alone: 1, and one of them must stay"):
        unseen_single(pairs[:3])
    with pytest.raises(InputError, match="Shares lie between 0 and 1"):
        unseen_single(singles, share=1.5)
    with pytest.raises(InputError, match="9 folds cannot be made of 8"):
        k_fold(singles, 9)
    with pytest.raises(InputError, match="0, 1 or 2"):
        unseen_double(singles, 3)
    assert set(KINDS) >= {unseen_single(singles).kind}
