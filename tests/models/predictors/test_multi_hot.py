"""B8 against scikit-learn's ridge; exact on additive truth without a penalty."""

import numpy as np
import pytest

from perturbome.models.data import Condition
from perturbome.models.predictors.multi_hot import LinearAdditive, multi_hot, target_effects

from .conftest import divided, simulate


def test_effects_are_ridge():
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    m, y = (rng.random((10, 4)) < 0.5).astype(float), rng.normal(size=(10, 3))
    ridge = linear_model.Ridge(alpha=0.4, fit_intercept=False, solver="cholesky").fit(m, y)
    assert np.allclose(target_effects(m, y, 0.4), ridge.coef_.T)
    assert np.allclose(target_effects(m, y, 1e-10), target_effects(m, y, 0), atol=1e-6)


def test_multi_hot_by_hand():
    conditions = [Condition.parse(f"knockout:{t}::K562") for t in ("A+C", "B")]
    assert multi_hot(conditions, ["A", "B", "C"]).tolist() == [[1, 0, 1], [0, 1, 0]]


def test_exact_on_additive_truth_even_without_a_single():
    what = [(), (0,), (1,), (0, 2), (2, 3), (1, 2), (1, 3)]
    data = divided(simulate(what, noise=0), lambda name: "G01+G03" in name or "G01+G02" in name)
    predictor = LinearAdditive(penalty=0)
    predictor.fit(data.hidden())
    found = predictor.predict(data.test.conditions)
    assert np.allclose(found.delta, data.test.delta, atol=1e-5)
    assert found.said == ()


def test_targets_never_perturbed_add_nothing_and_are_named(doubles):
    predictor = LinearAdditive()
    predictor.fit(doubles.hidden())
    asked = [Condition.parse(f"knockout:{t}::A549") for t in ("G00", "G00+G20", "G20+G21")]
    found = predictor.predict(asked)
    assert np.allclose(found.delta[0], found.delta[1])
    assert not found.delta[2].any()
    assert len(found.said) == 2
