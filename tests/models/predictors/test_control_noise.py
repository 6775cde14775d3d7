"""Freed residuals have the control noise that the algebra says, whatever a prediction subtracts."""

import numpy as np
import pytest

from perturbome.models.data import Condition
from perturbome.models.predictors.control_noise import added, control_weights, freed, shortfall


@pytest.mark.parametrize("k", [0.0, 0.4, 1.0, 2.0])
def test_freed_and_added_noise_make_up_the_judges(k):
    rng = np.random.default_rng(0)
    n, v, draws = 25, 4.0, 200_000
    a, b = rng.normal(size=(2, 1, draws)) * np.sqrt(v / n)  # means of two quarters
    effect, weight = rng.normal(size=(1, draws)), np.array([k])
    left = freed((effect - a) - (0.3 * effect - k * b), a, b, weight) - 0.7 * effect
    truth, start = rng.normal(size=(2, draws)) * np.sqrt(v / (2 * n))  # means of two halves
    judged = k * start - truth
    more = added(weight, np.array([v]), n)[0, 0]
    assert left.var() + more == pytest.approx(judged.var(), rel=0.02)


def test_nothing_is_left_where_the_control_is_subtracted_once():
    a, b = np.random.default_rng(1).normal(size=(2, 3, 5))
    assert np.allclose(freed(b - a, a, b, np.ones(3)), 0, atol=1e-12)


def test_weights_by_what_answered():
    conditions = [Condition.parse("knockout:A+B::X")] * 8
    how = [
        "no change, as no target was perturbed in training", "perturbed mean", "sum of single effects",
        "linear additive, softplus", "perturbed mean of other contexts, as it is so", "mean shift",
        "prior kernel around the no change", "scaled mean shift",
    ]  # fmt: skip
    assert control_weights(how, conditions).tolist() == [0, 1, 2, 2, 0, 0, 0, 1]
    assert control_weights(["linear additive"], [Condition.parse("knockout:A::X")]).tolist() == [1]


def test_what_the_shared_noise_fell_short_of():
    """By hand for one and two contexts; none for a prediction whose own control noise takes the place of it."""
    rng = np.random.default_rng(0)
    residual, variance = rng.normal(size=(6, 50)) * 0.1, rng.uniform(0.1, 2, 50)
    one = shortfall(residual, np.zeros(6, dtype=np.intp), np.zeros(6), variance, 10)
    np.testing.assert_allclose(one, np.maximum(variance / 20 - residual.mean(axis=0) ** 2, 0))
    group = np.array([0, 0, 0, 0, 1, 1])
    two = shortfall(residual, group, np.full(6, 3.0), variance, 10)
    common = (residual[:4].mean(axis=0) ** 2 + residual[4:].mean(axis=0) ** 2) / 2
    np.testing.assert_allclose(two, np.maximum(4 * variance / 20 - common, 0))
    assert not shortfall(residual, group, np.ones(6), variance, 10).any()
