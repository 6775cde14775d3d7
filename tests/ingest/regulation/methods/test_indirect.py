"""Direct effects on linear networks whose answer is known, and chances against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from perturbome.ingest.regulation.methods.chances import TwoGroups, reach, weighed
from perturbome.ingest.regulation.methods.effects import Effects
from perturbome.ingest.regulation.methods.indirect import Slopes, direct_effects


def total_effects(D, own):
    """Changes [G, G] of a linear system x = x D + e when each gene i is held at own[i], by solving for the others."""
    n = D.shape[0]
    total = np.diag(own).astype(float)
    for i in range(n):
        rest = np.delete(np.arange(n), i)
        total[i, rest] = np.linalg.solve((np.eye(n - 1) - D[np.ix_(rest, rest)]).T, own[i] * D[i, rest])
    return total


def effects_of(D, own, error=1e-3):
    total = total_effects(D, own)
    return Effects(total, np.full(total.shape, error), np.arange(D.shape[0]))


def chain(weights):
    n = len(weights) + 1
    D = np.zeros((n + 6, n + 6))
    D[np.arange(n - 1), np.arange(1, n)] = weights
    return D


def test_a_cascade_leaves_its_links_alone():
    """0 -> 1 -> 2: the effect of 0 on 2 goes through 1."""
    D = chain([0.8, -0.7])
    direct = direct_effects(effects_of(D, np.full(9, -2.0)))
    np.testing.assert_allclose(direct.effect[[0, 1], [1, 2]], [-1.6, 1.4], rtol=0.02)
    assert abs(direct.effect[0, 2]) < 0.05 * 1.12
    assert abs(direct.z[0, 2]) < 1 < abs(direct.z[0, 1])


def test_a_feed_forward_loop_keeps_its_direct_arm():
    """0 -> 1 -> 2 and 0 -> 2: what is direct remains, in size and sign."""
    D = chain([0.8, 0.7])
    D[0, 2] = -0.9
    direct = direct_effects(effects_of(D, np.full(9, -1.0)))
    assert direct.effect[0, 2] == pytest.approx(0.9, rel=0.05)
    assert direct.z[0, 2] > 2


def test_no_change_of_a_gene_explains_more_than_its_loss():
    """1 was hardly lowered by its own perturbation, 0 lowers it four times as much: 2 owes that -1 at most."""
    delta = np.zeros((9, 9))
    np.fill_diagonal(delta, -0.5)
    delta[0, 1], delta[0, 2], delta[1, 2] = -2.0, -3.0, -1.0
    direct = direct_effects(Effects(delta, np.full((9, 9), 0.02), np.arange(9)))
    assert direct.effect[0, 2] == pytest.approx(-2.0, rel=0.1)


def test_a_fork_has_no_edge_between_its_arms():
    D = np.zeros((9, 9))
    D[0, [1, 2, 3]] = [0.9, -0.8, 0.7]
    direct = direct_effects(effects_of(D, np.full(9, -2.0)))
    np.testing.assert_allclose(direct.effect[0, [1, 2, 3]], [-1.8, 1.6, -1.4], rtol=0.05)
    assert np.abs(direct.z[1:]).max() < 1


@pytest.mark.parametrize("seed", range(4))
def test_a_noise_free_linear_network_is_recovered(seed):
    """Links of sparse acyclic networks come out with their sign, ahead of every pair without one."""
    rng = np.random.default_rng(seed)
    n = 25
    D = np.triu(rng.choice([0.0, 1.0], (n, n), p=[0.94, 0.06]) * rng.choice([-1, 1], (n, n)), 1)
    D *= rng.uniform(0.5, 1.0, (n, n))
    direct = direct_effects(effects_of(D, np.full(n, -1.0), error=1e-4))
    link, off = D != 0, ~np.eye(n, dtype=bool)
    assert (np.sign(direct.effect[link]) == -np.sign(D[link])).all()
    assert (np.argsort(np.argsort(np.abs(direct.effect)[off]))[link[off]] >= off.sum() - 1.25 * link.sum()).mean() > 0.9


def test_without_effects_z_is_that_of_the_total():
    rng = np.random.default_rng(0)
    delta = rng.normal(size=(40, 60))
    delta[np.arange(40), np.arange(40)] = -20
    direct = direct_effects(Effects(delta, np.ones((40, 60)), np.arange(40)))
    off = ~np.eye(40, 60, dtype=bool)
    np.testing.assert_allclose(direct.z[off], delta[off], rtol=0.05, atol=0.05)
    assert stats.kstest(direct.z[off], "norm").pvalue > 0.01


def test_order_of_genes_and_unit_of_a_gene_do_not_matter():
    D = chain([0.8, -0.7, 0.5])
    effects = effects_of(D, np.full(10, -2.0), 0.05)
    direct = direct_effects(effects)
    order = np.random.default_rng(0).permutation(10)
    moved = direct_effects(Effects(effects.delta[order][:, order], effects.error[order][:, order], np.arange(10)))
    np.testing.assert_allclose(moved.z, direct.z[order][:, order], atol=1e-9)
    unit = np.array([1, 10, 0.1, 3, 1, 1, 1, 1, 1, 7.0])
    scaled = direct_effects(Effects(effects.delta * unit, effects.error * unit, np.arange(10)))
    np.testing.assert_allclose(scaled.z, direct.z, atol=1e-8)
    np.testing.assert_allclose(scaled.effect, direct.effect * unit, atol=1e-8)


def test_activation_is_told_by_the_genes_own_rise_and_silence_is_loss():
    D = chain([0.8])
    raised = direct_effects(effects_of(D, np.full(8, 2.0)))
    assert (raised.sign == 1).all()
    effects = effects_of(D, np.full(8, -2.0), 0.1)
    effects.delta[0, 0] = 0.1  # its transcript stays, and what it did is lost
    silent = direct_effects(effects)
    assert silent.sign[0] == -1
    assert silent.own[0] == 0
    assert silent.z[0, 1] < -5


def test_a_way_through_a_gene_never_perturbed_is_taken_away_by_its_slope():
    """0 -> 1 -> 2 with 1 measured alone: the slope of 2 on 1 explains half of what 0 does to 2, and doubts the rest."""
    D = chain([0.8, -0.7])
    effects = effects_of(D, np.full(9, -2.0), 0.1)
    seen = np.delete(np.arange(9), 1)
    some = Effects(effects.delta[seen], effects.error[seen], seen)
    blind = direct_effects(some)
    told = direct_effects(some, Slopes(np.arange(9), D))
    assert blind.effect[0, 2] == pytest.approx(1.12, rel=0.05)
    assert told.effect[0, 2] == pytest.approx(1.12 / 2, rel=0.1)
    assert abs(told.z[0, 2]) < 1
    assert abs(blind.z[0, 2]) > 4
    np.testing.assert_allclose(told.z[0, 1], blind.z[0, 1])
    whole = direct_effects(effects, Slopes(np.arange(9), D))
    np.testing.assert_allclose(whole.z[:3], direct_effects(effects).z[:3], err_msg="perturbed genes need no slope")


def test_two_genes_that_keep_each_other_up_do_not_explain_their_regulator_away():
    """0 -> 1, 1 <-> 2: what 1 owes to 2 is what 2 owes to 1, and 0 -> 1 remains."""
    delta = np.zeros((12, 12))
    np.fill_diagonal(delta, -2.0)
    delta[0, 1:3] = delta[1, 2] = delta[2, 1] = -2.0  # whichever is lost, the others fall silent
    direct = direct_effects(Effects(delta, np.full((12, 12), 0.1), np.arange(12)))
    for link in ((0, 1), (0, 2), (1, 2), (2, 1)):
        assert direct.effect[link] < -1
        assert direct.z[link] < -2
    delta[2, 1] = 0.0  # only 1 keeps 2 up
    direct = direct_effects(Effects(delta, np.full((12, 12), 0.1), np.arange(12)))
    assert direct.z[0, 1] < -2
    assert abs(direct.z[0, 2]) < 1


def test_two_groups_against_brute_force():
    rng = np.random.default_rng(1)
    z = np.concatenate([rng.normal(size=9000), 6 * rng.normal(size=1000)])
    group = TwoGroups.fit(z)
    assert group.share == pytest.approx(0.1, abs=0.02)
    assert group.slab == pytest.approx(35, rel=0.15)
    real = stats.norm.pdf(z, scale=np.sqrt(1 + group.slab)) * group.share
    oracle = real / (real + stats.norm.pdf(z) * (1 - group.share))
    np.testing.assert_allclose(group.chance(z**2), oracle, rtol=1e-9)


def test_hubs_count_for_more_and_noise_weighs_all_alike():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(30, 200))
    itself = np.zeros(z.shape, bool)
    even = reach(z, itself)
    np.testing.assert_allclose(even, 1, atol=0.25)
    z[0, :40] += 6
    z[1:6, :3] += 6
    odds = reach(z, itself)
    assert odds[0].min() > 3 > odds[1:6].max() > odds[6:].max()
    z[9, 7] = 9.0
    odds = reach(z, itself)
    assert odds[9, 7] < 0.7 * odds[9, 8], "a pair counts for its neighbours and not for itself"


def test_regulators_that_are_alike_weigh_the_same():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(60, 100)) + 7 * (rng.random((60, 100)) < 0.05)
    odds = reach(z, np.zeros(z.shape, bool))
    assert 0.7 < odds.min() < odds.max() < 1.5


@given(st.floats(-30, 30), st.floats(1e-3, 1e3))
def test_weighed_z_has_the_odds_of_its_p_divided(z, odds):
    p = 2 * special.ndtr(-abs(z))
    again = float(weighed(np.array(z), np.array(odds)))
    assert again == 0 or np.sign(again) == np.sign(z)
    assert 2 * special.ndtr(-abs(again)) == pytest.approx(p / (p + odds * (1 - p)), rel=1e-6, abs=1e-280)
