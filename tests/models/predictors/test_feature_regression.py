"""B6 against scikit-learn; it beats B1 where features decide effects, and says where it has none."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from perturbome.models.data import Condition
from perturbome.models.predictors.averages import PerturbedMean
from perturbome.models.predictors.feature_regression import (
    FeatureRegression,
    elastic_net,
    forest,
    kernel_ridge,
    nearest_mean,
)
from perturbome.models.predictors.features import Features, GeneMatrix
from perturbome.platform.errors import ModelError, UnknownName

from .conftest import GENES, hidden_features

FEATURES = Features(embeddings={"text": GeneMatrix(tuple(GENES[:25]), hidden_features()[:25])})


def test_kernel_ridge_is_scikit_learns():
    ridge = pytest.importorskip("sklearn.kernel_ridge")
    rng = np.random.default_rng(0)
    x, y, new = rng.normal(size=(12, 3)), rng.normal(size=(12, 5)), rng.normal(size=(4, 3))
    gamma = 1 / (2 * np.median(pdist(x)) ** 2)
    theirs = ridge.KernelRidge(alpha=0.7, kernel="rbf", gamma=gamma).fit(x, y).predict(new)
    assert np.allclose(kernel_ridge(x, y, new, 0.7), theirs, atol=1e-8)


def test_neighbours_are_scikit_learns():
    neighbors = pytest.importorskip("sklearn.neighbors")
    rng = np.random.default_rng(1)
    x, y, new = rng.normal(size=(12, 3)), rng.normal(size=(12, 5)), rng.normal(size=(4, 3))
    assert np.allclose(nearest_mean(x, y, new, 3), neighbors.KNeighborsRegressor(3).fit(x, y).predict(new))


@pytest.mark.parametrize("way", ["kernel ridge", "neighbours", "random forest", "elastic net"])
def test_features_that_decide_effects_beat_the_mean(singles, way):
    model, mean = FeatureRegression(way=way, penalty=0.1, k=3), PerturbedMean()
    report = model.fit(singles.hidden(), FEATURES)
    mean.fit(singles.hidden())
    asked, truth = singles.test.conditions, singles.test.delta
    assert np.mean((model.predict(asked).delta - truth) ** 2) < np.mean((mean.predict(asked).delta - truth) ** 2)
    assert "'text'" in report.said[0]
    unknown = model.predict([Condition.parse("knockout:G27::A549")])
    assert np.allclose(unknown.delta, mean.predict(asked).delta[:1])
    assert "no features" in unknown.said[0]


def test_a_heavy_penalty_is_the_mean(singles):
    model, mean = FeatureRegression(penalty=1e12), PerturbedMean()
    model.fit(singles.hidden(), FEATURES)
    mean.fit(singles.hidden())
    asked = singles.test.conditions
    assert np.allclose(model.predict(asked).delta, mean.predict(asked).delta)


def test_unknown_features_are_refused(singles):
    with pytest.raises(UnknownName, match="text"):
        FeatureRegression("txt").fit(singles.hidden(), FEATURES)


def toy(seed, n=14, d=5, m=9):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, x @ rng.normal(size=(d, m)) + 0.3 * rng.normal(size=(n, m)), rng.normal(size=(4, d))


def test_a_forest_on_principal_scores_is_scikit_learns_on_all_genes():
    ensemble = pytest.importorskip("sklearn.ensemble")
    x, y, new = toy(2)
    theirs = ensemble.RandomForestRegressor(400, random_state=3, max_features="sqrt").fit(x, y).predict(new)
    ours = forest(x, y, new, 400, 3)
    assert np.abs(ours - theirs).max() < 0.1 * y.std()  # ties between splits fall otherwise
    assert not np.allclose(ours, forest(x, y, new, 400, 4))
    one = np.repeat(y[:1], 14, axis=0)
    assert np.allclose(forest(x, one, new, 5, 0), one[:4])


def test_elastic_net_on_principal_scores_is_scikit_learns_on_all_genes():
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, y, new = toy(3)
    most = 2 * np.max(np.linalg.norm((x - x.mean(0)).T @ (y - y.mean(0)), axis=1)) / len(x)
    theirs = linear_model.MultiTaskElasticNet(alpha=0.2 * most, l1_ratio=0.5, tol=1e-9, max_iter=100_000)
    assert np.allclose(elastic_net(x, y, new, 0.2), theirs.fit(x, y).predict(new), atol=1e-3)
    assert np.allclose(elastic_net(x, y, new, 1.0), y.mean(axis=0))
    assert not np.allclose(elastic_net(x, y, new, 0.9), y.mean(axis=0))
    assert np.allclose(elastic_net(0 * x, y, new, 0.2), y.mean(axis=0))


def test_forests_are_the_same_for_a_seed(singles):
    found = []
    for seed in (1, 1, 2):
        model = FeatureRegression(way="random forest", trees=10)
        model.fit(singles.hidden(), FEATURES, seed)
        found.append(model.predict(singles.test.conditions).delta)
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


@pytest.mark.parametrize("options", [{"penalty": 0.0}, {"k": 0}, {"trees": 0}, {"share": 0.0}, {"share": 1.5}])
def test_options_out_of_range_are_refused(singles, options):
    with pytest.raises(ModelError, match="share in"):
        FeatureRegression(**options).fit(singles.hidden(), FEATURES)
