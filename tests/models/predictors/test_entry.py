"""Prices are the standard errors of scores found by simulation; they hold weights at nothing where there is nothing."""

import numpy as np
import pytest

from perturbome.models.predictors.entry import entry_prices, independent_columns
from perturbome.models.predictors.gaussian_process import fit_weights, log_likelihood
from perturbome.models.predictors.kernels import gaussian

N = 24


def example(rng, copies=1, m=10):
    """A kernel, noise, and columns that the identity with weight 1 made; each column `copies` times."""
    x = rng.normal(size=(N, 2))
    noise = rng.uniform(0.2, 0.6, N)
    y = np.sqrt(1 + noise)[:, None] * rng.normal(size=(N, m))
    return gaussian(x, x, 1.0), noise, np.repeat(y, copies, axis=1)


@pytest.mark.parametrize("copies", [1, 5])
def test_price_is_the_standard_error_of_the_score(copies):
    rng = np.random.default_rng(0)
    k, noise, _ = example(rng)
    scores, prices, levels = [], [], []
    for _ in range(120):
        y = np.repeat(np.sqrt(1 + noise)[:, None] * rng.normal(size=(N, 10)), copies, axis=1)
        theta = np.array([np.log(1e-9), 0.0, 0.0])
        _, gradient = log_likelihood(theta, [k, np.eye(N)], noise, [(1.0, y)])
        scores.append(gradient[0] / 1e-9)
        levels.append(gradient[1])
        prices.append(entry_prices([k], noise, [(1.0, y)], [np.eye(N)], np.ones(1), 1.0, 1.0)[0])
    scores, levels = np.array(scores), np.array(levels)
    left = scores - levels * (scores @ levels) / (levels @ levels)  # the level is fitted as well
    assert np.median(prices) == pytest.approx(left.std(), rel=0.25)


def test_independent_columns_are_counted():
    rng = np.random.default_rng(1)
    few = rng.normal(size=(300, 6))
    assert independent_columns(few) == pytest.approx(6, rel=0.1)
    assert independent_columns(np.repeat(few, 7, axis=1)) == pytest.approx(6, rel=0.1)
    assert independent_columns(np.repeat(few[:, :1], 9, axis=1)) == pytest.approx(1, rel=0.1)
    assert independent_columns(rng.normal(size=(10, 200))) > 60


def test_priced_weights_vanish_on_noise_and_stay_on_signal():
    held = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        k, noise, y = example(rng, copies=4, m=3)
        prices = np.array([entry_prices([k], noise, [(1.0, y)], [np.eye(N)], np.ones(1), 1.0)[0], 0.0])
        held.append(fit_weights([k, np.eye(N)], noise, [(1.0, y)], prices)[0][0] < 0.02)
        if seed == 0:
            z = np.linalg.cholesky(2 * k + np.diag(noise)) @ rng.normal(size=(N, 12))
            assert fit_weights([k, np.eye(N)], noise, [(1.0, z)], prices)[0][0] > 0.5
    assert sum(held) >= 5


def test_a_common_level_costs_nothing_as_the_null_fits_it_anyway():
    rng = np.random.default_rng(2)
    y = rng.normal(size=(N, 8))
    found = entry_prices([np.eye(N), np.ones((N, N))], np.full(N, 0.5), [(1.0, y)], [np.eye(N)], np.ones(1), 1.0)
    assert found[0] == pytest.approx(0, abs=1e-5)
    assert found[1] > 1


def test_the_more_kernels_there_are_the_more_each_must_explain():
    k, noise, y = example(np.random.default_rng(3))
    model = noise, [(1.0, y)], [np.eye(N)], np.ones(1), 1.0
    one, some = entry_prices([k], *model), entry_prices([k] * 10, *model)
    assert some / entry_prices([k] * 10, *model, 1.0) == pytest.approx(
        np.full(10, 2.5758), abs=1e-3
    )  # 0.005 of a normal
    assert one[0] < some[0]
