"""The forest of one target against scikit-learn's own, and what it may not depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from perturbome.ingest.regulation.methods.forest import Ground, draw_bags, grow

ensemble = pytest.importorskip("sklearn.ensemble")
N, P = 200, 6


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(N, P)).astype(np.float32)


@pytest.fixture(scope="module")
def y(x) -> np.ndarray:
    return 2.0 * x[:, 1] - x[:, 4] + 0.5 * np.random.default_rng(1).normal(size=N)


def ground(x: np.ndarray, n_bags: int = 12, per_bag: int = 10, n_shadows: int = 3) -> Ground:
    return Ground(x, draw_bags(np.arange(len(x), dtype=np.uint64), n_bags, 5), per_bag, 3, n_shadows, seed=9)


ALL = np.arange(N)


def test_importances_are_those_of_scikit_learns_forest(x, y):
    """Oracle: ExtraTreesRegressor with bootstraps on the same regulators and three shuffled ones, in the mean."""
    grown = grow(ground(x, 40), "target", y, ALL, -1)
    shuffled = x[np.random.default_rng(2).permutation(N)][:, :3]
    oracle = ensemble.ExtraTreesRegressor(
        400, max_features="sqrt", min_samples_leaf=3, bootstrap=True, random_state=0
    ).fit(np.hstack([x, shuffled]), y)
    mine = np.abs(grown.importance).mean(0)
    np.testing.assert_allclose(mine, oracle.feature_importances_[:P], atol=0.02)
    assert 0.98 < mine.sum() + grown.null.sum() <= 1 + 1e-5  # a tree that finds no split has no importance


def test_signs_are_those_of_the_correlation_in_the_cells_drawn(x, y):
    whole = ground(x)
    grown = grow(whole, "target", y, ALL, -1)
    assert grown.sign[[1, 4]].tolist() == [1, -1]
    for bag, importance in zip(whole.bags, grown.importance, strict=True):
        r = np.corrcoef(np.repeat(y, bag), np.repeat(x, bag, axis=0).T)[0, 1:]
        np.testing.assert_array_equal(np.sign(importance), np.sign(r) * (importance != 0))


def test_cells_left_out_might_not_be_there(x, y):
    """Whatever stands in the cells left out, in the target or the regulators, the forest is the same."""
    rows = np.setdiff1d(ALL, np.arange(40, 90))
    changed_x, changed_y = x.copy(), y.copy()
    changed_x[40:90] = 100.0
    changed_y[40:90] = -50.0
    one = grow(ground(x), "target", y, rows, -1)
    other = grow(ground(changed_x), "target", changed_y, rows, -1)
    np.testing.assert_array_equal(one.importance, other.importance)


def test_a_regulator_is_not_among_its_own(x, y):
    grown = grow(ground(x), "target", x[:, 2].astype(float), ALL, 2)
    assert 2 not in grown.allowed
    assert 2 not in grown.shadow
    assert grown.importance.shape == (12, P - 1)


def test_randomness_comes_from_seed_and_name(x, y):
    one, again, other = (grow(ground(x), name, y, ALL, -1) for name in ("A", "A", "B"))
    np.testing.assert_array_equal(one.importance, again.importance)
    assert (one.importance != other.importance).any()
    reseeded = grow(replace(ground(x), seed=10), "A", y, ALL, -1)
    assert (one.importance != reseeded.importance).any()


def test_unit_and_offset_of_the_target_do_not_matter(x, y):
    one, other = (grow(ground(x), "target", v, ALL, -1) for v in (y, 1e-3 * y + 7))
    np.testing.assert_allclose(one.importance, other.importance, atol=0.02)  # rounding parts equals otherwise
    np.testing.assert_allclose(one.importance.mean(0), other.importance.mean(0), atol=1e-3)


def test_more_shadows_than_regulators_are_shuffled_more_than_once(x, y):
    grown = grow(ground(x, n_shadows=11), "target", y, ALL, -1)
    assert grown.null.shape == grown.shadow.shape == (11,)
    assert sorted(grown.shadow[:P]) == list(range(P))
    assert np.unique(grown.null).size == 11


@pytest.mark.parametrize(("y", "rows", "own"), [(np.ones(N), ALL, -1), (np.arange(N) * 1.0, ALL[:1], -1)])
def test_there_is_no_forest_of_a_constant_target(x, y, rows, own):
    assert grow(ground(x), "target", y, rows, own) is None


def test_there_is_no_forest_without_regulators(x):
    assert grow(ground(x[:, :1]), "target", x[:, 0].astype(float), ALL, 0) is None


def test_bags_are_bootstraps():
    """As often 0, 1, 2... times as a Poisson variable of mean 1, each cell by its key and apart from others."""
    key = np.random.default_rng(0).permutation(5000).astype(np.uint64)
    bags = draw_bags(key, 40, 0)
    expected = stats.poisson.pmf(np.arange(6), 1)
    np.testing.assert_allclose(np.bincount(bags.ravel(), minlength=6)[:6] / bags.size, expected, atol=0.003)
    np.testing.assert_array_equal(draw_bags(key[1000:1500], 40, 0), bags[:, 1000:1500])
    assert np.abs(np.corrcoef(bags.astype(float))[np.triu_indices(40, 1)]).max() < 0.07
