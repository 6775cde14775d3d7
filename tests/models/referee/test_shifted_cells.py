"""Control cells shifted by a prediction: the mean that was predicted, no negative expression, spread as in control."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from perturbome.models.referee.shifted_cells import lowered, shifted_cells


def expression(seed=0, n=50, n_genes=6):
    """Sparse expression that is never below 0."""
    rng = np.random.default_rng(seed)
    return np.maximum(rng.normal(0.5, 1, size=(n, n_genes)), 0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0, 1))
def test_lowered_has_the_mean_and_is_one_shift_of_each_gene(seed, share):
    cells = expression(seed)
    mean = share * cells.mean(axis=0)
    found = lowered(cells, mean)
    assert_allclose(found.mean(axis=0), mean, atol=1e-12)
    assert found.min() >= 0
    for gene in range(6):
        left = found[:, gene] > 0
        if left.any():
            shift = (cells - found)[left, gene]
            assert_allclose(shift, shift[0], atol=1e-9)
            assert shift[0] >= -1e-12
            assert np.all(cells[~left, gene] <= shift[0] + 1e-9)


def test_lowered_as_a_search_for_the_shift():
    from scipy.optimize import brentq

    cells = expression(3)
    mean = 0.4 * cells.mean(axis=0)
    for gene in range(6):
        x = cells[:, gene]
        shift = brentq(lambda s, x=x, m=mean[gene]: np.maximum(x - s, 0).mean() - m, 0, x.max())
        assert_allclose(lowered(cells, mean)[:, gene], np.maximum(x - shift, 0), atol=1e-9)


def test_shifted_cells_have_the_predicted_mean_within_the_noise_of_the_draw():
    control = expression(1, n=400)
    delta = np.array([0.5, -0.2, 0.0, -9.0, 0.1, -0.1])
    means = np.array([shifted_cells(control, delta, 80, np.random.default_rng(s)).mean(axis=0) for s in range(200)])
    want = np.maximum(control.mean(axis=0) + delta, 0)
    assert_allclose(means.mean(axis=0), want, atol=4 * control.std() / np.sqrt(80 * 200))
    spread = means.std(axis=0)[[0, 1, 2, 4, 5]] / (control.std(axis=0) / np.sqrt(80))[[0, 1, 2, 4, 5]]
    assert_allclose(spread, 1, atol=0.2)  # as noisy as means of real cells, not pinned


def test_without_a_change_they_are_control_cells():
    control = expression(1)
    rng = np.random.default_rng(5)
    found = shifted_cells(control, np.zeros(6), 30, rng)
    assert all((row == control).all(axis=1).any() for row in found)
    assert_allclose(found, shifted_cells(control, np.zeros(6), 30, np.random.default_rng(5)))
    assert shifted_cells(control, np.full(6, -1.0), 0, rng).shape == (0, 6)
