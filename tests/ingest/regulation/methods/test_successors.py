"""Who becomes whom: later cells alone, the nearest ones, of the same kind, whatever the order of rows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from perturbome.ingest.regulation.methods.successors import LAG, N_NEIGHBORS, lineage_successors, successors
from perturbome.ingest.transitions.components import principal_components


@pytest.fixture(scope="module")
def X() -> np.ndarray:
    return np.random.default_rng(0).gamma(2.0, size=(300, 12))


def test_among_time_points_the_nearest_cells_of_the_next_one(X: np.ndarray) -> None:
    time = np.repeat([1.0, 2.0, 4.0, np.nan], 75)
    T = successors(X, time).toarray()
    scores = principal_components(X[:225]).astype(float)
    for i in range(0, 225, 17):
        later = np.flatnonzero(time == {1.0: 2.0, 2.0: 4.0, 4.0: -1.0}[time[i]])
        distance = np.linalg.norm(scores[later] - scores[i], axis=1)
        nearest = set(later[np.argsort(distance)[:N_NEIGHBORS]])
        assert set(np.flatnonzero(T[i])) == nearest
        if nearest:
            assert T[i].argmax() == later[distance.argmin()]
            assert T[i].sum() == pytest.approx(1)
    assert not T[225:].any()
    assert not T[:, 225:].any()


def test_in_continuous_time_cells_a_lag_later(X: np.ndarray) -> None:
    time = np.random.default_rng(1).uniform(10, 20, 300)
    T = successors(X, time)
    span = time.max() - time.min()
    row, column = T.nonzero()
    step = (time[column] - time[row]) / (LAG * span)
    assert step.min() >= 0.5
    assert step.max() <= 1.5
    has = np.asarray(T.sum(1)).ravel() > 0
    np.testing.assert_array_equal(has, time + LAG * span <= time.max())


def test_a_cell_becomes_one_of_its_kind(X: np.ndarray) -> None:
    time, kind = np.repeat([0.0, 1.0], 150), np.arange(300) % 3
    row, column = successors(X, time, kind).nonzero()
    np.testing.assert_array_equal(kind[row], kind[column])
    assert np.unique(row).size == 150
    alone = kind.copy()
    alone[0] = 7
    assert successors(X, time, alone)[0].nnz == 0, "nobody of its kind is later"


def test_the_order_of_rows_does_not_matter(X: np.ndarray) -> None:
    time, kind = np.repeat([0.0, 1.0, 2.0], 100), np.arange(300) % 2
    order = np.random.default_rng(2).permutation(300)
    first = successors(X, time, kind).toarray()
    again = successors(X[order], time[order], kind[order], np.arange(300)[order]).toarray()
    np.testing.assert_allclose(again, first[order][:, order], atol=1e-4)
    np.testing.assert_allclose(successors(sparse.csr_matrix(X), time, kind).toarray(), first, atol=1e-4)


def test_one_time_has_no_successors(X: np.ndarray) -> None:
    assert successors(X, np.full(300, 4.0)).nnz == 0
    assert successors(X, np.full(300, np.nan)).nnz == 0


def test_lineages_count_in_equal_parts(X: np.ndarray) -> None:
    lineages = np.full((300, 2), np.nan)
    lineages[:200, 0] = np.arange(200) % 2
    lineages[100:, 1] = np.arange(200) // 100
    T = lineage_successors(X, lineages)
    single = [successors(X, lineages[:, k]) for k in (0, 1)]
    both = [i for i in range(300) if all(s[i].nnz for s in single)]
    assert both
    np.testing.assert_allclose(T[both].toarray(), (single[0] + single[1])[both].toarray() / 2)
    np.testing.assert_allclose(np.unique(np.asarray(T.sum(1)).round(9)), [0, 1])
