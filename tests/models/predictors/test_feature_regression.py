"""B6 against scikit-learn; it beats B1 where features decide effects, and says where it has none."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from perturbome.models.data import Condition
from perturbome.models.predictors.averages import PerturbedMean
from perturbome.models.predictors.feature_regression import FeatureRegression, kernel_ridge, nearest_mean
from perturbome.models.predictors.features import Features, GeneMatrix
from perturbome.platform.errors import UnknownName

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


@pytest.mark.parametrize("way", ["kernel ridge", "neighbours"])
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
