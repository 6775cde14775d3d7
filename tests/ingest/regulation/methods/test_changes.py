"""Change on levels by sufficient statistics, against explicit matrices and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, stats

from perturbome.ingest.regulation.methods.changes import Course, change_moments, choose_change_penalty, fit_changes

N, G = 120, 9
REGULATORS = np.array([0, 2, 3, 7])


def make_course(X: np.ndarray, n_blocks: int = 6, **others: object) -> Course:
    """Every cell but the last 20 becomes the mean of two others, a step of 0.5 to 2 later."""
    rng = np.random.default_rng(3)
    n = X.shape[0] - 20
    T = sparse.csr_matrix((np.full(2 * n, 0.5), (np.repeat(np.arange(n), 2), rng.integers(0, N, 2 * n))), (n, N))
    plain = {"aimed": np.empty(0, np.intp), "perturbed": np.zeros((n, 0), bool)}
    return Course(
        sparse.csr_matrix(X), np.arange(n), T, rng.uniform(0.5, 2, n), np.sort(np.arange(n) % n_blocks), REGULATORS,
        **{**plain, **others},
    )  # fmt: skip


@pytest.fixture(scope="module")
def X() -> np.ndarray:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, G)) @ rng.normal(size=(G, G)) + rng.normal(size=(N, G))
    return X + 3.0


def explicit(X: np.ndarray, course: Course, target: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Positions of the other regulators, their levels, the target's own, and its change, standardised."""
    levels = X[course.rows]
    change = (course.following.toarray() @ X - levels) / course.step[:, None]
    Z, Y = stats.zscore(levels), stats.zscore(change)
    others = np.flatnonzero(target != REGULATORS)
    return others, Z[:, REGULATORS[others]], Z[:, target], Y[:, target]


def residual(values: np.ndarray, own: np.ndarray) -> np.ndarray:
    return values - np.outer(own, own @ values / (own @ own)).reshape(values.shape)


@pytest.mark.parametrize("penalty", [1e-4, 0.1, 3.0])
def test_coefficients_are_those_of_scikit_learn_beside_the_own_level(X: np.ndarray, penalty: float) -> None:
    """Frisch and Waugh: an unpenalised covariate may be regressed out of both sides first."""
    linear_model = pytest.importorskip("sklearn.linear_model")
    course = make_course(X)
    fit = fit_changes(change_moments(course), penalty)
    for target in range(G):
        others, levels, own, change = explicit(X, course, target)
        oracle = linear_model.Ridge(alpha=penalty * own.size, fit_intercept=False)
        oracle.fit(residual(levels, own), residual(change, own))
        np.testing.assert_allclose(fit.beta[others, target], oracle.coef_, atol=3e-5)


def test_z_without_a_penalty_is_the_t_of_ordinary_least_squares(X: np.ndarray) -> None:
    course = make_course(X)
    fit = fit_changes(change_moments(course), 1e-7)
    for target in range(G):
        others, levels, own, change = explicit(X, course, target)
        design = np.column_stack([levels, own, np.ones(own.size)])
        beta, rss, *_ = np.linalg.lstsq(design, change, rcond=None)
        freedom = own.size - design.shape[1]
        t = beta / np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * rss[0] / freedom)
        np.testing.assert_allclose(fit.z[others, target], t[: others.size], rtol=2e-3, atol=2e-3)


def test_the_penalty_is_the_best_of_brute_force(X: np.ndarray) -> None:
    course, grid = make_course(X), (1e-3, 1e-2, 0.1, 1.0, 10.0)
    errors = []
    for penalty in grid:
        error = 0.0
        for target in range(G):
            _, levels, own, change = explicit(X, course, target)
            n = own.size
            A, y = residual(levels, own), residual(change, own)
            hat = A @ np.linalg.inv(A.T @ A + n * penalty * np.eye(A.shape[1])) @ A.T
            error += ((y - hat @ y) ** 2).mean() / (1 - (2 + np.trace(hat)) / n) ** 2
        errors.append(error)
    chosen = choose_change_penalty(change_moments(course).correlations(), grid)
    assert chosen == grid[int(np.argmin(errors))]


def test_weights_of_blocks_are_weights_of_cells(X: np.ndarray) -> None:
    course = make_course(X)
    weight = np.random.default_rng(1).exponential(size=6)
    cor = change_moments(course).correlations(weight)
    levels = X[course.rows]
    change = (course.following.toarray() @ X - levels) / course.step[:, None]
    covariance = np.cov(np.hstack([levels, change]).T, aweights=weight[course.block], ddof=0)
    spread = np.sqrt(np.diag(covariance))
    everything = covariance / np.outer(spread, spread)
    np.testing.assert_allclose(cor.regulators, everything[np.ix_(REGULATORS, REGULATORS)], atol=1e-5)
    np.testing.assert_allclose(cor.aim_regulators, everything[REGULATORS, :G], atol=1e-5)
    np.testing.assert_allclose(cor.targets, everything[REGULATORS, G:], atol=1e-5)
    np.testing.assert_allclose(cor.aim_own, everything[np.arange(G), G + np.arange(G)], atol=1e-5)
    np.testing.assert_allclose(cor.sd, spread[G:], rtol=1e-5)


def test_cells_in_which_a_gene_is_perturbed_say_nothing_of_it_as_a_target(X: np.ndarray) -> None:
    aimed = np.array([5])  # regulates nothing, so that only its own column may feel it
    perturbed = np.zeros((N - 20, 1), bool)
    perturbed[10:25] = True
    other = X.copy()
    other[10:25, 5] = 99.0
    fits = []
    for matrix in (X, other):
        course = make_course(matrix, aimed=aimed, perturbed=perturbed)
        # Nobody becomes a perturbed cell, so that the change of others is left alone.
        course.following.data[np.isin(course.following.indices, np.arange(10, 25))] = 0
        fits.append(fit_changes(change_moments(course), 0.1))
    np.testing.assert_allclose(fits[0].beta, fits[1].beta, atol=1e-6)


def test_a_constant_gene_has_no_coefficient(X: np.ndarray) -> None:
    flat = X.copy()
    flat[:, 2] = flat[:, 8] = 1.0
    fit = fit_changes(change_moments(make_course(flat)), 0.1)
    assert np.isfinite(fit.z).all()
    assert (fit.beta[:, [2, 8]] == 0).all()
    assert (fit.beta[1] == 0).all()
