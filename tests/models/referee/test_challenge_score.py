"""The score of the Virtual Cell Challenge: two public examples, its ends, and that better is never less."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perturbome.models.predictors.registry import PREDICTORS
from perturbome.models.referee.challenge_score import BASELINE, METRIC, Members, challenge_score

PUBLIC = Members(0.106, 0.514, 0.027)
"""The challenge's own baseline, as published."""

share = st.floats(0, 1)
error = st.floats(0, 10)
beatable = st.builds(Members, st.floats(0, 0.99), st.floats(0, 0.99), st.floats(0.01, 10))


@pytest.mark.parametrize(
    ("members", "published", "by_formula"),
    [((0.18, 0.61, 0.036), 9.4, 9.3), ((0.18, 0.56, 0.036), 5.8, 5.9)],
)
def test_public_examples_whose_members_are_rounded(members, published, by_formula):
    score = challenge_score(Members(*members), PUBLIC)
    assert round(score, 1) == by_formula
    assert score == pytest.approx(published, abs=0.2)  # members are given with two digits


@given(beatable)
def test_the_baseline_has_0_and_what_is_perfect_100(baseline):
    assert challenge_score(baseline, baseline) == 0
    assert challenge_score(Members(1, 1, 0), baseline) == pytest.approx(100)


@given(beatable, share, share, error, share, share, error)
def test_better_is_never_less(baseline, des, pds, mae, other_des, other_pds, other_mae):
    worse = Members(min(des, other_des), min(pds, other_pds), max(mae, other_mae))
    better = Members(max(des, other_des), max(pds, other_pds), min(mae, other_mae))
    low, high = challenge_score(worse, baseline), challenge_score(better, baseline)
    assert 0 <= low <= high <= 100 + 1e-9


@given(beatable, share, share, st.floats(1, 1000))
def test_an_error_above_the_baselines_costs_no_more_than_one_that_is_even(baseline, des, pds, times):
    even = challenge_score(Members(des, pds, baseline.mae), baseline)
    assert challenge_score(Members(des, pds, baseline.mae * times), baseline) == pytest.approx(even)


@given(beatable, st.integers(2, 200), share)
def test_ranks_over_n_or_over_one_less_are_the_same_score(baseline, n, pds):
    """The challenge's PDS counts ranks over n, cell-eval2's over n - 1."""

    def over_n(members):
        return members._replace(pds=1 - (1 - members.pds) * (n - 1) / n)

    model = Members(baseline.des, pds, baseline.mae)
    assert challenge_score(over_n(model), over_n(baseline)) == pytest.approx(challenge_score(model, baseline), abs=1e-9)


@pytest.mark.parametrize("place", range(3))
def test_without_a_member_there_is_no_score(place):
    gap = PUBLIC._replace(**{Members._fields[place]: float("nan")})
    assert np.isnan(challenge_score(gap, PUBLIC))
    assert np.isnan(challenge_score(PUBLIC, gap))
    perfect = PUBLIC._replace(**{Members._fields[place]: (1.0, 1.0, 0.0)[place]})
    assert np.isnan(challenge_score(PUBLIC, perfect))


def test_baseline_and_members_go_by_names_that_exist():
    assert BASELINE in PREDICTORS
    catalogue = pytest.importorskip("cell_eval2.catalog").CATALOG
    members = [catalogue[METRIC[field].removeprefix("cell-eval2 ")] for field in Members._fields]
    assert [m.v1_name for m in members] == ["overlap_at_N", "discrimination_score_l1", "mae"]
    assert all("vcc" in m.profiles for m in members)
