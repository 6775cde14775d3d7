"""Correlation against scipy, pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods.correlation import correlation, fisher, partial

N, G = 120, 8
REGULATORS = np.array([0, 2, 5])
OPTIONS = Options(n_bootstraps=6, seed=3)


@pytest.fixture(scope="module")
def X() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, G)) @ rng.normal(size=(G, G)) + 4


def pairs() -> list[tuple[int, int, int]]:
    """Position of the regulator, its column, the target's column."""
    return [(i, k, j) for i, k in enumerate(REGULATORS) for j in range(G) if j != k]


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_r_and_p_are_those_of_scipy(X, form):
    evidence = correlation(Cells.of(form(X), REGULATORS), OPTIONS)
    for i, k, j in pairs():
        r, p = stats.pearsonr(X[:, k], X[:, j])
        assert evidence.weight[i, j] / X[:, j].std() == pytest.approx(r, abs=1e-6)
        assert evidence.p[i, j] == pytest.approx(p, rel=2e-4)
        assert evidence.strength[i, j] == pytest.approx(abs(np.arctanh(r)) * np.sqrt(N - 3), rel=1e-5)


def test_weight_is_the_slope_on_a_standardised_regulator(X):
    evidence = correlation(Cells.of(X, REGULATORS), OPTIONS)
    for i, k, j in pairs():
        slope = stats.linregress((X[:, k] - X[:, k].mean()) / X[:, k].std(), X[:, j]).slope
        assert evidence.weight[i, j] == pytest.approx(slope, rel=1e-5)


def test_a_perturbed_target_is_freed_of_its_perturbation(X):
    """Oracle: correlation of the residuals of both genes on the indicator, tested with one degree of freedom less."""
    aimed = np.array([2, 4])
    perturbed = np.zeros((N, 2), bool)
    perturbed[:25, 0] = perturbed[60:90, 1] = True
    X = X.copy()
    X[perturbed[:, 0], 2], X[perturbed[:, 1], 4] = 0, 0
    plain = correlation(Cells.of(X, REGULATORS), OPTIONS)
    freed = correlation(Cells.of(X, REGULATORS, perturbed=perturbed, aimed=aimed), OPTIONS)
    for j, d in zip(aimed, perturbed.T, strict=True):
        for i, k in enumerate(REGULATORS):
            if k == j:
                continue
            rest = [v - np.where(d, v[d].mean(), v[~d].mean()) for v in (X[:, k], X[:, j])]
            r = stats.pearsonr(*rest).statistic
            assert freed.weight[i, j] / X[:, j].std() == pytest.approx(r, abs=1e-6)
            p = 2 * stats.t.sf(abs(r) * np.sqrt((N - 3) / (1 - r**2)), N - 3)
            assert freed.p[i, j] == pytest.approx(p, rel=2e-4)
    others = np.setdiff1d(np.arange(G), aimed)
    np.testing.assert_array_equal(freed.p[:, others], plain.p[:, others])


def test_an_indicator_of_no_cell_changes_nothing(X):
    plain = correlation(Cells.of(X, REGULATORS), OPTIONS)
    nobody = correlation(Cells.of(X, REGULATORS, aimed=np.array([4, 5])), OPTIONS)
    np.testing.assert_allclose(nobody.p, plain.p, rtol=1e-9)
    np.testing.assert_allclose(nobody.strength, plain.strength, rtol=1e-9)


def test_a_bootstrap_has_the_scale_and_sign_of_the_whole(X):
    evidence = correlation(Cells.of(X, REGULATORS), Options(n_bootstraps=100))
    again = np.mean([evidence.refit(b) for b in range(evidence.n_refits)], 0)
    signed = np.sign(evidence.weight) * evidence.strength
    for i, _, j in pairs():
        assert again[i, j] == pytest.approx(signed[i, j], abs=1.0)
    np.testing.assert_array_equal(evidence.refit(7), evidence.refit(7))


def test_p_is_uniform_without_association():
    X = np.random.default_rng(1).poisson(1.0, size=(300, 60)).astype(np.float32)
    p = correlation(Cells.of(X, np.arange(30)), OPTIONS).p[:, 30:].ravel()
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_a_constant_gene_has_no_strength(X):
    X = X.copy()
    X[:, 4] = 1.0
    evidence = correlation(Cells.of(X, REGULATORS), OPTIONS)
    assert (evidence.strength[:, 4] == 0).all()
    assert (evidence.p[:, 4] == 1).all()


@given(st.floats(-1, 1))
def test_fishers_z_is_finite_and_odd(r):
    assert np.isfinite(fisher(np.array(r)))
    assert fisher(np.array(-r)) == -fisher(np.array(r))


def test_partial_leaves_other_columns_alone():
    r = np.array([[0.5, 0.2], [0.1, -0.3]])
    freed = partial(r, np.array([1]), np.array([[0.4], [0.0]]), np.array([0.6]))
    np.testing.assert_array_equal(freed[:, 0], r[:, 0])
    assert freed[0, 1] == pytest.approx((0.2 - 0.24) / np.sqrt((1 - 0.16) * (1 - 0.36)))
    assert freed[1, 1] == pytest.approx(-0.3 / 0.8)
