"""Trees as a method: finds what is there, also what is not linear, and nothing in noise."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from scipy import sparse

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods.correlation import correlation
from perturbome.ingest.regulation.methods.trees import trees
from perturbome.platform.errors import MissingExtra

REGULATORS = np.arange(10)
PAIRS = np.ones((10, 40), bool)
PAIRS[REGULATORS, REGULATORS] = False
OPTIONS = Options(n_trees=40, n_bootstraps=4, seed=3)


@pytest.fixture(scope="module")
def noise() -> Cells:
    """Genes of very different levels, independent of each other."""
    rng = np.random.default_rng(0)
    return Cells.of(np.log1p(rng.poisson(np.geomspace(0.05, 8, 40)[rng.permutation(40)], size=(250, 40))), REGULATORS)


@pytest.fixture(scope="module")
def network() -> tuple[Cells, np.ndarray]:
    """Every gene but the regulators follows one of them, up or down; gene 39 is high where gene 0 is far from 0."""
    rng = np.random.default_rng(1)
    X, truth = rng.normal(size=(250, 40)), np.zeros((10, 40))
    for j in range(10, 39):
        truth[rng.integers(10), j] = rng.choice([-1.5, 1.5])
    X += X[:, :10] @ truth
    X[:, 39] = 2 * np.abs(X[:, 0]) + 0.3 * rng.normal(size=250)
    return Cells.of(X + 6, REGULATORS), truth


@pytest.fixture(scope="module")
def found(network):
    return trees(network[0], OPTIONS)


def test_no_network_in_noise(noise):
    p = trees(noise, OPTIONS).p[PAIRS]
    for level in (0.2, 0.05, 0.01):
        assert (p <= level).mean() == pytest.approx(level, rel=0.5, abs=0.005)
    order = np.sort(p)
    assert not (order * order.size <= 0.05 * np.arange(1, order.size + 1)).any()


def test_edges_are_found_with_their_sign(network, found):
    _, truth = network
    edge = truth != 0
    rest = PAIRS & ~edge
    rest[:, 39] = False
    assert found.strength[edge].min() > np.quantile(found.strength[rest], 0.99)
    assert (np.sign(found.weight)[edge] == np.sign(truth)[edge]).all()
    assert (found.p[edge] <= found.p[PAIRS].min()).mean() > 0.9


def test_an_effect_without_correlation_is_found(network, found):
    assert found.strength[:, 39].argmax() == 0
    assert found.p[0, 39] < 0.002
    assert correlation(network[0], OPTIONS).p[0, 39] > 0.002


def test_weights_are_in_the_unit_of_the_target(network, found):
    """A pseudo-correlation times the standard deviation: below the slope, as noise takes its share of splits."""
    cells, truth = network
    edge = truth != 0
    assert (found.weight[edge] / truth[edge]).min() > 0.4
    assert (found.weight[edge] / truth[edge]).max() < 1.1
    scaled = trees(Cells.of(np.asarray(cells.X) * 8, REGULATORS), OPTIONS)
    np.testing.assert_allclose(scaled.weight, 8 * found.weight, rtol=1e-3, atol=1e-3)
    assert (found.weight[~PAIRS] == 0).all()


def test_bootstraps_are_the_forests_own_bags(network, found):
    _, truth = network
    assert found.n_refits == 4
    edge = truth != 0
    for b in range(4):
        assert (np.sign(found.refit(b))[edge] == np.sign(truth)[edge]).mean() > 0.95
    np.testing.assert_array_equal(found.refit(3), found.refit(3))
    few = trees(network[0], Options(n_trees=40, n_bootstraps=0, seed=3))
    np.testing.assert_array_equal(few.strength, found.strength)
    assert few.n_refits == 0
    assert not few.said


def test_fewer_bags_than_bootstraps_are_told(network):
    evidence = trees(network[0], Options(n_trees=20, n_bootstraps=50))
    assert evidence.n_refits == 2
    assert "2 bootstraps of 10 trees: 20 trees make no more" in evidence.said[0]


def test_sparse_cells_and_perturbed_targets():
    """Oracle: without the cells in which a gene is perturbed, that gene's forest is what it would be among the rest."""
    rng = np.random.default_rng(2)
    X = rng.poisson(2.0, size=(120, 12)) * 1.0
    knocked = np.zeros((120, 1), bool)
    knocked[30:60] = True
    X[30:60, 8] = 0
    X[30:60, 1] += 4
    aim = {"perturbed": knocked, "aimed": np.array([8])}
    options = Options(n_trees=60, n_bootstraps=0)
    dense, thin = (trees(Cells.of(form(X), np.arange(4), **aim), options) for form in (np.asarray, sparse.csr_matrix))
    np.testing.assert_array_equal(dense.strength, thin.strength)
    untold = trees(Cells.of(X, np.arange(4)), options)
    assert untold.strength[1, 8] > 3 > dense.strength[1, 8]
    np.testing.assert_allclose(dense.weight[:, 5], untold.weight[:, 5], atol=0.05)


def test_progress_is_told_and_an_interruption_does_not_wait_for_the_rest(network):
    told = []

    def report(what: str, done: int, total: int) -> None:
        told.append((what, done, total))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trees(network[0], Options(n_trees=20, report=report))
    assert told == [("targets", 1, 40), ("targets", 2, 40)]


def test_without_scikit_learn_the_error_says_how_to_get_it(network, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "perturbome.ingest.regulation.methods.trees.find_spec", lambda name: None if name == "sklearn" else find(name)
    )
    with pytest.raises(MissingExtra, match=r"perturbome\[models\]"):
        trees(network[0], OPTIONS)
