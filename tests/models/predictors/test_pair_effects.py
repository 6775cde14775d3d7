"""Coefficients of what is known of pairs: those of least squares and a jackknife by hand; nothing enters by chance."""

import numpy as np
import pytest
from scipy import sparse

from perturbome.models.data import from_arrays
from perturbome.models.data.split_choice import nothing_held_out
from perturbome.models.predictors.features import Features, GeneGraph
from perturbome.models.predictors.pair_effects import around_mean, fit_pair_effects
from perturbome.models.predictors.pair_features import gene_pairs

from .conftest import GENES, N_GENES, simulate

N_TARGETS = 16


@pytest.fixture(scope="module")
def table():
    data = from_arrays(**simulate([(), *((i,) for i in range(N_TARGETS))], cells=6))
    return data.with_split(nothing_held_out(data.conditions)).training


def edges(seed, regulators=N_GENES, density=0.3):
    """A regulation drawn at random, its edges from the first genes only."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(N_GENES, N_GENES)) * (rng.random((N_GENES, N_GENES)) < density)
    w[regulators:] = 0
    return GeneGraph(tuple(GENES), sparse.csr_matrix(w))


def known(*graphs):
    return gene_pairs(Features(regulation={f"r{i}": g for i, g in enumerate(graphs)}))


def drawn(table, pairs, beta, seed, together=0.0):
    """y = sum_k beta_k phi_k + noise, of which a share is common to all genes of a condition."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=table.delta.shape) + together * rng.normal(size=(len(table), 1))
    for b, one in zip(beta, pairs.values(), strict=True):
        y += b * around_mean(table, GENES, one, table.conditions)[0]
    return y


def by_hand(y, table, pairs, noise):
    """Coefficients and covariance of weighted least squares over all pairs, each group left out in turn."""
    phis = [np.where(table.own(), 0, around_mean(table, GENES, p, table.conditions)[0]) for p in pairs.values()]
    y = np.where(table.own(), 0, y)
    weight = np.sqrt(1 / (max(np.mean(y**2) - noise.mean(), 0) + noise))[:, None]

    def fit(rows):
        x = np.stack([(weight * p)[rows].ravel() for p in phis], axis=1)
        return np.linalg.lstsq(x, (weight * y)[rows].ravel(), rcond=None)[0]

    every = np.arange(len(table))
    left_out = np.array([fit(every[every != i]) for i in every])
    spread = left_out - fit(every)
    return fit(every), (len(every) - 1) / len(every) * spread.T @ spread


def test_coefficients_and_errors_are_those_of_least_squares_by_hand(table):
    pairs = known(edges(1), edges(2))
    y = drawn(table, pairs, (1.0, -0.7), 3)
    noise = 1 / table.n
    found = fit_pair_effects(y, noise, table, GENES, pairs)
    beta, covariance = by_hand(y, table, pairs, noise)
    t = beta / np.sqrt(np.diag(covariance))
    order = [list(pairs).index(name) for name in found.pairs]
    beta, covariance, t = beta[order], covariance[np.ix_(order, order)], t[order]
    assert sorted(found.pairs) == list(pairs)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-8)
    np.testing.assert_allclose(found.t, t, rtol=1e-8)
    np.testing.assert_allclose(found.beta, beta * (1 - 1 / t**2), rtol=1e-8)
    assert found.beta == pytest.approx(np.array([1.0, -0.7])[order], abs=0.2)


def test_chance_seldom_enters_though_genes_move_together(table):
    entered = 0
    for seed in range(60):
        pairs = known(*(edges(100 + 3 * seed + k) for k in range(3)))
        y = drawn(table, pairs, (0, 0, 0), seed, together=2.0)
        entered += len(fit_pair_effects(y, 1 / table.n, table, GENES, pairs).pairs) > 0
    assert entered <= 9  # 5 % of 60 is 3; nine or more have a chance of 0.3 %


def test_what_one_target_carries_does_not_enter_however_well_it_fits(table):
    pairs = known(edges(1, regulators=1, density=0.9))
    found = fit_pair_effects(drawn(table, pairs, (5.0,), 4), 1 / table.n, table, GENES, pairs)
    assert not found.pairs
    assert found.said == ("What is known of pairs of genes tells no more of the changes than chance: regulation r0.",)
    mean, variance, tied = found.of(table.conditions)
    assert not any(part.any() for part in (mean, variance, tied))


def test_the_unit_of_what_is_known_does_not_matter(table):
    graph = edges(1)
    larger = GeneGraph(graph.genes, graph.weights * 37.0)
    y = drawn(table, known(graph), (1.0,), 5)
    one, other = (fit_pair_effects(y, 1 / table.n, table, GENES, known(g)) for g in (graph, larger))
    for a, b in zip(one.of(table.conditions), other.of(table.conditions), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_the_same_knowledge_twice_counts_once(table):
    graph = edges(1)
    y = drawn(table, known(graph), (1.0,), 6)
    once, twice = (fit_pair_effects(y, 1 / table.n, table, GENES, p) for p in (known(graph), known(graph, graph)))
    assert len(twice.pairs) == 1
    assert twice.said[0].startswith("Changes follow what is known of the perturbed and the measured gene: regulation r")
    np.testing.assert_array_equal(once.of(table.conditions)[0], twice.of(table.conditions)[0])
