"""The directed chain against its definition, edge by edge, and what must hold of every such chain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from perturbome.ingest.transitions.diffusion import components, diffusion, forward
from perturbome.ingest.transitions.kernel import adaptive_scale, normalised
from perturbome.ingest.transitions.method import Cells, Edges, Options
from perturbome.ingest.transitions.nearest import neighbours_of_each


def by_definition(scores: np.ndarray, time: np.ndarray, k: int) -> np.ndarray:
    """Palantir's chain [n, n], with the strict rule, from scikit-learn's neighbours."""
    n = len(scores)
    distance, index = NearestNeighbors(n_neighbors=k).fit(scores).kneighbors()
    scale = distance[:, k // 3 - 1]
    chain = np.zeros((n, n))
    for i in range(n):
        for j, d in zip(index[i], distance[i], strict=True):
            if time[j] > time[i]:
                chain[i, j] = np.exp(-(d**2) / (2 * scale[i] ** 2) - d**2 / (2 * scale[j] ** 2))
    total = chain.sum(1, keepdims=True)
    return chain / np.where(total > 0, total, 1)


def matrix(edges: Edges, n: int) -> np.ndarray:
    return sparse.csr_matrix((edges.weight, (edges.source, edges.target)), shape=(n, n)).toarray()


def cells(scores: np.ndarray, time: np.ndarray) -> Cells:
    made = Cells(sparse.csr_matrix(scores), np.arange(len(time)).astype(str).astype(object), time, scores)
    made.scores = scores
    return made


@pytest.mark.parametrize("k", [3, 12])
def test_against_the_definition(branch, k: int) -> None:
    scores, time, _ = branch(200, noise=0.1)
    time = np.round(time, 2)
    edges = forward(neighbours_of_each(scores, k), time)
    np.testing.assert_allclose(matrix(edges, 200), by_definition(scores, time, k), atol=1e-5)


def test_a_branch_is_followed_forward_and_within_its_lineage(branch) -> None:
    scores, time, lineage = branch()
    edges = forward(neighbours_of_each(scores, 30), time)
    assert (time[edges.target] > time[edges.source]).all()
    fate = (lineage[edges.source] > 0) & (lineage[edges.source] == lineage[edges.target])
    committed = time[edges.source] > 0.5
    assert edges.weight[fate & committed].sum() / edges.weight[committed].sum() > 0.99


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.integers(1, 8), st.integers(0, 5), st.integers(0, 99))
def test_rows_sum_to_one_and_point_forward_whatever_the_ties(n: int, k: int, levels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, (n, 2)).astype(np.float32)  # many cells in one place
    time = rng.integers(0, levels + 1, n).astype(float)
    edges = forward(neighbours_of_each(scores, min(k, n - 1)), time)
    assert (time[edges.target] > time[edges.source]).all()
    sums = np.bincount(edges.source, edges.weight, minlength=n)
    np.testing.assert_allclose(sums[np.unique(edges.source)], 1)
    assert np.isfinite(edges.weight).all()


def test_permuting_cells_permutes_the_chain(branch) -> None:
    scores, time, _ = branch(150)
    order = np.random.default_rng(1).permutation(150)
    first = matrix(forward(neighbours_of_each(scores, 9), time), 150)
    moved = matrix(forward(neighbours_of_each(scores[order], 9), time[order]), 150)
    np.testing.assert_allclose(moved, first[np.ix_(order, order)], atol=1e-5)


def test_scaling_space_changes_nothing(branch) -> None:
    scores, time, _ = branch(150)
    first = matrix(forward(neighbours_of_each(scores, 9), time), 150)
    np.testing.assert_allclose(matrix(forward(neighbours_of_each(7 * scores, 9), time), 150), first, atol=1e-5)


def test_islands_and_ends_are_kept_and_said(branch) -> None:
    scores, time, _ = branch(120)
    both = np.vstack([scores, scores + 50])
    found = diffusion(cells(both, np.tile(time, 2)), Options(8))
    assert found.details["components"] == 2
    assert "2 components" in found.said[0]
    assert "ends of paths" in found.said[1]
    across = (found.edges.source < 120) != (found.edges.target < 120)
    assert not across.any()


def test_components_and_scales_of_small_graphs() -> None:
    near = neighbours_of_each(np.array([[0.0], [1], [2], [10], [11]], np.float32), 1)
    assert components(near) == 2
    assert adaptive_scale(np.array([[0, 0, 0.5], [1, 2, 3], [0, 0, 0]])).tolist() == [0.5, 1, 1]
    np.testing.assert_allclose(normalised(np.array([[-900.0, -901], [-np.inf, -np.inf]]))[0].sum(), 1)
    assert (normalised(np.full((1, 2), -np.inf)) == 0).all()
