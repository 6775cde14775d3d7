"""Bagged Bayesian ridge: calm in noise, where a t-test over bags is not, and right where there is something."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods.bayesian_ridge import N_BAGS, bayesian_ridge

REGULATORS = np.arange(20)
PAIRS = np.ones((20, 60), bool)
PAIRS[REGULATORS, REGULATORS] = False


@pytest.fixture(scope="module")
def noise() -> Cells:
    rng = np.random.default_rng(0)
    return Cells.of(np.log1p(rng.poisson(rng.uniform(0.3, 5, 60), size=(300, 60))), REGULATORS)


@pytest.fixture(scope="module")
def network() -> tuple[Cells, np.ndarray]:
    """Every gene that regulates nothing has two of the regulators behind it, one for and one against."""
    rng = np.random.default_rng(1)
    X, truth = rng.normal(size=(400, 60)), np.zeros((20, 60))
    for j in range(20, 60):
        truth[rng.choice(20, 2, replace=False), j] = (0.8, -0.5)
    return Cells.of(X + X[:, :20] @ truth + 4, REGULATORS), truth


def test_no_network_in_noise(noise):
    p = bayesian_ridge(noise, Options()).p[PAIRS]
    for level in (0.05, 0.01):
        assert (p < level).mean() <= level
    assert (p * p.size > 0.05).all()


def test_a_t_test_over_bags_would_see_one(noise):
    """Why p is not CellOracle's."""
    evidence = bayesian_ridge(noise, Options(n_bootstraps=N_BAGS))
    bags = np.stack([evidence.refit(b) for b in range(N_BAGS)])[:, PAIRS]
    assert (stats.ttest_1samp(bags, 0).pvalue < 0.05).mean() > 0.3


def test_edges_are_found_with_their_sign_and_weight(network):
    cells, truth = network
    evidence = bayesian_ridge(cells, Options(n_bootstraps=5))
    edge = truth != 0
    assert evidence.p[edge].max() < 1e-6
    assert (evidence.p[~edge & PAIRS] < 0.05).mean() < 0.05
    spread = np.asarray(cells.X)[:, :20].std(0)[:, None]
    np.testing.assert_allclose(evidence.weight[edge], (truth * spread)[edge], atol=0.2)
    assert np.corrcoef(evidence.weight[edge], (truth * spread)[edge])[0, 1] > 0.99


def test_a_bootstrap_depends_on_its_number_alone(network):
    cells, truth = network
    few, many = (bayesian_ridge(cells, Options(n_bootstraps=b, seed=4)) for b in (3, 30))
    np.testing.assert_array_equal(few.strength, many.strength)
    np.testing.assert_array_equal(few.refit(2), many.refit(2))
    assert (few.n_refits, many.n_refits) == (3, 30)
    assert (np.sign(many.refit(25))[truth != 0] == np.sign(truth)[truth != 0]).all()


def test_the_perturbation_of_a_target_is_no_regulation():
    """Oracle: a knock-out drawn at random says nothing of the gene's regulators; without being told, it would."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(300, 12)) + 5
    knocked = np.zeros((300, 1), bool)
    knocked[:100] = True
    X[:100, 1] -= 3  # the regulator stands out in the same cells
    X[:100, 8] = 0
    told = bayesian_ridge(Cells.of(X, np.arange(4), perturbed=knocked, aimed=np.array([8])), Options())
    untold = bayesian_ridge(Cells.of(X, np.arange(4)), Options())
    assert untold.p[1, 8] < 1e-6
    assert told.p[1, 8] > 0.05
