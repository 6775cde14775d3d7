"""The null of importances: against counting by hand, and calm where nothing is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from perturbome.ingest.regulation.methods.shadows import PRIOR_DRAWS, Null

P, G, S = 6, 40, 8


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Shadows of regulators some of which look ten times as important as others; the last target has none."""
    rng = np.random.default_rng(0)
    shadow = rng.integers(P, size=(S, G))
    importance = np.array([1, 1, 1, 2, 5, 10])[shadow] * rng.lognormal(-5, 0.4, size=(S, G))
    importance[:, -1] = np.nan
    return shadow, importance


def test_p_is_counted_by_hand(drawn):
    """Oracle: every shadow divided by the level of the others of its regulator, counted one by one."""
    shadow, importance = drawn
    null = Null.of(shadow, importance, P)
    there = np.isfinite(importance)
    mean = importance[there].mean()
    pool = []
    for i in range(P):
        mine = importance[there & (shadow == i)]
        level = (mine.sum() + PRIOR_DRAWS * mean) / (mine.size + PRIOR_DRAWS) / mean
        assert null.level[i] == pytest.approx(level)
        for k, value in enumerate(mine):
            rest = np.delete(mine, k)
            pool.append(value / ((rest.sum() + PRIOR_DRAWS * mean) / (rest.size + PRIOR_DRAWS) / mean))
    np.testing.assert_allclose(null.pool, np.sort(pool))
    real = np.random.default_rng(1).lognormal(-5, 1, size=(P, G))
    for i, j in ((0, 0), (5, 3), (4, 39)):
        above = sum(value >= real[i, j] / null.level[i] for value in pool)
        assert null.p(real)[i, j] == pytest.approx((1 + above) / (1 + len(pool)))


def test_strength_is_in_the_order_of_p_and_goes_on_beyond_it(drawn):
    null = Null.of(*drawn, P)
    real = np.sort(np.random.default_rng(1).lognormal(-3, 2, size=P * G)).reshape(P, G) * null.level[:, None]
    p, strength = null.p(real).ravel(), null.strength(real).ravel()
    assert (np.diff(p) <= 0).all()
    assert (np.diff(strength) >= 0).all()
    assert (np.diff(strength[-50:]) > 0).all()
    assert (p == p.min()).sum() > 10
    z = (np.log(real / null.level[:, None]) - null.centre) / null.spread
    np.testing.assert_allclose(2 * stats.norm.sf(strength), stats.norm.sf(z).ravel(), rtol=1e-6)


def test_more_of_what_shadows_are_is_null(drawn):
    """Importances drawn as the shadows are have uniform p, whatever their regulator's level."""
    rng = np.random.default_rng(2)
    shadow = rng.integers(P, size=(S, 300))
    null = Null.of(shadow, np.array([1, 1, 1, 2, 5, 10])[shadow] * rng.lognormal(-5, 0.4, size=(S, 300)), P)
    real = np.array([1, 1, 1, 2, 5, 10])[:, None] * rng.lognormal(-5, 0.4, size=(P, 300))
    p = null.p(real)
    for rows in (slice(0, 3), slice(3, 6)):
        for level in (0.5, 0.1, 0.02):
            assert (p[rows] <= level).mean() == pytest.approx(level, rel=0.25, abs=0.01)


def test_what_a_shadow_has_is_no_excess(drawn):
    shadow, importance = drawn
    null = Null.of(shadow, importance, P)
    expected = np.outer(null.level, null.base)
    np.testing.assert_allclose(null.excess(expected + 0.25), 0.25)
    assert (null.excess(expected * 0.9) == 0).all()
    assert null.base[-1] == 0


def test_the_unit_of_importance_does_not_matter(drawn):
    shadow, importance = drawn
    one, other = Null.of(shadow, importance, P), Null.of(shadow, 1000 * importance, P)
    real = np.random.default_rng(3).lognormal(-5, 1, size=(P, G))
    np.testing.assert_array_equal(one.p(real), other.p(1000 * real))
    np.testing.assert_allclose(one.strength(real), other.strength(1000 * real), rtol=1e-9)


@pytest.mark.parametrize("importance", [np.full((2, 3), np.nan), np.zeros((2, 3))])
def test_without_any_importance_nothing_is_significant(importance):
    null = Null.of(np.zeros((2, 3), int), importance, 2)
    assert (null.p(np.zeros((2, 3))) == 1).all()
    assert np.isfinite(null.strength(np.zeros((2, 3)))).all()
