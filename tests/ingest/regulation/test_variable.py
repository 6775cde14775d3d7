"""Variable genes: found whatever their mean, by numbers alone, in any order of genes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from perturbome.ingest.regulation.variable import most_variable


def counts(seed: int = 0) -> tuple[sparse.csr_matrix, np.ndarray]:
    """log1p of Poisson counts [300, 400] with means 0.2 to 20, and which 20 genes vary more than that."""
    rng = np.random.default_rng(seed)
    mean = np.exp(rng.uniform(np.log(0.2), np.log(20), 400))
    restless = np.sort(rng.choice(400, 20, replace=False))
    rate = np.tile(mean, (300, 1))
    rate[:, restless] *= rng.choice([0.1, 1.9], (300, 20))
    return sparse.csr_matrix(np.log1p(rng.poisson(rate))), restless


def test_genes_are_found_whatever_their_mean() -> None:
    X, restless = counts()
    found = most_variable(X, [f"G{i}" for i in range(400)], 40)
    assert found.size == 40
    assert (np.diff(found) > 0).all()
    assert np.isin(restless, found).mean() >= 0.9
    mean = np.asarray(X.mean(0)).ravel()
    greatest = np.argsort(-np.asarray(X.power(2).mean(0)).ravel() + mean**2)[:40]
    assert np.isin(restless, greatest).mean() < 0.9  # variance alone would follow the mean


def test_the_order_of_genes_and_equals_change_nothing() -> None:
    X, _ = counts()
    X = sparse.hstack([X, X[:, :60]]).tocsr()  # sixty pairs of equals
    names = np.array([f"G{i}" for i in range(460)])
    order = np.random.default_rng(1).permutation(460)
    for n in (1, 2, 25, 100):
        assert set(names[most_variable(X, names, n)]) == set(names[order][most_variable(X[:, order], names[order], n)])


def test_rare_and_constant_genes_are_left_out_and_negative_values_work() -> None:
    X = np.random.default_rng(0).normal(0, 1, (50, 30))
    X[:, 3] = 2
    X[9:, 4] = 0
    assert set(range(30)) - set(most_variable(X, [f"G{i}" for i in range(30)], 30).tolist()) == {3, 4}
    X[:, 7] *= 9
    assert 7 in most_variable(X, [f"G{i}" for i in range(30)], 5)


def test_the_score_is_the_deviation_within_like_means() -> None:
    """The oracle: bins of twenty genes, scored one by one."""
    X = np.random.default_rng(2).gamma(3, 1, (40, 100))
    log_dispersion = np.log(X.var(0) / X.mean(0))
    bins = np.argsort(np.argsort(X.mean(0))) // 20
    score = np.empty(100)
    for b in range(5):
        mine = bins == b
        away = log_dispersion[mine] - np.median(log_dispersion[mine])
        score[mine] = away / (1.4826 * np.median(np.abs(away)))
    assert most_variable(X, [f"G{i:02d}" for i in range(100)], 10).tolist() == sorted(np.argsort(-score)[:10])


@pytest.mark.parametrize("n_cells", [1, 5])
def test_few_cells_are_no_error(n_cells: int) -> None:
    assert most_variable(np.ones((n_cells, 600)), [str(i) for i in range(600)], 500).size == 0
