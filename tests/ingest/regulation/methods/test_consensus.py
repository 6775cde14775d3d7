"""The consensus: its helpers against scipy and brute force, and its members."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods.consensus import (
    WEIGHTS,
    any_significant,
    cauchy,
    combine,
    consensus,
    normal_scores,
    surprises,
)
from perturbome.ingest.regulation.registry import METHODS
from perturbome.platform.errors import InputError, UnknownName

REGULATORS = np.arange(5)
values = arrays(np.float64, (3, 4), elements=st.one_of(st.floats(0, 50), st.just(np.nan)))


@pytest.fixture(scope="module")
def X() -> np.ndarray:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 9))
    X[:, 5] = X[:, 0] + 0.5 * rng.normal(size=200)
    X[:, 6] = -X[:, 1] + 0.5 * rng.normal(size=200)
    return X + 5


@given(values)
def test_normal_scores_are_two_sided_quantiles_in_the_same_order(strength):
    scores = normal_scores(strength)
    says = np.isfinite(strength)
    np.testing.assert_array_equal(np.isfinite(scores), says)
    if says.any():
        share = stats.rankdata(strength[says]) / (says.sum() + 1)
        np.testing.assert_allclose(scores[says], stats.norm.isf((1 - share) / 2), atol=1e-12)
        np.testing.assert_array_equal(stats.rankdata(scores[says]), stats.rankdata(strength[says]))


def test_normal_scores_of_many_pairs_are_a_half_normal():
    scores = normal_scores(np.random.default_rng(0).random((40, 50)))
    assert stats.kstest(scores.ravel(), "halfnorm").statistic < 1e-3


NOWHERE = np.empty(0, np.intp), np.empty(0, np.intp)
GROUNDS = st.sampled_from(list(WEIGHTS))


@given(values)
def test_surprise_is_minus_the_log_of_the_share_above(strength):
    """Oracle: pairs counted by hand; and under ranks at random the mean is 1."""
    found = surprises(-strength, NOWHERE)
    said = strength[np.isfinite(strength)]
    for place in np.ndindex(3, 4):
        if np.isnan(strength[place]):
            assert np.isnan(found[place])
        else:
            above, same = (said > strength[place]).sum(), (said == strength[place]).sum()
            assert found[place] == pytest.approx(-np.log((above + same / 2) / said.size))
    many = surprises(np.random.default_rng(0).normal(size=(100, 100)), NOWHERE)
    assert many.mean() == pytest.approx(1, abs=1e-3)


@given(st.lists(st.tuples(values, GROUNDS), min_size=1, max_size=4))
def test_the_combination_is_the_order_of_mean_surprises(members):
    """Oracle: each pair by hand; members of one ground averaged, then the grounds that speak, with their weights."""
    signed, grounds = [m for m, _ in members], [g for _, g in members]
    mean = np.full((3, 4), np.nan)
    for place in np.ndindex(3, 4):
        parts = {
            ground: [surprises(m, NOWHERE)[place] for m, g in members if g == ground and np.isfinite(m[place])]
            for ground in WEIGHTS
        }
        spoken = {g: np.mean(p) for g, p in parts.items() if p}
        if spoken:
            mean[place] = np.average(list(spoken.values()), weights=[WEIGHTS[g] for g in spoken])
    strength, _ = combine(signed, grounds, NOWHERE)
    np.testing.assert_array_equal(np.isfinite(strength), np.isfinite(mean))
    says = np.isfinite(mean)
    mean, strength = np.round(mean[says], 12), np.round(strength[says], 12)
    assert all(strength[a] >= strength[b] for a in range(mean.size) for b in range(mean.size) if mean[a] > mean[b])


def test_the_combination_does_not_care_for_scale_or_order_of_members():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(2, 5, 6))
    forth = combine([one, two], ["association", "association"], NOWHERE)
    back = combine([1000 * two, one], ["association", "association"], NOWHERE)
    np.testing.assert_array_equal(forth, back)
    np.testing.assert_allclose(combine([one, one], ["course", "course"], NOWHERE)[0], normal_scores(np.abs(one)))


def test_a_second_member_of_a_ground_has_no_second_vote():
    rng = np.random.default_rng(1)
    seen, done = rng.normal(size=(2, 20, 20))
    one = combine([seen, done], ["association", "intervention"], NOWHERE)
    two = combine([seen, seen, done], ["association", "association", "intervention"], NOWHERE)
    np.testing.assert_allclose(one, two)


def test_what_was_done_outvotes_what_was_seen():
    rng = np.random.default_rng(2)
    seen, done = rng.normal(size=(2, 30, 30))
    strength, sign = combine([seen, done], ["association", "intervention"], NOWHERE)
    closeness = [stats.spearmanr(strength.ravel(), np.abs(m).ravel()).statistic for m in (seen, done)]
    assert closeness[1] > 0.9
    assert closeness[0] < 0.4
    assert sign[np.unravel_index(np.argmax(np.abs(done)), done.shape)] == np.sign(done.flat[np.argmax(np.abs(done))])


def test_cauchy_against_the_formula_and_a_single_member():
    rng = np.random.default_rng(0)
    p = rng.random((3, 4, 5)) * 0.98
    expected = stats.cauchy.sf(np.tan((0.5 - p) * np.pi).mean(0))
    np.testing.assert_allclose(cauchy(list(p)), expected, rtol=1e-10)
    np.testing.assert_allclose(cauchy([p[0]]), p[0], rtol=1e-10)


@pytest.mark.parametrize("p", [1e-300, 1e-40, 1e-9, 1e-8, 1e-7, 0.3])
def test_cauchy_keeps_small_p(p):
    one = np.array([[p]])
    assert cauchy([one, one])[0, 0] == pytest.approx(p, rel=1e-6)
    assert cauchy([one, np.array([[np.nan]])])[0, 0] == pytest.approx(p, rel=1e-6)


def test_cauchy_is_not_annulled_by_a_member_that_is_sure_of_nothing():
    assert cauchy([np.array([[1e-12]]), np.array([[1.0]])])[0, 0] == pytest.approx(2e-12, rel=1e-3)
    assert np.isnan(cauchy([np.array([[np.nan]])])[0, 0])


@pytest.mark.parametrize("correlated", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("n_members", [2, 5])
def test_cauchy_keeps_its_level_without_effect(n_members, correlated):
    rng = np.random.default_rng(n_members)
    shared, own = rng.normal(size=300_000), rng.normal(size=(n_members, 300_000))
    z = np.sqrt(correlated) * shared + np.sqrt(1 - correlated) * own
    combined = cauchy(list(2 * stats.norm.sf(np.abs(z))[:, None]))
    for level in (0.05, 0.01, 0.001):
        assert (combined <= level).mean() <= 1.3 * level
        assert (combined <= level).mean() >= 0.7 * level


def test_a_consensus_of_one_ranks_as_its_member(X):
    cells, options = Cells.of(X, REGULATORS), Options(members=("correlation",), n_bootstraps=4)
    together, alone = consensus(cells, options), METHODS["correlation"](cells, options)
    own = np.zeros((5, 9), bool)
    own[np.arange(5), np.arange(5)] = True
    assert np.isnan(together.strength[own]).all()
    np.testing.assert_array_equal(stats.rankdata(together.strength[~own]), stats.rankdata(alone.strength[~own]))
    np.testing.assert_allclose(together.p[~own], np.minimum(alone.p[~own], 0.99), rtol=1e-9)
    np.testing.assert_array_equal(together.weight[~own], alone.weight[~own])
    assert together.n_refits == 4


def test_members_that_agree_are_found_with_their_sign_and_weight(X):
    cells, options = Cells.of(X, REGULATORS), Options(members=("correlation", "ridge"), n_bootstraps=4)
    found = consensus(cells, options)
    first, second = np.argsort(np.nan_to_num(found.strength), axis=None)[::-1][:2]
    assert {np.unravel_index(i, (5, 9)) for i in (first, second)} == {(0, 5), (1, 6)}
    assert found.weight[0, 5] > 0 > found.weight[1, 6]
    both = [METHODS[name](cells, options).weight for name in options.members]
    np.testing.assert_allclose(found.weight[0, 5], np.mean([w[0, 5] for w in both]))
    again = found.refit(2)
    assert again[0, 5] > 0 > again[1, 6]


def test_a_member_named_twice_counts_once(X):
    cells = Cells.of(X, REGULATORS)
    once = consensus(cells, Options(members=("correlation", "ridge"), n_bootstraps=0))
    twice = consensus(cells, Options(members=("correlation", "ridge", "ridge"), n_bootstraps=0))
    np.testing.assert_array_equal(twice.strength, once.strength)


@pytest.mark.parametrize(
    ("members", "error", "words"),
    [
        (("ridge", "consensus"), InputError, r"cannot be a member of itself.*\(--member\)"),
        (("ridge", "dynamic"), InputError, r"two time points.*\(--member\)"),
        (("ridge", "interventional"), InputError, "perturbations"),
        (("rigde",), UnknownName, "ridge"),
    ],
)
def test_members_that_cannot_be_are_refused(X, members, error, words):
    with pytest.raises(error, match=words):
        consensus(Cells.of(X, REGULATORS), Options(members=members))


def test_perturbations_that_moved_nothing_have_no_vote(X):
    """A knock-out by label only leaves ridge alone to speak; one that moves its targets has a vote."""
    carries = np.zeros((200, 1), bool)
    carries[:40] = True
    asked = Options(members=("ridge", "interventional"), n_bootstraps=0)
    idle = Cells.of(X, REGULATORS, perturbed=carries, aimed=np.array([2]))
    found, ridge = consensus(idle, asked), consensus(idle, Options(members=("ridge",), n_bootstraps=0))
    np.testing.assert_array_equal(found.strength, ridge.strength)
    assert any("interventional has no vote" in text for text in found.said)
    moved = X.copy()
    moved[:40, 2] -= 3
    moved[:40, 7] += 3
    found = consensus(Cells.of(moved, REGULATORS, perturbed=carries, aimed=np.array([2])), asked)
    assert not any("no vote" in text for text in found.said)
    assert np.nanargmax(found.strength[2]) == 7
    only = consensus(idle, Options(members=("interventional",), n_bootstraps=0))
    assert np.isfinite(only.strength).any()


def test_significance_is_benjamini_and_hochbergs():
    p = np.random.default_rng(0).uniform(0.2, 1, (30, 30))
    p[0, 0] = np.nan
    assert not any_significant(p)
    p[1, 1] = 0.04 / 899
    assert any_significant(p)
    p[1, 1] = 0.06 / 899
    assert not any_significant(p)
    assert not any_significant(np.full((2, 2), np.nan))
    assert any_significant(None)
