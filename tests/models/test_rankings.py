"""Target rankings: against scipy, and on a network whose cause is known."""

import numpy as np
import pytest
from scipy import sparse, stats

from perturbome.models.difference import DifferenceRanking
from perturbome.models.inversion import InversionRanking, match, standardise
from perturbome.models.moments import Moments, group_moments
from perturbome.models.network import from_edges
from perturbome.models.regulon import RegulonRanking, univariate_t

G, R = 60, 10
GENES = tuple(f"g{i}" for i in range(G))


@pytest.fixture
def world():
    """Ten regulators with twelve signed targets each, two groups of cells: regulator 3 is lost in the second."""
    rng = np.random.default_rng(11)
    weights = np.zeros((G, G))
    for r in range(R):
        weights[r, rng.choice(np.arange(R, G), 12, replace=False)] = rng.choice([-1, 1], 12) * rng.uniform(0.3, 0.8, 12)
    network = from_edges(
        GENES, *(np.array(GENES)[ends] for ends in np.nonzero(weights)), weights[np.nonzero(weights)],
        np.full(np.count_nonzero(weights), 1e-6), np.ones(np.count_nonzero(weights)),
    )  # fmt: skip
    before = rng.normal(2.0, 1.0, size=(200, G))
    after = rng.normal(2.0, 1.0, size=(200, G)) - weights[3]
    x = np.maximum(np.vstack([before, after]), 0)
    moments = group_moments(sparse.csr_matrix(x), np.repeat([0, 1], 200), 2)
    return network, moments[[0]], moments[[1]], x


def test_univariate_t_is_linregress(world):
    network, *_ = world
    t = np.random.default_rng(0).normal(size=G)
    weights = network.matrix(np.ones(G))
    found = univariate_t(weights, t)
    for r in range(R):
        line = stats.linregress(weights[r].toarray().ravel(), t)
        assert found[r] == pytest.approx(line.slope / line.stderr)
    assert (found[R:] == 0).all()


def test_match_is_fishers_z_of_pearson():
    rng = np.random.default_rng(1)
    profile, t = rng.normal(size=(2, 30)), rng.normal(size=30)
    counted = np.ones((2, 30), bool)
    expected = [np.arctanh(np.corrcoef(p, t)[0, 1]) * np.sqrt(27) for p in profile]
    np.testing.assert_allclose(match(standardise(profile, counted), t), expected)
    assert not standardise(np.full((1, 30), 0.3), counted[:1]).any()


@pytest.mark.parametrize("model", [InversionRanking, RegulonRanking])
def test_the_lost_regulator_is_found_without_its_own_expression(world, model):
    network, before, after, _ = world
    ranking = model(network).rank(before, after, GENES)
    assert ranking.rank[3] == 1
    assert ranking.direction[3] == -1
    assert ranking.q[3] < 0.05


def test_a_gain_is_told_from_a_loss(world):
    network, before, after, _ = world
    ranking = InversionRanking(network).rank(after, before, GENES)
    assert (ranking.rank[3], ranking.direction[3]) == (1, 1)


def test_difference_is_scipys_welch(world):
    _, before, after, x = world
    ranking = DifferenceRanking().rank(before, after, GENES)
    expected = stats.ttest_ind(x[200:], x[:200], equal_var=False)
    np.testing.assert_allclose(ranking.score, np.abs(expected.statistic), rtol=1e-9)
    np.testing.assert_allclose(ranking.q, stats.false_discovery_control(expected.pvalue), rtol=1e-6)
    assert sorted(ranking.rank) == list(range(1, G + 1))


def test_inversion_follows_the_genes_when_they_are_permuted(world):
    network, before, after, _ = world
    order = np.random.default_rng(2).permutation(G)
    turned = from_edges(
        [GENES[i] for i in order], np.array(GENES)[network.source], np.array(GENES)[network.target], network.weight,
        np.full(len(network.weight), 1e-6), network.stability,
    )  # fmt: skip
    pick = [Moments(m.n, m.total[:, order], m.squares[:, order]) for m in (before, after)]
    found = InversionRanking(turned).rank(*pick, turned.genes)
    np.testing.assert_allclose(found.score, InversionRanking(network).rank(before, after, GENES).score[order])


def test_no_change_gives_no_confident_cause(world):
    network, before, _, _ = world
    rng = np.random.default_rng(4)
    x = sparse.csr_matrix(np.maximum(rng.normal(2, 1, size=(400, G)), 0))
    moments = group_moments(x, np.repeat([0, 1], 200), 2)
    assert InversionRanking(network).rank(moments[[0]], moments[[1]], GENES).q.min() > 0.05
    same = InversionRanking(network).rank(before, before, GENES)
    assert np.isfinite(same.score).all()
