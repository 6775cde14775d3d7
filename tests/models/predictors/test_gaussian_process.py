"""The process against scikit-learn's and finite differences; duplicates and order change nothing."""

import numpy as np
import pytest

from perturbome.models.predictors.gaussian_process import (
    condition_on,
    fit_scales,
    fit_weights,
    log_likelihood,
    mixed,
)  # fmt: skip
from perturbome.models.predictors.kernels import gaussian
from perturbome.platform.errors import ModelError

N, M = 14, 5


def example(seed=0):
    """Inputs, two kernels, noise of each condition, five columns."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 2))
    kernels = [gaussian(x, x, 1.0), gaussian(x, x, 3.0)]
    return x, kernels, rng.uniform(0.05, 0.5, N), rng.normal(size=(N, M))


def theirs(x, noise, y, weights, scale=1.0):
    """scikit-learn's process with the same kernels, all fixed."""
    gp = pytest.importorskip("sklearn.gaussian_process")
    k = gp.kernels
    kernel = k.ConstantKernel(scale * weights[0]) * k.RBF(1.0) + k.ConstantKernel(scale * weights[1]) * k.RBF(3.0)
    return gp.GaussianProcessRegressor(kernel, alpha=noise, optimizer=None).fit(x, y)


def test_likelihood_is_scikit_learns_and_its_gradient_too():
    x, kernels, noise, y = example()
    theta = np.log([0.7, 1.6, 1.0])
    value, gradient = log_likelihood(theta, kernels, noise, [(1.0, y)])
    model = theirs(x, noise, y, [0.7, 1.6])
    assert value == pytest.approx(model.log_marginal_likelihood(), abs=1e-6)
    _, all_gradients = model.log_marginal_likelihood(model.kernel_.theta, eval_gradient=True)
    assert np.allclose(gradient[:2], all_gradients[[0, 2]], atol=1e-6)


def test_gradient_by_finite_differences_with_classes_and_noise():
    _, kernels, noise, y = example(1)
    classes = [(0.3, y[:, :2]), (2.0, y[:, 2:])]
    theta = np.array([-0.5, 0.3, 0.4])
    _, gradient = log_likelihood(theta, kernels, noise, classes)
    for j in range(3):
        step = np.eye(3)[j] * 1e-5
        up, down = (log_likelihood(theta + s * step, kernels, noise, classes)[0] for s in (1, -1))
        assert gradient[j] == pytest.approx((up - down) / 2e-5, abs=1e-5)


@pytest.mark.parametrize("scale", [1.0, 0.4])
def test_posterior_is_scikit_learns(scale):
    x, kernels, noise, y = example(2)
    w = np.array([0.7, 1.6])
    asked = np.random.default_rng(9).normal(size=(4, 2))
    found = condition_on(mixed(w, kernels), noise, y, np.full(M, scale))
    cross = w[0] * gaussian(asked, x, 1.0) + w[1] * gaussian(asked, x, 3.0)
    mean, variance = found.predict(cross, np.full(4, w.sum()))
    their_mean, their_sd = theirs(x, noise, y, w, scale).predict(asked, return_std=True)
    assert np.allclose(mean, their_mean, atol=1e-6)
    assert np.allclose(variance, their_sd**2, atol=1e-6)


def test_kernel_ridge_is_its_mean():
    ridge = pytest.importorskip("sklearn.kernel_ridge").KernelRidge(alpha=0.3, kernel="precomputed")
    _, kernels, _, y = example(3)
    mean, _ = condition_on(kernels[0], np.full(N, 0.3), y, np.ones(M)).predict(kernels[0], np.ones(N))
    assert np.allclose(mean, ridge.fit(kernels[0], y).predict(kernels[0]), atol=1e-8)


def test_a_condition_measured_twice_with_twice_the_noise_is_one_condition():
    _, kernels, noise, y = example(4)
    k, twice = kernels[0], np.r_[np.arange(N), np.arange(N)]
    one = condition_on(k, noise, y, np.ones(M)).predict(k, np.ones(N))
    two = condition_on(k[np.ix_(twice, twice)], 2 * noise[twice], y[twice], np.ones(M)).predict(k[:, twice], np.ones(N))
    assert np.allclose(one[0], two[0], atol=1e-7)
    assert np.allclose(one[1], two[1], atol=1e-7)


def test_the_order_of_conditions_and_of_columns_does_not_matter():
    _, kernels, noise, y = example(5)
    order, columns = np.random.default_rng(0).permutation(N), np.random.default_rng(1).permutation(M)
    turned = [k[np.ix_(order, order)] for k in kernels]
    w, tau, value = fit_weights(kernels, noise, [(1.0, y)])
    w2, tau2, value2 = fit_weights(turned, noise[order], [(1.0, y[order][:, columns])])
    assert np.allclose(w, w2, rtol=1e-3, atol=1e-5)
    assert tau == pytest.approx(tau2, rel=1e-3)
    assert value == pytest.approx(value2, abs=1e-4)


def test_weights_scales_and_noise_are_recovered():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(60, 2))
    kernels = [gaussian(x, x, 0.5), np.eye(60), gaussian(x, x, 5.0)]
    noise = rng.uniform(0.1, 0.5, 60)
    truth = np.linalg.cholesky(2.0 * kernels[0] + np.diag(noise))
    w, tau, _ = fit_weights(kernels, noise, [(1.0, truth @ rng.normal(size=(60, 80)))])
    assert w[0] == pytest.approx(2.0, rel=0.1)
    assert w[1] < 0.1
    assert w[2] < 0.1
    assert tau == pytest.approx(1.0, abs=0.3)
    scale = np.repeat([0.1, 1.0, 5.0], 40)
    y = np.linalg.cholesky(kernels[0] + 1e-8 * np.eye(60)) @ rng.normal(size=(60, 120)) * np.sqrt(scale)
    y += np.sqrt(noise)[:, None] * rng.normal(size=y.shape)
    found = fit_scales(condition_on(kernels[0], noise, y, np.ones(120)))
    for s in (1.0, 5.0):
        assert np.median(found[scale == s]) == pytest.approx(s, rel=0.35)
    assert np.median(found[scale == 0.1]) < 0.3


def test_what_is_no_kernel_is_refused():
    with pytest.raises(ModelError, match="positive definite"):
        log_likelihood(np.zeros(2), [-np.eye(3)], np.full(3, 0.1), [(1.0, np.ones((3, 1)))])
