"""Neighbours through an index: recall as measured is true, and the order of cells does not matter."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from perturbome.ingest.transitions import approximate
from perturbome.ingest.transitions import nearest as module
from perturbome.ingest.transitions.approximate import RECALL, nearest_by_index
from perturbome.ingest.transitions.nearest import nearest
from perturbome.platform.errors import MissingExtra


@pytest.fixture(scope="module")
def cells(branch) -> np.ndarray:
    return branch(4000, noise=0.2, d=8)[0]


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean([np.isin(x, y).mean() for x, y in zip(a, b, strict=True)]))


def test_recall_is_what_it_says(cells) -> None:
    exact, found = nearest(cells, cells[:1000], 10, exact=True), nearest(cells, cells[:1000], 10, exact=False)
    assert found.recall >= RECALL
    assert overlap(found.index, exact.index) == pytest.approx(found.recall, abs=0.02)
    same = found.index == exact.index
    np.testing.assert_allclose(found.distance[same], exact.distance[same], rtol=1e-5)
    assert (np.diff(found.distance, axis=1) >= 0).all()


def test_the_order_of_cells_does_not_matter(cells) -> None:
    order = np.random.default_rng(0).permutation(len(cells))
    first, moved = nearest_by_index(cells, cells[:200], 10), nearest_by_index(cells[order], cells[:200], 10)
    np.testing.assert_array_equal(order[moved.index], first.index)
    assert moved.recall == first.recall


def test_the_index_is_asked_beyond_so_many_comparisons(cells, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(approximate, "nearest_by_index", lambda *a, **_: asked.append(len(a[1])))
    monkeypatch.setattr(module, "EXACT_UP_TO", 4000 * 1000)
    assert nearest(cells, cells[:1000], 5).recall == 1
    nearest(cells, cells[:1001], 5)
    assert asked == [1001]


def test_fewer_cells_than_neighbours_are_told_apart(cells) -> None:
    few = nearest_by_index(cells[:30], cells[:5], 40)
    assert (few.index[:, 30:] == -1).all()
    assert (np.sort(few.index[:, :30]) == np.arange(30)).all()


def test_without_the_package_the_error_says_what_to_install(cells, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtra, match=r"--exact.*'faiss-cpu'.*perturbome\[models\]"):
        nearest(cells, cells, 5, exact=False)
