"""The network of one group: what it finds in a simulated experiment, and what must not change it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, stats

from perturbome.ingest.regulation.bins import bin_cells
from perturbome.ingest.regulation.mask import Mask
from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.network import Edges, infer_network
from perturbome.ingest.regulation.registry import METHODS
from perturbome.ingest.simulation.experiment import Simulated, simulate


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    return simulate(n_cells=900, n_genes=60, n_knockouts=12, seed=3)


@pytest.fixture(scope="module")
def X(simulated: Simulated) -> np.ndarray:
    counts = simulated.counts.toarray().astype(float)
    return np.log1p(1e4 * counts / np.maximum(counts.sum(1, keepdims=True), 1))


def regulators(simulated: Simulated) -> np.ndarray:
    return np.flatnonzero(simulated.genes["regulator"].to_numpy())


def infer(X: np.ndarray, regulators: np.ndarray, **options) -> Edges:
    asked = Options(n_bootstraps=options.pop("n_bootstraps", 10), penalty=options.pop("penalty", None))
    cells = Cells.of(X, regulators, key=options.pop("key", None))
    return infer_network(cells, METHODS["ridge"], asked, **options)


def edge_set(edges: Edges) -> dict[tuple[int, int], tuple[float, float]]:
    return {
        (int(s), int(t)): (float(w), float(f))
        for s, t, w, f in zip(edges.source, edges.target, edges.weight, edges.stability, strict=True)
    }


def true_signs(simulated: Simulated) -> dict[tuple[int, int], int]:
    index = {gene: i for i, gene in enumerate(simulated.genes["gene"])}
    return {(index[s], index[t]): sign for s, t, sign, _ in simulated.network.iter_rows()}


def test_finds_true_edges_with_their_signs(simulated: Simulated, X: np.ndarray) -> None:
    true, who = true_signs(simulated), regulators(simulated)
    edges = infer(X, who, max_edges=60)
    found = list(zip(edges.source.tolist(), edges.target.tolist(), np.sign(edges.weight).tolist(), strict=True))
    right = [sign == true[s, t] for s, t, sign in found if (s, t) in true]
    assert len(true) / (who.size * X.shape[1]) < 0.35  # what guessing would give
    assert len(right) / len(found) > 0.8
    assert np.mean(right) > 0.95


def test_stable_edges_are_truer_than_unstable_ones(simulated: Simulated, X: np.ndarray) -> None:
    true = true_signs(simulated)
    edges = infer(X, regulators(simulated), n_bootstraps=30, max_q=0.2)
    is_true = np.array([(s, t) in true for s, t in zip(edges.source.tolist(), edges.target.tolist(), strict=True)])
    stable = edges.stability >= np.median(edges.stability)
    assert ((edges.stability >= 0) & (edges.stability <= 1)).all()
    assert is_true[stable].mean() > is_true[~stable].mean()


def test_byte_identical_on_repeat_and_between_dense_and_sparse(simulated: Simulated, X: np.ndarray) -> None:
    first = infer(X, regulators(simulated))
    for again in (infer(X, regulators(simulated)), infer(sparse.csr_matrix(X), regulators(simulated))):
        for name in ("source", "target"):
            assert getattr(again, name).tobytes() == getattr(first, name).tobytes()
        np.testing.assert_allclose(again.weight, first.weight, rtol=1e-9)
        np.testing.assert_array_equal(again.stability, first.stability)


def test_the_order_of_cells_does_not_matter(simulated: Simulated, X: np.ndarray) -> None:
    order = np.random.default_rng(4).permutation(X.shape[0])
    first, again = (
        edge_set(infer(X, regulators(simulated))),
        edge_set(infer(X[order], regulators(simulated), key=order)),
    )
    assert first.keys() == again.keys()
    for pair, (weight, stability) in first.items():
        assert again[pair][0] == pytest.approx(weight, abs=1e-5)
        assert again[pair][1] == pytest.approx(stability, abs=0.11)


def test_the_order_of_genes_does_not_matter(simulated: Simulated, X: np.ndarray) -> None:
    order = np.random.default_rng(4).permutation(X.shape[1])
    place = np.argsort(order)
    first = edge_set(infer(X, regulators(simulated)))
    moved = edge_set(infer(X[:, order], np.sort(place[regulators(simulated)])))
    back = {(int(order[s]), int(order[t])): value for (s, t), value in moved.items()}
    assert first.keys() == back.keys()
    for pair, (weight, _) in first.items():
        assert back[pair][0] == pytest.approx(weight, abs=1e-5)


def test_weight_is_in_units_of_the_target_per_sd_of_the_regulator() -> None:
    rng = np.random.default_rng(0)
    regulator = rng.normal(5, 2, 4000)
    target = 3 + 0.7 * regulator + rng.normal(0, 0.5, 4000)
    edges = infer(np.column_stack([regulator, target, rng.normal(size=4000)]), np.array([0]), penalty=1e-6)
    assert edges.target[0] == 1
    assert edges.weight[0] == pytest.approx(0.7 * 2, rel=0.03)
    assert edges.stability[0] == 1


def test_noise_alone_gives_hardly_an_edge() -> None:
    X = np.random.default_rng(0).normal(size=(400, 80))
    assert infer(X, np.arange(20)).source.size <= 4


def test_constant_and_rare_genes_take_no_part() -> None:
    X = np.random.default_rng(0).normal(size=(300, 6)) + 4
    X[:, 5] = X[:, 0] + 0.1 * X[:, 5]
    X[:, 3] = 1.0
    X[:, 4] = 0.0
    X[:5, 4] = 9.0
    edges = infer(X, np.arange(5))
    assert edges.n_targets == 4
    assert edges.regulators.tolist() == [0, 1, 2]
    assert (edges.source[0], edges.target[0]) == (0, 5)
    assert not np.isin([3, 4], [*edges.source, *edges.target]).any()
    assert infer(np.ones((40, 5)), np.arange(2)).source.size == 0


def test_more_regulators_than_cells_stays_finite() -> None:
    X = np.random.default_rng(0).normal(size=(35, 60))
    edges = infer(X, np.arange(60), max_q=1.0)
    assert np.isfinite(edges.weight).all()
    assert ((edges.p > 0) & (edges.p <= 1)).all()


def test_a_hard_mask_leaves_only_what_it_supports(simulated: Simulated, X: np.ndarray) -> None:
    who = regulators(simulated)
    support = np.zeros((who.size, X.shape[1]))
    support[:, ::2] = 1.0
    edges = infer(X, who, mask=Mask(support, "hard"))
    assert edges.source.size > 10
    assert (edges.target % 2 == 0).all()


def test_a_soft_mask_that_knows_helps_and_one_that_says_nothing_changes_nothing(
    simulated: Simulated, X: np.ndarray
) -> None:
    true, who = true_signs(simulated), regulators(simulated)
    plain = infer(X, who, max_edges=150, max_q=1.0)
    same = infer(X, who, max_edges=150, max_q=1.0, mask=Mask(np.full((who.size, X.shape[1]), 0.5)))
    assert edge_set(same) == edge_set(plain)
    support = np.zeros((who.size, X.shape[1]))
    place = {int(column): i for i, column in enumerate(who)}
    for number, (source, target) in enumerate(sorted(true)):
        support[place[source], target] = float(number % 2)
    helped = infer(X, who, max_edges=150, max_q=1.0, mask=Mask(support))
    n_true = [sum(pair in true for pair in edge_set(edges)) for edges in (plain, helped)]
    assert n_true[1] > n_true[0]


def test_weights_of_a_mask_average_one_and_order_is_kept_below_zero() -> None:
    support = np.random.default_rng(0).random((5, 9))
    mask = Mask(support)
    assert mask.weight.mean() == pytest.approx(1)
    shifted = mask.apply(np.full((5, 9), 0.3))
    assert (np.argsort(shifted.ravel()) == np.argsort(support.ravel())).all()
    z = np.linspace(3, 8, 6)[None]
    p = 2 * stats.norm.sf(z)
    weight = Mask(np.linspace(0, 1, 6)[None])
    np.testing.assert_allclose(2 * stats.norm.sf(weight.apply(z)), p / weight.weight, rtol=0.35)


def test_bins_by_time_points_quantiles_and_none() -> None:
    nothing = np.full(90, np.nan)
    points = np.repeat([0.0, 6.0, 12.0], [40, 45, 5])
    bins, said = bin_cells(points, nothing)
    assert [(b.time, b.rows.size) for b in bins] == [(0.0, 40), (6.0, 45)]
    assert "Time points with fewer than 30 cells were left out: 12." in said[0]
    bins, _ = bin_cells(nothing, np.linspace(0, 1, 90))
    assert [b.rows.size for b in bins] == [30, 30, 30]
    assert [round(b.time, 2) for b in bins] == [0.16, 0.5, 0.84]
    assert [(b.time, b.rows.size) for b in bin_cells(nothing, nothing)[0]] == [(None, 90)]
    assert [(b.time, b.rows.size) for b in bin_cells(points, nothing, n_bins=1)[0]] == [(None, 90)]
    assert [b.time for b in bin_cells(np.full(90, 6.0), nothing, n_bins=1)[0]] == [6.0]
    scattered = np.random.default_rng(0).random(90)
    assert sum(b.rows.size for b in bin_cells(scattered, nothing, min_cells=20)[0]) == 90
    scattered[:10] = np.nan
    assert "10 cells without a time" in bin_cells(scattered, nothing, min_cells=20)[1][0]


def test_the_least_q_is_that_of_benjamini_and_hochberg() -> None:
    rng = np.random.default_rng(11)
    cells = Cells.of(rng.normal(size=(200, 12)), np.arange(5))
    found = infer_network(cells, METHODS["correlation"], Options(n_bootstraps=0), max_q=1e-9)
    p = METHODS["correlation"](cells, Options(n_bootstraps=0)).p
    assert p is not None
    p = p[~(np.arange(5)[:, None] == np.arange(12))]
    assert found.source.size == 0
    assert found.least_q == pytest.approx(stats.false_discovery_control(p).min())
    at = infer_network(cells, METHODS["correlation"], Options(n_bootstraps=0), max_q=found.least_q * (1 + 1e-9))
    assert at.source.size > 0
