"""The penalty by leave-one-out against scikit-learn, which leaves out every cell."""

from __future__ import annotations

import numpy as np
import pytest

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods import ridge as method
from perturbome.ingest.regulation.moments import block_moments
from perturbome.ingest.regulation.penalty import LeaveOneOut, leave_one_out_penalty
from perturbome.ingest.regulation.ridge import MOST_FREEDOM, PENALTIES, choose_penalty, own_position


def few_cells(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(30, 12))
    X[:, 8] += 2 * X[:, 1] - X[:, 2]
    return X


def many_cells(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(300, 12)) @ rng.normal(size=(12, 12)) + 2 * rng.normal(size=(300, 12))


def rare_genes(seed: int) -> np.ndarray:
    """Counts of genes that few cells show: those cells have leverage, which cross-validation by averages misses."""
    rng = np.random.default_rng(seed)
    active = rng.gamma(0.3, 3.0, (120, 1))
    return np.log1p(rng.poisson(0.1 * active * rng.gamma(1.0, 1.0, 15)) * 10.0)[:, :12]


SETS = [make(seed) for make in (few_cells, many_cells, rare_genes) for seed in range(3)]
REGULATORS = np.array([0, 1, 2, 5, 7])


def parts(X: np.ndarray):
    X = X[:, X.std(0) > 0]
    regulators = REGULATORS[X.shape[1] > REGULATORS]
    return (X - X.mean(0)) / X.std(0), block_moments(X, regulators, np.arange(X.shape[0]) % 10), regulators


@pytest.mark.parametrize("X", SETS)
def test_errors_are_those_of_scikit_learn(X: np.ndarray) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    z, blocks, regulators = parts(X)
    penalties = np.array([1e-3, 0.1, 2.0, 50.0])
    expected = np.zeros(4)
    for target in range(z.shape[1]):
        from_ = np.setdiff1d(regulators, target)
        oracle = linear_model.RidgeCV(alphas=penalties * z.shape[0], store_cv_results=True)
        expected += oracle.fit(z[:, from_], z[:, target]).cv_results_.mean(0)
    left_out = LeaveOneOut(z, blocks.correlations(), regulators)
    np.testing.assert_allclose([left_out.error(k) for k in penalties], expected, rtol=1e-4)


@pytest.mark.parametrize("X", SETS)
def test_the_walk_ends_at_the_least_error_of_the_grid(X: np.ndarray) -> None:
    z, blocks, regulators = parts(X)
    cor = blocks.correlations()
    left_out = LeaveOneOut(z, cor, regulators)
    allowed = [k for k in PENALTIES if k == PENALTIES[-1] or 1 + left_out.used(k) <= MOST_FREEDOM * cor.n]
    best = min(allowed, key=left_out.error)
    start = choose_penalty(cor, own_position(regulators, z.shape[1]), np.ones(z.shape[1], bool))
    for begin in (start, PENALTIES[0], PENALTIES[-1]):
        assert leave_one_out_penalty(z, cor, regulators, begin) == best


def test_the_effective_parameters_are_a_trace() -> None:
    z, blocks, regulators = parts(SETS[0])
    R = blocks.correlations().regulators
    expected = np.trace(R @ np.linalg.inv(R + 0.3 * np.eye(5)))
    np.testing.assert_allclose(LeaveOneOut(z, blocks.correlations(), regulators).used(0.3), expected, rtol=1e-9)


def test_penalties_that_use_up_the_cells_are_passed_over() -> None:
    X = np.random.default_rng(0).normal(size=(12, 20))
    X[:, 10:] = X[:, :10]  # a perfect fit at any price
    z, regulators = (X - X.mean(0)) / X.std(0), np.arange(10)
    cor = block_moments(X, regulators, np.arange(12)).correlations()
    chosen = leave_one_out_penalty(z, cor, regulators, PENALTIES[0])
    assert 1 + LeaveOneOut(z, cor, regulators).used(chosen) <= MOST_FREEDOM * 12


def test_neither_cells_nor_genes_have_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(method, "MOST_LEFT_OUT", 40)  # a sample, which follows the rank of the cells
    X, rng = SETS[4], np.random.default_rng(0)
    cells, genes = rng.permutation(X.shape[0]), rng.permutation(X.shape[1])
    place = np.argsort(genes)
    first = method.ridge(Cells.of(X, REGULATORS), Options(n_bootstraps=0))
    second = method.ridge(Cells.of(X[cells][:, genes], np.sort(place[REGULATORS]), key=cells), Options(n_bootstraps=0))
    assert first.penalty == second.penalty


def test_a_sample_of_the_cells_chooses_as_well_as_all_do(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.vstack([many_cells(seed) for seed in range(8)])
    cells = Cells.of(X, REGULATORS)
    whole = method.ridge(cells, Options(n_bootstraps=0)).penalty
    monkeypatch.setattr(method, "MOST_LEFT_OUT", 600)
    some = method.ridge(cells, Options(n_bootstraps=0)).penalty
    z, blocks, _ = parts(X)
    left_out = LeaveOneOut(z, blocks.correlations(), REGULATORS)
    assert left_out.error(some) < 1.001 * left_out.error(whole)
