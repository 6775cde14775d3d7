"""Moments and Welch's comparison against numpy and scipy."""

import numpy as np
import pytest
from scipy import sparse, stats

from perturbome.models.moments import group_moments, welch


@pytest.fixture
def cells():
    rng = np.random.default_rng(1)
    x = rng.poisson(0.8, size=(60, 7)).astype(np.float32)
    x[:, 6] = 0
    return x, rng.integers(-1, 3, size=60)


def test_moments_are_numpys_per_group(cells, monkeypatch):
    x, group = cells
    monkeypatch.setattr("perturbome.models.moments.BLOCK", 13)
    found = group_moments(sparse.csr_matrix(x), group, 4)
    for g in range(3):
        assert found.n[g] == (group == g).sum()
        np.testing.assert_allclose(found.mean[g], x[group == g].mean(axis=0), rtol=1e-6)
        np.testing.assert_allclose(found.variance[g], x[group == g].var(axis=0, ddof=1), rtol=1e-6, atol=1e-12)
    assert np.isnan(found.mean[3]).all()


def test_merged_groups_are_the_group_of_all_cells(cells):
    x, group = cells
    merged = group_moments(sparse.csr_matrix(x), group, 3).merge(np.array([0, -1, 0]), 1)
    whole = group_moments(sparse.csr_matrix(x), np.where((group == 0) | (group == 2), 0, -1), 1)
    np.testing.assert_allclose(merged.mean, whole.mean)
    np.testing.assert_allclose(merged.variance, whole.variance)


def test_welch_is_scipys(cells):
    x, group = cells
    found = group_moments(sparse.csr_matrix(x), group, 3)
    change = welch(found[[0]], found[[1]])
    exact = x[:, :6].astype(np.float64)
    expected = stats.ttest_ind(exact[group == 1], exact[group == 0], equal_var=False)
    np.testing.assert_allclose(change.t[0, :6], expected.statistic, rtol=1e-6)
    np.testing.assert_allclose(change.p[0, :6], expected.pvalue, rtol=1e-6)
    np.testing.assert_allclose(change.freedom[0, :6], expected.df, rtol=1e-6)
    ends = expected.confidence_interval(0.9)
    np.testing.assert_allclose(np.array(change.interval(0.9))[:, 0, :6], ends, rtol=1e-6)


def test_a_gene_that_is_nowhere_did_not_change(cells):
    x, group = cells
    found = group_moments(sparse.csr_matrix(x), group, 3)
    change = welch(found[[0]], found[[1]])
    assert (change.delta[0, 6], change.t[0, 6], change.p[0, 6]) == (0, 0, 1)


def test_one_control_row_serves_every_group(cells):
    x, group = cells
    found = group_moments(sparse.csr_matrix(x), group, 3)
    both = welch(found[[0]], found[[1, 2]])
    np.testing.assert_allclose(both.delta[1], welch(found[[0]], found[[2]]).delta[0])
