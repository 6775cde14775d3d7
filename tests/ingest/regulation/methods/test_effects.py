"""Total effects against least squares, statsmodels' sums by hand and scipy's distributions; noise from few cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse, special, stats

from perturbome.ingest.regulation.method import Cells
from perturbome.ingest.regulation.methods.conditions import Conditions
from perturbome.ingest.regulation.methods.effects import Experiment, baseline
from perturbome.ingest.regulation.methods.noise import NO_PRIOR, inverse_trigamma, noise_of, shape_of, shared_variance
from perturbome.ingest.regulation.methods.tails import normal_of_skewed, normal_of_t

G = 14
AIMED = np.array([1, 4, 9])


def screen(n_control=40, sizes=(12, 7, 20), doubles=9, seed=0) -> Cells:
    """Gene 1 raises genes 2 and 3, gene 4 lowers gene 5, gene 9 does nothing; some cells have 1 and 4 perturbed."""
    rng = np.random.default_rng(seed)
    perturbed = np.zeros((n_control + sum(sizes) + doubles, 3), bool)
    start = n_control
    for i, size in enumerate(sizes):
        perturbed[start : start + size, i] = True
        start += size
    perturbed[start:, [0, 1]] = True
    X = 3 + rng.normal(size=(perturbed.shape[0], G))
    for i, column in enumerate(AIMED):
        X[perturbed[:, i], column] -= 2.5
    X[perturbed[:, 0], 2:4] -= 1.5
    X[perturbed[:, 1], 5] += 2.0
    order = rng.permutation(X.shape[0])
    return Cells.of(X[order], np.arange(G), perturbed=perturbed[order], aimed=AIMED)


def test_doubles_count_for_both_genes_as_least_squares_has_it():
    """Oracle: the multi-hot design fitted to every cell, the mean of the controls taken as given."""
    cells = screen()
    effects = Experiment.of(cells).effects()
    treated = ~cells.control
    Y = cells.X[treated] - cells.X[cells.control].mean(0)
    oracle = np.linalg.lstsq(cells.perturbed[treated].astype(float), Y, rcond=None)[0]
    np.testing.assert_allclose(effects.delta, oracle, atol=1e-9)


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_effects_of_single_perturbations_are_differences_of_means(form):
    cells = replace(screen(doubles=0), X=form(screen(doubles=0).X))
    effects = Experiment.of(cells).effects()
    X = screen(doubles=0).X
    for i in range(3):
        expected = X[cells.perturbed[:, i]].mean(0) - X[cells.control].mean(0)
        np.testing.assert_allclose(effects.delta[i], expected, atol=1e-9)


def test_errors_are_those_of_the_pooled_t_test_where_the_noise_is_alike():
    """Oracle: Student's t with the pooled variance; genes lend strength, so the two agree to a few per cent."""
    cells = screen(n_control=400, sizes=(150, 60, 90), doubles=0)
    effects = Experiment.of(cells).effects()
    for i in range(3):
        mine, rest = cells.X[cells.perturbed[:, i]], cells.X[cells.control]
        p = stats.ttest_ind(mine, rest).pvalue
        z = np.abs(effects.delta[i] / effects.error[i])
        away = np.setdiff1d(np.arange(G), AIMED)
        np.testing.assert_allclose(z[away], -special.ndtri(p[away] / 2), rtol=0.12, atol=0.06)


def test_errors_of_doubles_are_those_of_least_squares():
    """Oracle: the standard errors of ordinary least squares with an intercept differ little where controls abound."""
    cells = screen(n_control=4000, sizes=(300, 300, 300), doubles=200, seed=3)
    effects = Experiment.of(cells).effects()
    design = np.column_stack([np.ones(cells.X.shape[0]), cells.perturbed])
    beta, rss, *_ = np.linalg.lstsq(design, cells.X, rcond=None)
    inverse = np.diag(np.linalg.inv(design.T @ design))[1:]
    error = np.sqrt(inverse[:, None] * rss / (design.shape[0] - 4))
    away = np.setdiff1d(np.arange(G), [1, 2, 3, 4, 5, 9])
    np.testing.assert_allclose(effects.error[:, away], error[:, away], rtol=0.1)
    np.testing.assert_allclose(effects.delta[:, away], beta[1:, away], atol=0.02)


def test_order_of_cells_and_genes_does_not_matter():
    cells = screen(sizes=(3, 1, 8))
    effects = Experiment.of(cells).effects()
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(cells.X.shape[0]), rng.permutation(G)
    place = np.argsort(columns)
    moved = Cells.of(cells.X[rows][:, columns], np.arange(G), perturbed=cells.perturbed[rows], aimed=place[AIMED])
    again = Experiment.of(moved).effects()
    np.testing.assert_allclose(again.delta, effects.delta[:, columns], atol=1e-9)
    np.testing.assert_allclose(again.error, effects.error[:, columns], rtol=1e-6)


def test_duplicated_controls_move_no_effect_and_make_it_surer():
    cells = screen()
    twice = np.concatenate([np.arange(cells.X.shape[0]), np.flatnonzero(cells.control)])
    more = Cells.of(cells.X[twice], np.arange(G), perturbed=cells.perturbed[twice], aimed=AIMED)
    before, after = Experiment.of(cells).effects(), Experiment.of(more).effects()
    np.testing.assert_allclose(after.delta, before.delta, atol=1e-9)
    assert np.median(after.error / before.error) < 1


def test_cells_that_are_neither_control_nor_perturbed_are_not_looked_at():
    cells = screen()
    other = np.vstack([cells.X, np.full((5, G), 100.0)])
    more = replace(
        cells, X=other, key=np.arange(other.shape[0]), perturbed=np.vstack([cells.perturbed, np.zeros((5, 3), bool)]),
        control=np.concatenate([cells.control, np.zeros(5, bool)]), time=np.full(other.shape[0], np.nan),
    )  # fmt: skip
    np.testing.assert_allclose(Experiment.of(more).effects().delta, Experiment.of(cells).effects().delta, atol=1e-9)


def test_genes_only_ever_perturbed_together_are_not_told_apart():
    cells = screen()
    together = cells.perturbed.copy()
    together[:, 1] = together[:, 0] = cells.perturbed[:, 0] | cells.perturbed[:, 1]
    found = Experiment.of(replace(cells, perturbed=together))
    np.testing.assert_array_equal(found.told, [False, False, True])
    np.testing.assert_array_equal(found.effects().aimed, [9])


def test_three_cells_that_agree_by_chance_prove_nothing():
    cells = screen(sizes=(12, 3, 20), doubles=0)
    X = cells.X.copy()
    X[cells.perturbed[:, 1]] = X[cells.control].mean(0) + 1e-3
    effects = Experiment.of(replace(cells, X=X)).effects()
    assert np.abs(effects.delta / effects.error)[1].max() < 0.1


def test_conditions_that_spread_more_are_believed_and_those_that_spread_less_are_not():
    rng = np.random.default_rng(6)
    perturbed = np.vstack([np.zeros((50, 8), bool), np.repeat(np.eye(8, dtype=bool), 30, 0)])
    spread = np.concatenate([np.ones(50), np.repeat([0.2, 0.2, 1, 1, 1, 1, 3, 3], 30)])
    X = rng.normal(size=(290, 40)) * spread[:, None]
    cells = Cells.of(X, np.arange(8), perturbed=perturbed, aimed=np.arange(8))
    conditions = Conditions.of(cells)
    own = conditions.meets_itself(40)
    noise = noise_of(X, conditions, conditions.sums(X) / conditions.size[:, None], own)
    assert (noise.within >= noise.variance).all()
    of_gene = conditions.sets.argmax(0) + 1
    assert (noise.within[of_gene[:2]] == noise.variance).mean() > 0.99
    assert np.median(noise.within[of_gene[6:]] / noise.variance) > 2


def test_one_profile_each_learns_its_noise_from_the_other_perturbations():
    """As many perturbations as genes, one profile each, one control: null pairs are standard normal all the same."""
    rng = np.random.default_rng(4)
    n = 60
    sd = rng.uniform(0.2, 3, n)
    X = 10 + sd * rng.normal(size=(n + 1, n))
    X[np.arange(1, n + 1), np.arange(n)] = 0
    X[1:16, 30:45] += 8 * sd[30:45] * np.eye(15)
    perturbed = np.vstack([np.zeros((1, n), bool), np.eye(n, dtype=bool)])
    found = Experiment.of(Cells.of(X, np.arange(n), perturbed=perturbed, aimed=np.arange(n)))
    effects = found.effects()
    z = effects.delta / effects.error
    hit = np.zeros((n, n), bool)
    hit[np.arange(15), np.arange(30, 45)] = True
    null = z[~hit & ~np.eye(n, dtype=bool)]
    assert abs(null.mean()) < 0.05
    assert null.std() == pytest.approx(1, abs=0.06)
    assert np.abs(z[hit]).min() > 4
    np.testing.assert_allclose(np.sqrt(found.noise.variance), sd, rtol=0.5)


def test_few_controls_borrow_from_unmoved_perturbations_only_where_they_agree():
    rng = np.random.default_rng(5)
    size = np.concatenate([[2.0], np.full(50, 2.0)])[:, None]
    mean = rng.normal(size=(51, 80)) / np.sqrt(2)
    own = np.zeros((51, 80), bool)
    _, alike = baseline(mean, size, np.ones(80), own)
    assert alike.max() < 0.2
    mean[1:] += 5 * rng.normal(size=80)
    _, apart = baseline(mean, size, np.ones(80), own)
    assert apart.min() > 0.9
    assert (baseline(mean[:5], size[:5], np.ones(80), own[:5])[1] == 1).all()


def test_nothing_tells_noise_where_no_condition_has_two_cells():
    X = np.random.default_rng(0).normal(size=(4, G))
    assert Experiment.of(Cells.of(X, np.arange(G), perturbed=np.eye(4, 3, -1, bool), aimed=AIMED)) is None


def test_conditions_are_the_distinct_sets():
    cells = screen(doubles=4)
    conditions = Conditions.of(replace(cells, perturbed=np.column_stack([cells.perturbed, np.zeros(len(cells.X))]) > 0,
                                       aimed=np.array([1, 4, 9, 12])))  # fmt: skip
    np.testing.assert_array_equal(conditions.aimed, AIMED)
    assert sorted(conditions.size[1:]) == [4, 7, 12, 20]
    for k, genes in enumerate(conditions.sets, start=1):
        here = conditions.of_cell == k
        np.testing.assert_array_equal(cells.perturbed[here], np.tile(genes, (int(here.sum()), 1)))
    np.testing.assert_allclose(conditions.sums(cells.X, 2)[0], (cells.X[cells.control] ** 2).sum(0))


@pytest.mark.parametrize(("d0", "s0"), [(4.0, 0.5), (20.0, 3.0)])
def test_shared_variance_finds_the_prior_it_was_drawn_from(d0, s0):
    rng = np.random.default_rng(0)
    freedom = rng.integers(2, 12, 20_000).astype(float)
    variance = d0 * s0 / rng.chisquare(d0, 20_000) * rng.chisquare(freedom) / freedom
    prior, found = shared_variance(variance, freedom)
    assert prior == pytest.approx(s0, rel=0.05)
    assert found == pytest.approx(d0, rel=0.15)
    assert shared_variance(np.ones(50), np.full(50, 4.0))[1] == NO_PRIOR
    assert shared_variance(np.ones(2), np.full(2, 4.0))[1] == 0


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_shape_of_cells_is_scipys_and_the_same_from_groups_of_three(form):
    X = np.random.default_rng(0).gamma(1.5, size=(6000, 3))
    X = np.column_stack([X, np.full(6000, 2.0)])
    one = Conditions.of(Cells.of(X, np.arange(4), perturbed=np.zeros((6000, 1), bool), aimed=np.array([0])))
    skewness, excess = shape_of(form(X), one, *centred(one, X))
    np.testing.assert_allclose(skewness[:3], stats.skew(X[:, :3]), rtol=1e-3)
    np.testing.assert_allclose(excess[:3], stats.kurtosis(X[:, :3]), rtol=1e-3)
    assert (skewness[3], excess[3]) == (0, 0)
    threes = np.vstack([np.zeros((3000, 1000), bool), np.repeat(np.eye(1000, dtype=bool), 3, 0)])
    many = Conditions.of(Cells.of(X, np.arange(4), perturbed=threes, aimed=np.arange(1000) % 4))
    np.testing.assert_allclose(shape_of(form(X), many, *centred(many, X))[0][:3], stats.skew(X[:, :3]), rtol=0.1)


def centred(conditions, X):
    """Means of the conditions, and sums of squares about them."""
    size = conditions.size[:, None]
    mean = conditions.sums(X) / size
    return mean, np.maximum(conditions.sums(X, 2) - size * mean**2, 0.0)


@pytest.mark.parametrize("x", [0.05, 1.0, 40.0, 1e5])
def test_inverse_trigamma(x):
    assert inverse_trigamma(float(special.polygamma(1, x))) == pytest.approx(x, rel=1e-6)


@pytest.mark.parametrize("freedom", [4.0, 10.0, 300.0])
def test_normal_of_t_has_the_tail_of_scipys_t(freedom):
    t = np.linspace(-8, 8, 41)
    np.testing.assert_allclose(normal_of_t(t, np.array(freedom)), special.ndtri(stats.t.cdf(t, freedom)), atol=0.06)


@pytest.mark.parametrize("g", [0.2, 1.0, 2.0])
def test_normal_of_skewed_has_the_tail_of_scipys_pearson(g):
    z = np.linspace(-0.8, 6, 40)
    oracle = -special.ndtri(stats.pearson3.sf(z, g))
    np.testing.assert_allclose(normal_of_skewed(z, np.array(g)), oracle, atol=0.12)
    np.testing.assert_allclose(normal_of_skewed(z, np.array(0.0)), z, atol=1e-5)


def test_counts_of_a_rare_gene_are_not_effects():
    """A few cells, a gene seen in 2 % of them: by the normal law one expressing cell would be an effect."""
    rng = np.random.default_rng(7)
    n_each, n_conditions = 6, 60
    perturbed = np.vstack([np.zeros((500, n_conditions), bool), np.repeat(np.eye(n_conditions, dtype=bool), n_each, 0)])
    X = np.log1p(rng.poisson(0.02, size=(perturbed.shape[0], 200))).astype(np.float32)
    effects = Experiment.of(Cells.of(sparse.csr_matrix(X), np.arange(200), perturbed=perturbed,
                                     aimed=np.arange(n_conditions))).effects()  # fmt: skip
    p = 2 * special.ndtr(-np.abs(effects.delta / effects.error))
    assert (p < 1e-3).mean() < 6e-3
