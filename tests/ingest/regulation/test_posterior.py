"""Bayesian ridge from correlations against scikit-learn's, target by target on the cells."""

from __future__ import annotations

import numpy as np
import pytest

from perturbome.ingest.regulation.moments import Correlations, block_moments
from perturbome.ingest.regulation.posterior import fit_posterior
from perturbome.ingest.regulation.ridge import own_position

N, G, B = 150, 12, 10
REGULATORS = np.array([0, 3, 4, 7, 9])
OWN = own_position(REGULATORS, G)
AIMED = np.array([4, 5, 9])  # two regulators and one gene that is none
BLOCK = np.arange(N) % B


@pytest.fixture(scope="module")
def perturbed() -> np.ndarray:
    perturbed = np.zeros((N, 3), bool)
    perturbed[:20, 0] = perturbed[15:40, 1] = perturbed[60:75, 2] = True
    return perturbed


@pytest.fixture(scope="module")
def X(perturbed) -> np.ndarray:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, G)) @ rng.normal(size=(G, G)) + 3 * rng.normal(size=(N, G))
    X[:, 6] = rng.normal(size=N)  # nobody's target
    for column, cells in zip(AIMED, perturbed.T, strict=True):
        X[cells, column] = 0
    return X


def correlations(X, perturbed=None, weight=None) -> Correlations:
    aimed = None if perturbed is None else AIMED
    return block_moments(X, REGULATORS, BLOCK[: X.shape[0]], perturbed, aimed).correlations(weight)


def without(D, A, weight):
    """Residuals of the columns of A on D by weighted least squares."""
    root = np.sqrt(weight)[:, None]
    return A - D @ np.linalg.lstsq(D * root, A * root, rcond=None)[0]


@pytest.mark.parametrize("weighed", [False, True])
def test_mean_variance_and_penalty_are_those_of_scikit_learn(X, perturbed, weighed):
    """With and without weights of cells; a perturbed target and its regulators are freed of the indicator first."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    weight = np.random.default_rng(1).exponential(size=B) if weighed else np.ones(B)
    weight /= weight.mean()
    fit = fit_posterior(correlations(X, perturbed, weight), OWN, tolerance=1e-9)
    cell = weight[BLOCK]
    Z = X - np.average(X, axis=0, weights=cell)
    Z /= np.sqrt(np.average(Z**2, axis=0, weights=cell))
    for target in range(G):
        rows = target != REGULATORS
        A, y = Z[:, REGULATORS[rows]], Z[:, [target]]
        if target in AIMED:
            D = np.column_stack([np.ones(N), perturbed[:, target == AIMED]])
            A, y = without(D, A, cell), without(D, y, cell)
        oracle = linear_model.BayesianRidge(tol=1e-9).fit(A, y[:, 0], sample_weight=cell)
        np.testing.assert_allclose(fit.beta[rows, target], oracle.coef_, atol=1e-6)
        np.testing.assert_allclose(fit.error[rows, target], np.sqrt(np.diag(oracle.sigma_)), rtol=1e-5)
        assert fit.penalty[target] == pytest.approx(oracle.lambda_ / oracle.alpha_ / N, rel=1e-4)


def test_the_stopping_rule_is_no_laxer_than_scikit_learns(X):
    linear_model = pytest.importorskip("sklearn.linear_model")
    exact = fit_posterior(correlations(X), OWN, tolerance=1e-10).beta
    rough = fit_posterior(correlations(X), OWN, tolerance=1e-3).beta
    Z = (X - X.mean(0)) / X.std(0)
    for target in range(G):
        rows = target != REGULATORS
        theirs = linear_model.BayesianRidge(tol=1e-3).fit(Z[:, REGULATORS[rows]], Z[:, target]).coef_
        mine = np.abs(rough[rows, target] - exact[rows, target]).sum()
        assert mine <= np.abs(theirs - exact[rows, target]).sum() + 1e-6


def test_more_regulators_than_cells_against_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(2)
    X = rng.normal(size=(30, 45))
    X[:, 44] = X[:, 0] - X[:, 1] + 0.3 * rng.normal(size=30)
    regulators = np.arange(40)
    cor = block_moments(X, regulators, np.arange(30) % B).correlations()
    fit = fit_posterior(cor, own_position(regulators, 45), tolerance=1e-9)
    Z = (X - X.mean(0)) / X.std(0)
    oracle = linear_model.BayesianRidge(tol=1e-9).fit(Z[:, :40], Z[:, 44])
    np.testing.assert_allclose(fit.beta[:, 44], oracle.coef_, atol=1e-5)
    assert np.isfinite(fit.z).all()


def test_targets_do_not_touch_each_other(X, perturbed):
    """Worked on in portions, a target comes out as it does alone."""
    cor = correlations(X, perturbed)
    whole = fit_posterior(cor, OWN)
    some = np.array([1, 3, 5, 9])
    kept = np.isin(cor.aimed, some)
    part = Correlations(
        cor.regulators, cor.targets[:, some], cor.sd[some], cor.n,
        np.searchsorted(some, cor.aimed[kept]), cor.aim_regulators[:, kept], cor.aim_own[kept],
    )  # fmt: skip
    np.testing.assert_allclose(fit_posterior(part, OWN[some]).beta, whole.beta[:, some], atol=1e-12)


def test_where_the_rounds_begin_does_not_matter(X):
    cor = correlations(X)
    cold = fit_posterior(cor, OWN, tolerance=1e-9)
    warm = fit_posterior(cor, OWN, tolerance=1e-9, start=np.full(G, 0.5))
    np.testing.assert_allclose(warm.beta, cold.beta, atol=1e-6)


def test_a_gene_nobody_regulates_is_shrunk_to_nothing():
    X = np.random.default_rng(3).normal(size=(2000, G))
    fit = fit_posterior(block_moments(X, REGULATORS, np.arange(2000) % B).correlations(), OWN)
    assert np.abs(fit.beta).max() < 0.1
    assert np.median(fit.penalty) > 1


def test_a_regulator_never_regulates_itself_and_a_constant_gene_nobody(X):
    flat = X.copy()
    flat[:, [1, 7]] = 2.0
    fit = fit_posterior(correlations(flat), OWN)
    assert (fit.beta[np.arange(5), REGULATORS] == 0).all()
    assert (fit.z[np.arange(5), REGULATORS] == 0).all()
    assert np.abs(fit.beta[:, 1]).max() < 1e-9
    assert np.abs(fit.beta[3]).max() < 1e-9
    assert np.isfinite(fit.z).all()
