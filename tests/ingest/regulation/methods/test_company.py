"""What cells say within conditions, against residuals made by hand; and two witnesses together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, stats

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods.chances import agreement
from perturbome.ingest.regulation.methods.company import company, within_conditions
from perturbome.ingest.regulation.methods.conditions import Conditions
from perturbome.ingest.regulation.methods.ridge import blocks_of

N, G = 300, 10
REGULATORS = np.array([0, 2, 3, 7])


def cells_of(X, aimed=(0, 2)) -> Cells:
    perturbed = np.zeros((X.shape[0], len(aimed)), bool)
    perturbed[100:150, 0] = perturbed[140:200, 1] = True
    control = np.arange(X.shape[0]) < 100  # cells from 200 on are neither
    return Cells.of(X, REGULATORS, perturbed=perturbed, aimed=np.array(aimed), control=control)


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, G)) @ (np.eye(G) + 0.4 * rng.normal(size=(G, G))) + 5
    X[100:200, 0] -= 3
    X[200:, 5] += 4
    X[:, 9] = np.repeat([1.0, 2.0], [100, 200])  # constant within conditions
    return X


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_correlations_within_conditions_are_those_of_residuals(X, form):
    """Oracle: numpy's correlations of cells less the mean of their condition, those of no condition by themselves."""
    cells = cells_of(form(X))
    label = np.where(cells.control, 0, -1)
    for k, rows in enumerate((slice(100, 140), slice(140, 150), slice(150, 200)), start=1):
        label[rows] = k
    left, mean, size = X.copy(), [], []
    for k in np.unique(label):
        here = label == k
        mean.append(X[here].mean(0))
        size.append(here.sum())
        left[here] -= mean[-1]
    cor = blocks_of(cells, Options()).correlations()
    inner = within_conditions(cor, np.array(mean), np.array(size, float), REGULATORS)
    np.testing.assert_allclose(inner.targets[:, :9], np.corrcoef(left[:, :9].T)[REGULATORS], atol=1e-5)
    np.testing.assert_allclose(inner.sd[:9], left[:, :9].std(0), rtol=1e-5)
    assert (inner.targets[:, 9] == 0).all()
    assert inner.n == N - 5 + 1


def test_the_witness_is_a_t_test_of_residuals_and_blind_to_what_perturbations_did(X):
    """Oracle: least squares on residuals; adding any effect to a condition changes nothing."""
    cells = cells_of(X)
    conditions = Conditions.of(cells)
    z = company(cells, conditions, Options(penalty=1e-9)).witness
    left = X.copy()
    for k in np.unique(conditions.of_cell):
        left[conditions.of_cell == k] -= left[conditions.of_cell == k].mean(0)
    for j in (1, 4, 8):
        beta, rss, *_ = np.linalg.lstsq(left[:, REGULATORS], left[:, j], rcond=None)
        error = np.sqrt(np.diag(np.linalg.inv(left[:, REGULATORS].T @ left[:, REGULATORS])) * rss / (N - 5 - 4))
        np.testing.assert_allclose(z[:, j], beta / error, rtol=1e-3, atol=1e-3)
    moved = X.copy()
    moved[100:140] += np.random.default_rng(1).normal(size=G)
    np.testing.assert_allclose(company(cells_of(moved), conditions, Options(penalty=1e-9)).witness, z, atol=2e-3)


def test_slopes_are_those_over_cells_and_fade_where_unsure():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(2000, 5))
    X[:, 1] = 3 * X[:, 0] + 0.1 * rng.normal(size=2000)
    cells = Cells.of(X, np.array([0, 2]), perturbed=np.zeros((2000, 1), bool), aimed=np.array([0]))
    found = company(cells, Conditions.of(cells), Options())
    assert found.slopes.slope[0, 1] == pytest.approx(3, rel=0.01)
    assert abs(found.slopes.slope[1, 3]) < abs(np.polyfit(X[:, 2], X[:, 3], 1)[0])


def test_as_many_conditions_as_cells_have_no_witness():
    X = np.random.default_rng(0).normal(size=(30, 20))
    cells = Cells.of(X, np.arange(20), perturbed=np.eye(30, 20, -10, bool), aimed=np.arange(20))
    assert company(cells, Conditions.of(cells), Options()).witness is None


def test_a_witness_that_knows_raises_its_pairs_and_one_that_does_not_changes_little():
    rng = np.random.default_rng(3)
    link = rng.random((60, 200)) < 0.04
    sign = rng.choice([-1, 1], link.shape)
    z = rng.normal(size=link.shape) + 5 * sign * link
    itself = np.zeros(link.shape, bool)
    even = np.ones(link.shape)
    knows = agreement(z, rng.normal(size=link.shape) + 4 * sign * link, itself, even)
    blind = agreement(z, rng.normal(size=link.shape), itself, even)
    assert np.median(knows[link]) > 4
    assert np.median(knows[~link]) < 1
    assert 0.4 < blind.min() < blind.max() < 2.5
    for odds in (knows, blind):
        assert odds.mean() == pytest.approx(1)
    against = agreement(z, 10 * -sign * link + rng.normal(size=link.shape), itself, even)
    assert np.median(against[link]) > 4, "a witness that always says the opposite is understood"


def test_a_pair_counts_for_its_bin_and_not_for_itself():
    rng = np.random.default_rng(5)
    z, other = np.abs(rng.normal(size=(2, 40, 60)))
    other[0, :12], z[0, 0] = 20.0, 9.0
    odds = agreement(z, other, np.zeros(z.shape, bool), np.ones(z.shape))
    assert odds[0, 0] < 0.8 * odds[0, 1:12].min()


def test_weights_by_an_independent_witness_leave_p_as_it_was():
    rng = np.random.default_rng(4)
    z, other = rng.normal(size=(2, 80, 150))
    odds = agreement(z, other, np.zeros(z.shape, bool), np.ones(z.shape))
    p = 2 * stats.norm.sf(np.abs(z))
    assert (p / odds < 0.01).mean() == pytest.approx(0.01, abs=0.003)
    np.testing.assert_allclose(odds, 1, atol=0.3)
