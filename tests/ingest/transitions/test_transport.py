"""Transport between time points: against known fates, near pairs against all pairs, and poor input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.spatial.distance import cdist

from perturbome.ingest.transitions import transport as module
from perturbome.ingest.transitions.method import Cells, Options
from perturbome.ingest.transitions.transport import heaviest, mean_cost, squared_distances, step, transport
from perturbome.platform.errors import InputError

OPTIONS = Options(30)


def clouds(n: int = 120, m: int = 150, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two populations that drift apart: scores and populations of the early and of the late cells."""
    rng = np.random.default_rng(seed)
    of_early, of_late = rng.integers(0, 2, n), rng.integers(0, 2, m)
    early = rng.normal(0, 0.4, (n, 6)) + 2 * of_early[:, None]
    late = rng.normal(0, 0.4, (m, 6)) + np.where(of_late[:, None] == 1, 2.6, -0.6)
    return early.astype(np.float32), late.astype(np.float32), of_early, of_late


def cells(X: np.ndarray, time: np.ndarray, points: bool = True) -> Cells:
    n = len(time)
    return Cells(sparse.csr_matrix(X), np.arange(n).astype(str).astype(object), time, np.full((n, 3), np.nan), points)


def test_populations_keep_their_fate() -> None:
    early, late, of_early, of_late = clouds()
    found = step(early, late, np.ones(120), OPTIONS)
    right = found.rows.toarray()[of_early[:, None] == of_late[None, :]].sum() / 120
    assert right > 0.95
    np.testing.assert_allclose(np.asarray(found.rows.sum(1)).ravel(), 1)
    assert found.settled
    assert found.recall is None


def test_growth_sends_more_cells_from_those_that_divide() -> None:
    """Population 1 is half of the early cells and most of the late: only with its growth known do rows stay pure."""
    rng = np.random.default_rng(0)
    of_early, of_late = np.repeat([0, 1], 60), np.repeat([0, 1], [40, 160])
    early = (rng.normal(0, 0.3, (120, 4)) + 2 * of_early[:, None]).astype(np.float32)
    late = (rng.normal(0, 0.3, (200, 4)) + 2 * of_late[:, None]).astype(np.float32)
    balanced = replace(OPTIONS, source_penalty=None, target_penalty=None, n_neighbors=200)
    own = of_early[:, None] == of_late[None, :]
    blind = step(early, late, np.ones(120), balanced).rows.toarray()[own].sum() / 120
    grown = step(early, late, np.where(of_early == 1, 4.0, 1.0), balanced).rows.toarray()[own].sum() / 120
    assert blind < 0.75
    assert grown > 0.99


def test_potentials_of_samples_come_close_to_those_of_all_pairs(monkeypatch) -> None:
    early, late, *_ = clouds(900, 1000)
    growth = 1 + (early[:, 0] > 1)
    full = step(early, late, growth, OPTIONS)
    monkeypatch.setattr(module, "DENSE_UP_TO", 10)
    near = step(early, late, growth, OPTIONS)
    assert near.recall == 1
    assert near.rows.minimum(full.rows).sum() / 900 > 0.98
    assert near.kept == pytest.approx(full.kept, rel=0.02)
    monkeypatch.setattr(module, "SAMPLE", 400)
    sampled = step(early, late, growth, OPTIONS)
    assert sampled.rows.minimum(full.rows).sum() / 900 > 0.8
    assert sampled.kept == pytest.approx(full.kept, rel=0.1)
    assert sampled.misplaced is not None
    assert 0 < sampled.misplaced < 0.2


def test_costs() -> None:
    early, late, *_ = clouds()
    cost = squared_distances(early, late)
    np.testing.assert_allclose(cost, cdist(early, late) ** 2, rtol=1e-5)
    assert mean_cost(early, late) == pytest.approx(cost.mean())
    assert mean_cost(early[:1], early[:1]) == 1


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 25), st.integers(0, 99))
def test_the_heaviest_entries_of_a_row(n: int, m: int, most: int, seed: int) -> None:
    full = np.random.default_rng(seed).random((n, m)) ** 8 + 1e-9
    found = np.argsort(-full, axis=1)[:, :most]
    rows, kept = heaviest(found, np.take_along_axis(full, found, 1), full.sum(1), m)
    largest = np.sort(full, axis=1)[:, ::-1][:, :most].sum(1) / full.sum(1)
    assert kept == pytest.approx(np.minimum(largest, 0.995).mean(), abs=0.0051)
    for i in range(n):
        share = np.sort(full[i])[::-1] / full[i].sum()
        size = min(int((np.cumsum(share) < 0.99).sum()) + 1, most, m)
        assert rows[i].nnz == size
        assert rows[i].sum() == pytest.approx(1)
        assert set(rows[i].indices) == set(np.argsort(-full[i])[:size])


def test_time_points_in_turn_and_cells_in_any_order() -> None:
    rng = np.random.default_rng(0)
    time = rng.integers(0, 3, 90) * 6.0
    X = rng.random((90, 12)) + time[:, None] / 6
    found = transport(cells(X, time), Options(8))
    assert (time[found.edges.target] - time[found.edges.source] == 6).all()
    order = rng.permutation(90)
    moved = transport(cells(X[order], time[order]), Options(8))

    def matrix(edges) -> np.ndarray:
        return sparse.csr_matrix((edges.weight, (edges.source, edges.target)), shape=(90, 90)).toarray()

    np.testing.assert_allclose(matrix(moved.edges), matrix(found.edges)[np.ix_(order, order)], atol=1e-4)


def test_a_wide_plan_is_said() -> None:
    time = np.repeat([0.0, 1], 100)
    found = transport(cells(np.random.default_rng(0).random((200, 10)), time), Options(3, epsilon=5.0))
    assert "of the transported mass" in found.said[0]


def test_one_time_point_leads_nowhere_and_a_continuum_is_refused() -> None:
    X = np.random.default_rng(0).random((20, 5))
    found = transport(cells(X, np.zeros(20)), OPTIONS)
    assert found.edges.source.size == 0
    assert "one time point only" in found.said[0]
    with pytest.raises(InputError, match=r"20 different times.*--method diffusion"):
        transport(cells(X, np.linspace(0, 1, 20), points=False), OPTIONS)


def test_coinciding_cells_and_lone_cells() -> None:
    X = np.zeros((7, 3))
    found = transport(cells(X, np.array([0.0, 0, 1, 1, 1, 2, 2])), OPTIONS)
    np.testing.assert_allclose(np.bincount(found.edges.source, found.edges.weight)[:5], 1)
    alone = transport(cells(np.eye(2), np.array([0.0, 1])), OPTIONS)
    assert alone.edges.weight.tolist() == [1]
