"""Distances between sets of cells: against scipy and brute force, unbiased, and indifferent to order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import energy_distance as scipy_energy

from perturbome.models.referee import cell_scores as cs


def cells(seed=0, n_a=30, n_b=45, d=4, shift=0.5):
    """Two sets of cells, the first moved."""
    rng = np.random.default_rng(seed)
    return shift + rng.normal(size=(n_a, d)), rng.normal(size=(n_b, d))


def pairs(a, b, of, same=False):
    """Mean of a function of all distances; without a cell and itself where the sets are the same."""
    values = [of(np.linalg.norm(x - y)) for i, x in enumerate(a) for j, y in enumerate(b) if not (same and i == j)]
    return np.mean(values)


def test_energy_distance_by_brute_force():
    a, b = cells()
    want = 2 * pairs(a, b, float) - pairs(a, a, float, same=True) - pairs(b, b, float, same=True)
    assert cs.energy_distance(a, b) == pytest.approx(want, rel=1e-9)


def test_energy_distance_as_scipy_in_one_dimension():
    a, b = cells(d=1)
    within = [cdist(x, x).mean() * (len(x) / (len(x) - 1) - 1) for x in (a, b)]  # scipy counts a cell and itself
    assert cs.energy_distance(a, b) + sum(within) == pytest.approx(scipy_energy(a[:, 0], b[:, 0]) ** 2, rel=1e-9)


def test_mean_discrepancy_by_brute_force():
    a, b = cells()

    def kernel(d):
        return np.exp(-(d**2) / (2 * 1.3**2))

    want = pairs(a, a, kernel, same=True) + pairs(b, b, kernel, same=True) - 2 * pairs(a, b, kernel)
    assert cs.mean_discrepancy(a, b, 1.3) == pytest.approx(want, rel=1e-9)


def test_the_width_is_the_median_distance_of_the_measured_cells():
    a, b = cells()
    middle = np.median(cdist(b, b)[np.triu_indices(len(b), 1)])
    assert cs.median_distance(b) == pytest.approx(middle, rel=1e-6)
    assert cs.mean_discrepancy(a, b) == pytest.approx(cs.mean_discrepancy(a, b, middle), rel=1e-6)
    assert np.isnan(cs.mean_discrepancy(a, np.ones((5, 4))))


@pytest.mark.parametrize("score", [cs.energy_distance, cs.mean_discrepancy])
def test_in_blocks_as_at_once(score, monkeypatch):
    a, b = cells()
    want = score(a, b)
    monkeypatch.setattr(cs, "BLOCK", 7)
    assert score(a, b) == pytest.approx(want, rel=1e-9)
    assert cs.energy_distance(a, b) == pytest.approx(cs.energy_distance(a + 1e3, b + 1e3), rel=1e-6)
    assert cs.mean_discrepancy(a, b, 2.0) == pytest.approx(cs.mean_discrepancy(b, a, 2.0), rel=1e-9)


@pytest.mark.parametrize("score", [cs.energy_distance, lambda a, b: cs.mean_discrepancy(a, b, 2.0)])
def test_unbiased_at_unequal_numbers_of_cells(score):
    values = [score(*cells(seed, 8, 20, shift=0.0)) for seed in range(400)]
    assert abs(np.mean(values)) < 4 * np.std(values) / 20
    assert np.min(values) < 0 < score(*cells(shift=1.0))


@pytest.mark.parametrize("score", [cs.energy_distance, cs.mean_discrepancy, cs.spread_misfit])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_neither_the_order_of_cells_nor_of_genes_matters(score, seed):
    a, b = cells(seed)
    rng = np.random.default_rng(seed)
    genes = rng.permutation(4)
    again = score(a[rng.permutation(30)][:, genes], b[rng.permutation(45)][:, genes])
    assert again == pytest.approx(score(a, b), rel=1e-7, abs=1e-12)


def test_spread_ratio_by_numpy():
    a, b = cells()
    b[:, 1] = 2.0
    ratio = cs.spread_ratio(3 * a, b)
    assert np.isnan(ratio).tolist() == [False, True, False, False]
    np.testing.assert_allclose(ratio[[0, 2, 3]], 3 * np.std(a, 0, ddof=1)[[0, 2, 3]] / np.std(b, 0, ddof=1)[[0, 2, 3]])


def test_spread_misfit_of_other_spreads():
    a, _ = cells()
    assert cs.spread_misfit(a, a) == 0
    assert cs.spread_misfit(4 * a, a) == pytest.approx(2)
    assert cs.spread_misfit(a / 4, a) == pytest.approx(2)
    assert cs.spread_misfit(np.zeros((9, 4)), a) == np.inf


@pytest.mark.parametrize("score", [cs.energy_distance, cs.mean_discrepancy, cs.spread_misfit])
def test_one_cell_is_no_set(score):
    a, b = cells()
    assert np.isnan(score(a[:1], b))
    assert np.isnan(score(a, b[:1]))
