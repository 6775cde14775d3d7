"""Ridge in closed form against scikit-learn and ordinary least squares, target by target."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, stats

from perturbome.ingest.regulation.moments import Blocks, assign_blocks, block_moments, mean_and_sd
from perturbome.ingest.regulation.ridge import Fit, choose_penalty, fit_ridge, inverse_of, own_position
from perturbome.ingest.regulation.summary import summarise
from perturbome.platform.errors import InputError

N, G = 150, 12
REGULATORS = np.array([0, 3, 4, 7, 9])


@pytest.fixture(scope="module")
def X() -> np.ndarray:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, G)) @ rng.normal(size=(G, G)) + rng.normal(size=(N, G))
    return X + 5.0


def moments(X: np.ndarray, n_blocks: int = 10) -> Blocks:
    return block_moments(X, REGULATORS, np.arange(X.shape[0]) % n_blocks)


def fit(X: np.ndarray, penalty: float) -> Fit:
    return fit_ridge(moments(X).correlations(), own_position(REGULATORS, X.shape[1]), penalty)


def others(target: int) -> np.ndarray:
    return np.array([r for r in REGULATORS if r != target])


def test_scalers_and_correlations_against_numpy(X: np.ndarray) -> None:
    cor = moments(X).correlations()
    expected = np.corrcoef(X.T)
    np.testing.assert_allclose(cor.targets, expected[REGULATORS], atol=1e-6)
    np.testing.assert_allclose(cor.regulators, expected[np.ix_(REGULATORS, REGULATORS)], atol=1e-6)
    np.testing.assert_allclose(cor.sd, X.std(0), rtol=1e-6)
    for form in (X, sparse.csr_matrix(X)):
        np.testing.assert_allclose(mean_and_sd(form), (X.mean(0), X.std(0)), rtol=1e-9)
    np.testing.assert_array_equal(
        block_moments(sparse.csr_matrix(X), REGULATORS, np.arange(N) % 10).gram, moments(X).gram
    )


def test_weighted_correlations_against_numpy(X: np.ndarray) -> None:
    weight = np.random.default_rng(1).exponential(size=10)
    per_cell = weight[np.arange(N) % 10]
    expected = np.cov(X.T, aweights=per_cell, ddof=0)
    cor = moments(X).correlations(weight)
    np.testing.assert_allclose(cor.sd**2, np.diag(expected), rtol=1e-5)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(cor.targets, (expected / scale)[REGULATORS], atol=1e-5)


@pytest.mark.parametrize("penalty", [1e-3, 0.1, 3.0])
def test_coefficients_are_those_of_scikit_learn(X: np.ndarray, penalty: float) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    beta = fit(X, penalty).beta
    Z = (X - X.mean(0)) / X.std(0)
    for target in range(G):
        from_ = others(target)
        oracle = linear_model.Ridge(alpha=penalty * N, fit_intercept=True).fit(Z[:, from_], Z[:, target])
        mine = beta[np.isin(REGULATORS, from_), target]
        np.testing.assert_allclose(mine, oracle.coef_, atol=1e-6)


def test_p_is_that_of_ordinary_least_squares_without_penalty(X: np.ndarray) -> None:
    small = fit(X, 1e-12)
    Z = (X - X.mean(0)) / X.std(0)
    for target in range(G):
        from_ = others(target)
        design = np.column_stack([np.ones(N), Z[:, from_]])
        coefficients, residual, *_ = np.linalg.lstsq(design, Z[:, target], rcond=None)
        freedom = N - design.shape[1]
        error = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * residual[0] / freedom)
        p = 2 * stats.t.sf(np.abs(coefficients / error), freedom)
        rows = np.isin(REGULATORS, from_)
        np.testing.assert_allclose(small.error[rows, target], error[1:], rtol=1e-4)
        np.testing.assert_allclose(small.freedom[target], freedom, rtol=1e-9)
        np.testing.assert_allclose(small.p[rows, target], p[1:], rtol=2e-2, atol=1e-12)


def test_standard_error_with_a_penalty_against_the_sandwich(X: np.ndarray) -> None:
    """Oracle: sd of (Z'Z + nlI)^-1 Z' noise, by explicit matrices, for targets inside and outside the regulators."""
    penalty, Z = 0.3, (X - X.mean(0)) / X.std(0)
    fitted = fit(X, penalty)
    for target in range(G):
        from_ = others(target)
        A = Z[:, from_]
        inverse = np.linalg.inv(A.T @ A + N * penalty * np.eye(from_.size))
        hat = A @ inverse @ A.T
        freedom = N - 1 - np.trace(hat)
        residual = ((Z[:, target] - hat @ Z[:, target]) ** 2).sum()
        # rss here is beta-identity of the ridge: residual sum of squares itself.
        error = np.sqrt(np.diag(inverse @ A.T @ A @ inverse) * residual / freedom)
        np.testing.assert_allclose(fitted.freedom[target], freedom, rtol=1e-6)
        np.testing.assert_allclose(fitted.error[np.isin(REGULATORS, from_), target], error, rtol=1e-4)


def test_the_penalty_is_the_best_of_brute_force_gcv(X: np.ndarray) -> None:
    grid, Z = (1e-3, 1e-2, 0.1, 1.0, 10.0), (X - X.mean(0)) / X.std(0)
    usable = np.ones(G, bool)
    usable[5] = False
    errors = []
    for penalty in grid:
        error = 0.0
        for target in np.flatnonzero(usable):
            A = Z[:, others(target)]
            hat = A @ np.linalg.inv(A.T @ A + N * penalty * np.eye(A.shape[1])) @ A.T
            error += ((Z[:, target] - hat @ Z[:, target]) ** 2).mean() / (1 - (1 + np.trace(hat)) / N) ** 2
        errors.append(error)
    chosen = choose_penalty(moments(X).correlations(), own_position(REGULATORS, G), usable, grid)
    assert chosen == grid[int(np.argmin(errors))]
    assert (
        choose_penalty(
            block_moments(X[:8], REGULATORS, np.arange(8)).correlations(), own_position(REGULATORS, G), usable, grid
        )
        >= chosen
    )


def test_duplicated_cells_change_no_coefficient(X: np.ndarray) -> None:
    np.testing.assert_allclose(fit(np.vstack([X, X]), 0.1).beta, fit(X, 0.1).beta, atol=1e-7)


def test_a_regulator_never_regulates_itself(X: np.ndarray) -> None:
    fitted = fit(X, 0.1)
    assert (fitted.beta[np.arange(5), REGULATORS] == 0).all()
    assert (fitted.p[np.arange(5), REGULATORS] == 1).all()


def test_a_constant_gene_has_no_edges(X: np.ndarray) -> None:
    flat = X.copy()
    flat[:, 5] = 2.0
    fitted = fit(flat, 0.1)
    assert (fitted.beta[:, 5] == 0).all()
    assert np.isfinite(fitted.z).all()


def test_a_cell_keeps_its_block_whatever_other_cells_there_are() -> None:
    key = np.random.default_rng(0).permutation(9500).astype(np.uint64)
    first = assign_blocks(key, 10, 5)
    some = np.random.default_rng(1).permutation(9500)[:4000]
    np.testing.assert_array_equal(assign_blocks(key[some], 10, 5), first[some])
    assert stats.chisquare(np.bincount(first, minlength=10)).pvalue > 0.01
    other = assign_blocks(key, 10, 6)
    assert stats.chi2_contingency(np.histogram2d(first, other, 10)[0]).pvalue > 0.01


@pytest.mark.parametrize("penalty", [1e-9, 0.2])
def test_a_perturbed_target_is_fitted_beside_an_indicator_of_its_cells(X: np.ndarray, penalty: float) -> None:
    """Oracle: ridge with an unpenalised indicator, by explicit matrices; other targets are as without it."""
    aimed = np.array([4, 5, 9])  # two regulators and one gene that is none
    perturbed = np.zeros((N, 3), bool)
    perturbed[:20, 0] = perturbed[15:40, 1] = perturbed[60:75, 2] = True
    X = X.copy()
    for column, cells in zip(aimed, perturbed.T, strict=True):
        X[cells, column] = 0.0
    Z = (X - X.mean(0)) / X.std(0)
    blocks = block_moments(X, REGULATORS, np.arange(N) % 10, perturbed, aimed)
    fitted = fit_ridge(blocks.correlations(), own_position(REGULATORS, G), penalty)
    for target, cells in zip(aimed, perturbed.T, strict=True):
        from_ = others(target)
        A = np.column_stack([cells - cells.mean(), Z[:, from_]])
        penalties = np.diag([0.0] + [N * penalty] * from_.size)
        inverse = np.linalg.inv(A.T @ A + penalties)
        hat = A @ inverse @ A.T
        freedom = N - 1 - np.trace(hat)
        residual = ((Z[:, target] - hat @ Z[:, target]) ** 2).sum()
        rows = np.isin(REGULATORS, from_)
        np.testing.assert_allclose(fitted.beta[rows, target], (inverse @ A.T @ Z[:, target])[1:], atol=2e-6)
        np.testing.assert_allclose(fitted.freedom[target], freedom, rtol=1e-5)
        error = np.sqrt(np.diag(inverse @ A.T @ A @ inverse)[1:] * residual / freedom)
        np.testing.assert_allclose(fitted.error[rows, target], error, rtol=1e-3)
    untouched = np.setdiff1d(np.arange(G), aimed)
    np.testing.assert_array_equal(fitted.beta[:, untouched], fit(X, penalty).beta[:, untouched])


def test_an_indicator_of_no_cell_changes_nothing(X: np.ndarray) -> None:
    nobody = np.zeros((N, 2), bool)
    blocks = block_moments(X, REGULATORS, np.arange(N) % 10, nobody, np.array([4, 5]))
    fitted = fit_ridge(blocks.correlations(), own_position(REGULATORS, G), 0.1)
    np.testing.assert_allclose(fitted.beta, fit(X, 0.1).beta, atol=1e-12)
    np.testing.assert_allclose(fitted.p, fit(X, 0.1).p, rtol=1e-9)


def test_single_precision_bootstraps_are_those_of_double(X: np.ndarray) -> None:
    blocks, own = moments(X), own_position(REGULATORS, G)
    weight = np.random.default_rng(1).exponential(size=10)
    double = fit_ridge(blocks.correlations(weight), own, 1e-3)
    single = fit_ridge(blocks.correlations(weight, single=True), own, 1e-3)
    assert single.z.dtype == np.float32
    np.testing.assert_allclose(single.z, double.z, rtol=1e-4, atol=1e-4)


def test_z_and_error_say_the_same(X: np.ndarray) -> None:
    fitted = fit(X, 0.1)
    z = np.divide(fitted.beta, fitted.error, out=np.zeros_like(fitted.beta), where=fitted.error > 0)
    np.testing.assert_allclose(fitted.z, z, rtol=1e-12)
    np.testing.assert_allclose(
        fitted.p, np.maximum(2 * stats.t.sf(np.abs(z), fitted.freedom), np.finfo(np.float32).tiny), rtol=1e-9
    )


def test_nothing_is_tested_where_the_fit_takes_every_degree_of_freedom(X: np.ndarray) -> None:
    few = fit_ridge(block_moments(X[:5], REGULATORS, np.arange(5)).correlations(), own_position(REGULATORS, G), 1e-9)
    assert (few.z == 0).all()
    outside = np.setdiff1d(np.arange(G), REGULATORS)
    assert np.isinf(few.error[:, outside]).all()


@pytest.mark.parametrize("penalty", [1e-7, 0.3])
def test_the_inverse_of_regulators_that_say_the_same(penalty: float) -> None:
    """Rounding leaves correlations of doubled regulators a little below semi-definite."""
    half = np.random.default_rng(0).normal(size=(40, 3))
    R = np.corrcoef(np.hstack([half, half]).T) - 1e-6 * np.eye(6)
    inverse = inverse_of(R, penalty)
    values, vectors = np.linalg.eigh(R)
    np.testing.assert_allclose(inverse, (vectors / (np.maximum(values, 0) + penalty)) @ vectors.T, rtol=1e-4)
    np.testing.assert_array_equal(inverse, inverse.T)
    with pytest.raises(InputError, match="penalty above 0"):
        inverse_of(R, 0.0)


def test_cells_may_be_added_in_any_portions(X: np.ndarray) -> None:
    """And the matrix given is left as it is."""
    block, whole = np.arange(N) % 10, moments(X)
    portions = Blocks.empty(summarise(X), REGULATORS, 10, np.empty(0, np.intp))
    before = X.copy()
    for rows in np.array_split(np.random.default_rng(0).permutation(N), 4):
        portions.add(X[rows], block[rows], np.zeros((rows.size, 0), bool))
    np.testing.assert_array_equal(X, before)
    np.testing.assert_allclose(portions.gram, whole.gram, atol=1e-4)
    np.testing.assert_allclose(portions.correlations().targets, whole.correlations().targets, atol=1e-6)
