"""The consensus: its helpers against scipy and brute force, and its members."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods.consensus import average, cauchy, consensus, normal_scores
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


@given(st.lists(values, min_size=1, max_size=3))
def test_average_is_the_order_of_mean_ranks(members):
    """Oracle: for each pair, its rank among those a member speaks of over their number, averaged by hand."""
    mean = np.full((3, 4), np.nan)
    for place in np.ndindex(3, 4):
        ranks = []
        for member in members:
            said = member[np.isfinite(member)]
            if np.isfinite(member[place]):
                below, same = (said < member[place]).sum(), (said == member[place]).sum()
                ranks.append((below + (same + 1) / 2) / said.size)
        if ranks:
            mean[place] = sum(ranks) / len(ranks)
    strength = average(members)
    np.testing.assert_array_equal(np.isfinite(strength), np.isfinite(mean))
    says = np.isfinite(mean)
    mean, strength = np.round(mean[says], 12), np.round(strength[says], 12)
    for a in range(mean.size):
        for b in range(mean.size):
            if mean[a] > mean[b]:
                assert strength[a] >= strength[b]


def test_average_does_not_care_for_sign_scale_or_order_of_members():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(2, 5, 6))
    np.testing.assert_array_equal(average([one, two]), average([-1000 * two, one]))
    np.testing.assert_allclose(average([one, one]), normal_scores(np.abs(one)))


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
        (("ridge", "consensus"), InputError, "cannot be a member of itself"),
        (("ridge", "dynamic"), InputError, "two time points"),
        (("ridge", "interventional"), InputError, "measured perturbations"),
        (("rigde",), UnknownName, "ridge"),
    ],
)
def test_members_that_cannot_be_are_refused(X, members, error, words):
    with pytest.raises(error, match=words):
        consensus(Cells.of(X, REGULATORS), Options(members=members))
