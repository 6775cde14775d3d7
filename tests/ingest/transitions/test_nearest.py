"""Nearest cells against scikit-learn, and cells in one place."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from perturbome.ingest.transitions import nearest as module
from perturbome.ingest.transitions.nearest import nearest, neighbours_of_each


@pytest.fixture
def scores() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)


@pytest.mark.parametrize("piece", [37, 32768])
def test_against_scikit_learn(scores, piece, monkeypatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 64)
    monkeypatch.setattr(module, "PIECE", piece)
    base, queries = scores[:200], scores[200:]
    expected, index = NearestNeighbors(n_neighbors=9).fit(base).kneighbors(queries)
    found = nearest(base, queries, 9)
    np.testing.assert_array_equal(found.index, index)
    np.testing.assert_allclose(found.distance, expected, rtol=1e-5)
    assert found.recall == 1


def test_a_cell_is_never_its_own_neighbour(scores) -> None:
    twins = np.repeat(scores[:40], 5, axis=0)
    found = neighbours_of_each(twins, 3)
    assert (found.index != np.arange(200)[:, None]).all()
    assert (found.distance == 0).all()
    apart = neighbours_of_each(scores, 4)
    expected, index = NearestNeighbors(n_neighbors=4).fit(scores).kneighbors()
    np.testing.assert_array_equal(apart.index, index)
    np.testing.assert_allclose(apart.distance, expected, rtol=1e-5)


def test_fewer_cells_than_neighbours_are_told_apart(scores) -> None:
    found = nearest(scores[:3], scores[:2], 5)
    assert (found.index[:, 3:] == -1).all()
    assert np.isinf(found.distance[:, 3:]).all()
    assert (np.sort(found.index[:, :3]) == [0, 1, 2]).all()


def test_permuting_the_base_permutes_the_answer(scores) -> None:
    order = np.random.default_rng(1).permutation(len(scores))
    first, moved = nearest(scores, scores, 6), nearest(scores[order], scores, 6)
    np.testing.assert_array_equal(order[moved.index], first.index)
