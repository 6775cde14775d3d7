"""Numbers of a comparison against scipy, plain sets and brute force; and what swapping the networks must not change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from perturbome.ingest.comparison import measures

seeds = st.integers(0, 2**31)


def strengths(seed: int, n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Two strengths of n edges, many absent, some alike."""
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 9, (2, n)) * (rng.random((2, n)) < 0.6)
    return one.astype(float), other.astype(float)


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_rank_correlation_is_scipys(seed: int) -> None:
    one, other = strengths(seed)
    found = measures.rank_correlation(one, other)
    assert found == pytest.approx(stats.spearmanr(one, other).statistic)
    assert found == pytest.approx(measures.rank_correlation(other, one))


def test_rank_correlation_of_nothing_is_not_a_number() -> None:
    assert np.isnan(measures.rank_correlation(np.empty(0), np.empty(0)))
    assert np.isnan(measures.rank_correlation(np.ones(5), np.arange(5.0)))


@given(seeds, st.integers(1, 50))
@settings(max_examples=30, deadline=None)
def test_top_overlap_is_that_of_sets(seed: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (np.where(rng.random(40) < 0.6, rng.permutation(40) + 1.0, 0.0) for _ in range(2))
    tops = [set(sorted(np.flatnonzero(v), key=lambda i: -v[i])[:k]) for v in (one, other)]
    expected = len(tops[0] & tops[1]) / min(map(len, tops))
    assert measures.top_overlap(one, other, k) == expected
    assert measures.top_overlap(other, one, k) == expected
    assert measures.top_overlap(one, one, k) == 1


def test_top_overlap_with_an_empty_network_is_not_a_number() -> None:
    assert np.isnan(measures.top_overlap(np.zeros(4), np.ones(4), 2))


def test_same_sign_counts_known_signs() -> None:
    assert measures.same_sign(np.array([1, -1, 1, 0, 1]), np.array([1, 1, 1, 1, 0])) == pytest.approx(2 / 3)
    assert np.isnan(measures.same_sign(np.array([0, 1]), np.array([1, 0])))


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_shared_by_degree_is_the_sum_of_products_of_probabilities(seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = rng.random((2, 6, 9)) < rng.random((2, 6, 1))
    grid[:, 0, 0] = True
    before, after = grid
    probability = [np.outer(g.sum(1), g.sum(0)) / g.sum() for g in grid]
    expected = (probability[0] * probability[1]).sum()
    source, target = (i.ravel() for i in np.indices(before.shape))
    assert measures.shared_by_degree(source, target, before.ravel(), after.ravel()) == pytest.approx(expected)


def test_shared_by_degree_of_networks_in_which_everything_regulates_everything_is_everything() -> None:
    source, target = (i.ravel() for i in np.indices((4, 7)))
    whole = np.ones(28, bool)
    assert measures.shared_by_degree(source, target, whole, whole) == pytest.approx(28)
    assert measures.shared_by_degree(source, target, whole, ~whole) == 0


def test_shared_by_degree_is_what_unrelated_networks_share() -> None:
    """Networks drawn by degrees alone: the mean number shared is the number expected."""
    rng = np.random.default_rng(0)
    popular = np.outer(rng.gamma(1, size=30), rng.gamma(1, size=200))
    chance = np.minimum(popular / popular.sum() * 600, 1)
    source, target = (i.ravel() for i in np.indices(chance.shape))
    shared, expected = [], []
    for _ in range(60):
        before, after = (rng.random(chance.shape) < chance for _ in range(2))
        shared.append((before & after).sum())
        expected.append(measures.shared_by_degree(source, target, before.ravel(), after.ravel()))
    assert np.mean(expected) == pytest.approx(np.mean(shared), rel=0.15)
    uniform = 600 * 600 / chance.size
    assert np.mean(shared) > 2 * uniform  # so much would be taken for agreement without the degrees


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_strength_rank_is_the_share_of_edges_no_stronger(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight = np.where(rng.random(30) < 0.7, rng.permutation(30) - 15.5, np.nan)
    rank = measures.strength_rank(weight)
    there = np.abs(weight[~np.isnan(weight)])
    for value, found in zip(weight, rank, strict=True):
        size = abs(value)
        expected = 0 if np.isnan(value) else ((there < size).sum() + ((there == size).sum() + 1) / 2) / there.size
        assert found == pytest.approx(expected)
    np.testing.assert_allclose(measures.strength_rank(-weight * 3), rank)


def test_differences() -> None:
    before, after = np.array([1, 0, 1, 1, 0.5, 0.5]), np.array([0, 1, 1, 1, 0.75, 0.75])
    signs = np.array([1, 0, 1, -1, 1, 0]), np.array([0, -1, 1, 1, -1, 1])
    found = measures.difference(before, after, *signs)
    np.testing.assert_allclose(found, [1, 1, 0, 2, 1.25, 0.25])
    np.testing.assert_allclose(measures.difference(after, before, *signs[::-1]), found)


def test_jaccard() -> None:
    assert measures.jaccard(2, 3, 5) == 2 / 6
    assert np.isnan(measures.jaccard(0, 0, 0))
