"""B8 against scikit-learn's ridge; exact on additive truth without a penalty."""

import numpy as np
import pytest

from perturbome.models.data import Condition
from perturbome.models.predictors.multi_hot import LinearAdditive, bounded_change, multi_hot, target_effects, unbounded
from perturbome.platform.errors import ModelError

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


def test_softplus_and_its_inverse_are_torchs():
    torch = pytest.importorskip("torch")
    x = np.array([0.05, 0.3, 1.0, 4.0, 30.0])
    assert np.allclose(torch.nn.functional.softplus(torch.tensor(unbounded(x))).numpy(), x)
    step = np.array([0.0, -9.0, 0.7, 2.0, -3.0])
    after = torch.nn.functional.softplus(torch.tensor(unbounded(x) + step)).numpy()
    assert np.allclose(bounded_change(x, step), after - x)
    assert np.allclose(bounded_change(np.array([0.0, 0.01]), np.array([-9.0, 0.0])), 0, atol=1e-12)


def test_softplus_is_exact_for_singles_and_adds_up_above_zero_only():
    what = [(), (0,), (1,), (0, 1)]
    effects = np.zeros((1, 30, 30))
    effects[0, 0, :2], effects[0, 1, :2] = (-3.0, 0.5), (-3.0, 0.5)  # of a gene at 5, twice down, and of one twice up
    low = simulate(what, noise=0, effects=effects)
    data = divided(low, lambda name: "+" in name)
    plain, soft = LinearAdditive(penalty=0), LinearAdditive(penalty=0, softplus=True)
    for model in (plain, soft):
        model.fit(data.hidden())
    singles = data.training.conditions
    assert np.allclose(soft.predict(singles).delta, plain.predict(singles).delta, atol=1e-5)
    pair = data.test.conditions
    assert plain.predict(pair).delta[0, 0] == pytest.approx(-6, abs=1e-5)
    assert -5 <= soft.predict(pair).delta[0, 0] < -4.3
    assert soft.predict(pair).delta[0, 1] == pytest.approx(1.0, abs=0.01)
    assert not soft.predict(pair).delta[0, 2:].any() or np.abs(soft.predict(pair).delta[0, 2:]).max() < 1e-5
    assert soft.predict(pair).how == ("linear additive, softplus",)


def test_softplus_refuses_expression_below_zero():
    data = simulate([(), (0,), (1,)])
    with pytest.raises(ModelError, match="0 or more"):
        LinearAdditive(softplus=True).fit(divided({**data, "x": data["x"] - 9}, lambda n: "G01" in n).hidden())
