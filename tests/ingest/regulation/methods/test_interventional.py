"""The method as a whole: calibrated on noise, better than totals on networks, sure of its signs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse, stats

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods.effects import Experiment
from perturbome.ingest.regulation.methods.interventional import interventional

PLAIN = Options(n_bootstraps=0)


def linear_network(n=40, seed=0, hubs=6):
    """D [n, n]: hubs with many targets and a cascade below them, signs mixed, no loops."""
    rng = np.random.default_rng(seed)
    D = np.zeros((n, n))
    for target in range(1, n):
        sources = rng.choice(min(target, hubs + 6), size=min(target, 1 + rng.poisson(0.8)), replace=False)
        D[sources, target] = rng.uniform(0.5, 1.1, sources.size) * rng.choice([-1, 1], sources.size)
    return D


def cells_of(D, *, n_each=10, n_control=100, activated=(), kept=(), noise=1.0, seed=0, form=np.asarray) -> Cells:
    """Cells of a linear system with every gene held at -2 (+2 where activated) in turn; `kept` lose function alone."""
    rng = np.random.default_rng(seed)
    n = D.shape[0]
    blocks, perturbed = [], [np.zeros((n_control, n), bool)]
    blocks.append(noise * rng.normal(size=(n_control, n)) @ np.linalg.inv(np.eye(n) - D))
    for gene in range(n):
        held = D.copy()
        held[:, gene] = 0
        shocks = noise * rng.normal(size=(n_each, n))
        shocks[:, gene] = 2.0 if gene in activated else -2.0
        x = shocks @ np.linalg.inv(np.eye(n) - held)
        if gene in kept:
            x[:, gene] = noise * rng.normal(size=n_each)
        blocks.append(x)
        which = np.zeros((n_each, n), bool)
        which[:, gene] = True
        perturbed.append(which)
    X = np.vstack(blocks) + 10 + 0.3 * noise * rng.normal(size=(n_control + n * n_each, n))
    return Cells.of(form(X), np.arange(n), perturbed=np.vstack(perturbed), aimed=np.arange(n))


def precision_at_truth(strength, D):
    """Share of true links among as many strongest pairs."""
    off = ~np.eye(D.shape[0], dtype=bool)
    links = (D != 0)[off]
    return links[np.argsort(-strength[off])[: links.sum()]].mean()


@pytest.mark.parametrize("seed", range(3))
def test_links_are_found_better_than_by_total_effects(seed):
    D = linear_network(seed=seed)
    cells = cells_of(D, seed=seed)
    evidence = interventional(cells, PLAIN)
    effects = Experiment.of(cells).effects()
    total = precision_at_truth(np.abs(effects.delta / effects.error), D)
    assert precision_at_truth(evidence.strength, D) > total + 0.05


def test_signs_are_those_of_the_network_for_loss_and_gain_alike():
    D = linear_network()
    evidence = interventional(cells_of(D, n_each=40, activated=range(0, 40, 3), kept=(4, 8)), PLAIN)
    sure = (evidence.strength > 5) & (D != 0)
    assert sure.sum() > 15
    assert (np.sign(evidence.weight[sure]) == np.sign(D[sure])).mean() > 0.97
    assert sure[[4, 8]].any(), "a regulator whose transcript stays is known by what its loss does"


def test_weight_is_the_change_per_standard_deviation_of_the_regulator():
    """Oracle: one link of slope 0.8; per standard deviation of the regulator over all cells, 0.8 times that."""
    D = np.zeros((12, 12))
    D[0, 1] = 0.8
    cells = cells_of(D, n_each=200, n_control=2000)
    evidence = interventional(cells, PLAIN)
    assert evidence.weight[0, 1] == pytest.approx(0.8 * np.asarray(cells.X)[:, 0].std(), rel=0.1)


def test_p_is_uniform_where_labels_are_shuffled():
    cells = cells_of(linear_network(seed=1), n_each=6)
    shuffled = np.random.default_rng(3).permutation(cells.X.shape[0])
    evidence = interventional(replace(cells, X=cells.X[shuffled]), PLAIN)
    p = evidence.p[~np.eye(40, dtype=bool)]
    assert abs((p < 0.05).mean() - 0.05) < 0.02
    assert abs((p < 0.5).mean() - 0.5) < 0.05
    assert (p < 1e-4).mean() < 1e-3


def test_few_cells_of_counts_are_not_called_regulation():
    rng = np.random.default_rng(0)
    n_regulators, sizes = 40, rng.integers(1, 9, 40)
    perturbed = np.vstack([np.zeros((300, 40), bool), np.repeat(np.eye(40, dtype=bool), sizes, 0)])
    rate = np.exp(rng.normal(-1, 1.5, 150))
    X = np.log1p(rng.poisson(rate, size=(perturbed.shape[0], 150))).astype(np.float32)
    cells = Cells.of(sparse.csr_matrix(X), np.arange(n_regulators), perturbed=perturbed, aimed=np.arange(40))
    evidence = interventional(cells, PLAIN)
    assert (evidence.p < 1e-3).mean() < 4e-3
    assert (evidence.p < 0.05).mean() < 0.08
    assert evidence.strength.max() < 6


def test_a_perturbation_without_effect_has_no_edge():
    D = linear_network()
    D[30:] = 0
    evidence = interventional(cells_of(D), PLAIN)
    adjusted = evidence.p[30:][~np.eye(40, dtype=bool)[30:]] * 390
    assert adjusted.min() > 0.01


def test_regulators_never_perturbed_have_no_evidence():
    cells = cells_of(linear_network())
    some = replace(cells, perturbed=cells.perturbed[:, 5:], aimed=cells.aimed[5:])
    some = replace(some, regulators=np.array([0, 3, 8, 20]), control=cells.control)
    evidence = interventional(some, Options(n_bootstraps=2))
    for values in (evidence.weight, evidence.strength, evidence.p, evidence.refit(0)):
        assert np.isnan(values[:2]).all()
        assert np.isfinite(values[2:]).all()
    assert any("2 of 4 regulators" in s for s in evidence.said)


def test_order_of_cells_and_genes_does_not_matter_nor_in_bootstraps():
    cells = cells_of(linear_network(n=20), n_each=4, n_control=8)
    rng = np.random.default_rng(5)
    rows, columns = rng.permutation(cells.X.shape[0]), rng.permutation(20)
    place = np.argsort(columns)
    moved = Cells.of(
        cells.X[rows][:, columns], np.arange(20), genes=[cells.genes[c] for c in columns], key=cells.key[rows],
        perturbed=cells.perturbed[rows], aimed=place[cells.aimed],
    )  # fmt: skip
    one, two = (interventional(c, Options(n_bootstraps=2, seed=4)) for c in (cells, moved))
    np.testing.assert_allclose(two.strength, one.strength[columns][:, columns], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(two.weight, one.weight[columns][:, columns], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(two.refit(1), one.refit(1)[columns][:, columns], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("n_each", [1, 3, 30])
def test_bootstraps_find_the_links_again_and_differ_from_each_other(n_each):
    D = linear_network()
    evidence = interventional(cells_of(D, n_each=n_each, noise=0.2), Options(n_bootstraps=5))
    sure = (evidence.p < 1e-6) & ~np.eye(40, dtype=bool)
    again = np.stack([evidence.refit(b) for b in range(5)])
    assert np.corrcoef(again[:, sure].mean(0), (np.sign(evidence.weight) * evidence.strength)[sure])[0, 1] > 0.9
    assert (np.sign(again[:, sure]) == np.sign(evidence.weight[sure])).mean() > 0.95
    assert again.std(0)[sure].min() > 0
    np.testing.assert_array_equal(evidence.refit(3), evidence.refit(3))
    assert any("fewer than 5 cells" in s for s in evidence.said) == (n_each < 5)


def test_a_sparse_matrix_gives_the_same():
    D = linear_network(n=15)
    dense, csr = (interventional(cells_of(D, form=form), PLAIN) for form in (np.asarray, sparse.csr_matrix))
    np.testing.assert_allclose(csr.strength, dense.strength, rtol=1e-6, atol=1e-8)


def test_without_replicates_or_with_nothing_told_apart_it_says_so():
    X = np.random.default_rng(0).normal(size=(4, 6))
    single = Cells.of(X, np.arange(6), perturbed=np.eye(4, 3, -1, bool), aimed=np.arange(3))
    evidence = interventional(single, PLAIN)
    assert np.isnan(evidence.strength).all()
    assert "nothing tells an effect from noise" in evidence.said[0]
    both = np.zeros((40, 2), bool)
    both[20:] = True
    X = np.random.default_rng(0).normal(size=(40, 6))
    evidence = interventional(Cells.of(X, np.arange(6), perturbed=both, aimed=np.arange(2)), PLAIN)
    assert np.isnan(evidence.strength).all()
    assert "together" in evidence.said[0]


def test_null_p_of_normal_cells_is_uniform_by_kolmogorov_and_smirnov():
    rng = np.random.default_rng(8)
    perturbed = np.vstack([np.zeros((60, 12), bool), np.repeat(np.eye(12, dtype=bool), 8, 0)])
    X = rng.normal(size=(perturbed.shape[0], 120)) * rng.uniform(0.5, 2, 120)
    evidence = interventional(Cells.of(X, np.arange(12), perturbed=perturbed, aimed=np.arange(12)), PLAIN)
    p = evidence.p[:, 12:]
    # The mean of the controls is shared: p of one gene hang together, so each gene has one draw here.
    assert stats.kstest(p[np.arange(108) % 12, np.arange(108)], "uniform").pvalue > 0.01
