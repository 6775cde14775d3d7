"""The temporal cell graph against brute force, and what must hold of every such graph."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from perturbome.ingest.simulation.experiment import simulate
from perturbome.ingest.transitions import knn, nearest
from perturbome.ingest.transitions.components import principal_components
from perturbome.ingest.transitions.knn import directed_neighbours
from perturbome.ingest.transitions.method import Edges


@pytest.fixture
def cells() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores [150, 4], five time points, and a pseudotime with ties."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(150, 4)), rng.integers(0, 5, 150) * 6.0, np.round(rng.random(150), 2)


def brute_force(scores: np.ndarray, time: np.ndarray, steps: str, k: int, window: float) -> dict:
    """Edge by edge, from the definition."""
    n, edges, sorted_time = time.size, {}, np.sort(time)
    for i in range(n):
        later = np.flatnonzero(time > time[i])
        if later.size == 0:
            continue
        if steps == "points":
            later = later[time[later] == time[later].min()]
        else:
            reach = max(int(np.ceil(window * n)), k)
            first_later = np.searchsorted(sorted_time, time[i], side="right")
            latest = sorted_time[min(first_later + reach, n) - 1]
            later = later[time[later] <= latest]
        distance = np.linalg.norm(scores[later] - scores[i], axis=1)
        nearest = np.argsort(distance)[:k]
        d = distance[nearest]
        sigma = d[(d.size + 2) // 3 - 1]
        weight = np.exp(-(d**2) / (2 * sigma**2))
        for target, w in zip(later[nearest], weight / weight.sum(), strict=True):
            edges[i, int(target)] = w
    return edges


def as_dict(edges: Edges) -> dict:
    pairs = zip(edges.source.tolist(), edges.target.tolist(), edges.weight.tolist(), strict=True)
    return {(s, t): w for s, t, w in pairs}


@pytest.mark.parametrize("steps", ["points", "continuous"])
@pytest.mark.parametrize("k", [1, 7, 60])
@pytest.mark.parametrize("piece", [13, 32768])
def test_against_brute_force(cells, steps: str, k: int, piece: int, monkeypatch) -> None:
    monkeypatch.setattr(knn, "BLOCK", 17)
    monkeypatch.setattr(nearest, "PIECE", piece)
    scores, points, pseudotime = cells
    time = points if steps == "points" else pseudotime
    edges = as_dict(directed_neighbours(scores, time, steps=steps, n_neighbors=k, window=0.2)[0])
    expected = brute_force(scores, time, steps, k, 0.2)
    assert edges.keys() == expected.keys()
    for pair, weight in expected.items():
        assert edges[pair] == pytest.approx(weight, rel=1e-4)


@pytest.mark.parametrize("steps", ["points", "continuous"])
def test_all_edges_point_forward_and_rows_sum_to_one(cells, steps: str) -> None:
    scores, points, pseudotime = cells
    time = points if steps == "points" else pseudotime
    edges, _ = directed_neighbours(scores, time, steps=steps)
    assert (time[edges.target] > time[edges.source]).all()
    sums = np.bincount(edges.source, edges.weight, minlength=time.size)
    latest = time == time.max()
    np.testing.assert_allclose(sums[~latest], 1.0)
    assert (sums[latest] == 0).all()
    assert (np.diff(time[edges.source]) >= 0).all()


@pytest.mark.parametrize("steps", ["points", "continuous"])
def test_permuting_cells_permutes_edges(cells, steps: str) -> None:
    scores, points, pseudotime = cells
    time = points if steps == "points" else pseudotime
    order = np.random.default_rng(1).permutation(time.size)
    first = as_dict(directed_neighbours(scores, time, steps=steps)[0])
    moved = as_dict(directed_neighbours(scores[order], time[order], steps=steps)[0])
    back = {(int(order[s]), int(order[t])): w for (s, t), w in moved.items()}
    assert back.keys() == first.keys()
    assert all(back[pair] == pytest.approx(first[pair], rel=1e-4) for pair in first)


@pytest.mark.parametrize("compared", [20_000, 10**9])
@pytest.mark.parametrize("steps", ["points", "continuous"])
def test_through_an_index_nearly_the_same_is_found(branch, steps: str, compared: int, monkeypatch) -> None:
    monkeypatch.setattr(knn, "COMPARED", compared)
    scores, time, _ = branch(1500, noise=0.1)
    time = np.floor(time * 5) if steps == "points" else time
    exact = as_dict(directed_neighbours(scores, time, steps=steps)[0])
    edges, recall = directed_neighbours(scores, time, steps=steps, exact=False)
    found = as_dict(edges)
    assert recall is not None
    assert recall > 0.95
    assert len(found.keys() & exact.keys()) / len(exact) == pytest.approx(recall, abs=0.03)
    assert (time[edges.target] > time[edges.source]).all()
    sums = np.bincount(edges.source, edges.weight, minlength=1500)
    np.testing.assert_allclose(sums[time < time.max()], 1)


def test_coinciding_cells_and_a_single_time() -> None:
    scores, time = np.zeros((6, 2)), np.array([0.0, 0, 0, 1, 1, 1])
    edges, _ = directed_neighbours(scores, time, steps="points", n_neighbors=2)
    np.testing.assert_allclose(edges.weight, 0.5)
    assert edges.source.size == 6
    assert directed_neighbours(scores, np.zeros(6), steps="points")[0].source.size == 0


def test_components_against_svd() -> None:
    rng = np.random.default_rng(0)
    X = rng.poisson(1.0, (200, 30)).astype(np.float32) @ rng.random((30, 30)).astype(np.float32)
    u, s, _ = np.linalg.svd(X - X.mean(0), full_matrices=False)
    expected = u[:, :5] * s[:5]
    for form in (X, sparse.csr_matrix(X)):
        scores = principal_components(form, 5)
        signs = np.sign((scores * expected).sum(0))
        np.testing.assert_allclose(scores, expected * signs, atol=2e-3)
    np.testing.assert_array_equal(principal_components(X, 5), principal_components(X, 5))
    assert principal_components(X, 5, most_genes=3).shape == (200, 3)
    assert (principal_components(np.ones((10, 4)), 5) == 0).all()


def test_a_simulated_branch_is_followed_forward_and_within_its_fate() -> None:
    toy = simulate(n_cells=1200, n_genes=100, n_knockouts=0, seed=5)
    counts = toy.counts.toarray().astype(float)
    X = np.log1p(1e4 * counts / counts.sum(1, keepdims=True))
    time, true, fate = (toy.cells[c].to_numpy() for c in ("time", "pseudotime", "cell_type"))
    edges, _ = directed_neighbours(principal_components(X), time, steps="points")
    forward = edges.weight[true[edges.target] > true[edges.source]].sum() / edges.weight.sum()
    assert forward >= 0.95
    committed = (fate[edges.source] != "progenitor") & (time[edges.source] == 36)
    same = fate[edges.source] == fate[edges.target]
    assert edges.weight[committed & same].sum() / edges.weight[committed].sum() > 0.9
