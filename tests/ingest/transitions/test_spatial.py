"""Pairs side by side: against scikit-learn and scipy, on grids, in sections, across time, and in poor shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import sparse
from scipy.spatial import Delaunay
from sklearn.neighbors import NearestNeighbors

from perturbome.ingest.transitions.checks import sections
from perturbome.ingest.transitions.method import Cells, Found, Options
from perturbome.ingest.transitions.spatial import near_pairs, spatial, triangulated
from perturbome.platform.errors import InputError

OPTIONS = Options(6)


def cells(place: np.ndarray, time: np.ndarray | None = None, section: np.ndarray | None = None) -> Cells:
    n = len(place)
    padded = np.full((n, 3), np.nan)
    padded[:, : place.shape[1]] = place
    return Cells(
        sparse.csr_matrix((n, 1)), np.arange(n).astype(str).astype(object),
        np.full(n, np.nan) if time is None else time, padded, section=np.zeros(n, int) if section is None else section,
    )  # fmt: skip


def pairs(found: Found) -> set[tuple[int, int]]:
    return set(zip(found.edges.source.tolist(), found.edges.target.tolist(), strict=True))


@pytest.fixture
def places() -> np.ndarray:
    return np.random.default_rng(0).random((200, 2)) * 100


def test_against_scikit_learn(places) -> None:
    found = spatial(cells(places), OPTIONS)
    graph = NearestNeighbors(n_neighbors=6).fit(places).kneighbors_graph()
    either = sparse.triu(graph.maximum(graph.T)).tocoo()
    assert pairs(found) == set(zip(either.row.tolist(), either.col.tolist(), strict=True))
    apart = np.linalg.norm(places[found.edges.source] - places[found.edges.target], axis=1)
    np.testing.assert_allclose(found.edges.distance, apart)
    assert (found.edges.source < found.edges.target).all()
    assert ((found.edges.weight > 0) & (found.edges.weight <= 1)).all()


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_triangulation_against_scipy(dimensions: int) -> None:
    place = np.random.default_rng(1).random((80, dimensions))
    found = spatial(cells(place), replace(OPTIONS, delaunay=True))
    starts, ends = Delaunay(place).vertex_neighbor_vertices
    expected = {(i, int(j)) for i in range(80) for j in ends[starts[i] : starts[i + 1]] if i < j}
    assert pairs(found) == expected
    assert found.details["dimensions"] == dimensions


@pytest.mark.parametrize("delaunay", [False, True])
def test_order_shift_and_scale_of_places_do_not_matter(places, delaunay: bool) -> None:
    options = replace(OPTIONS, delaunay=delaunay)
    first = spatial(cells(places), options)
    order = np.random.default_rng(2).permutation(200)
    moved = spatial(cells(7 * places[order] + 3), options)
    assert {tuple(sorted((order[a], order[b]))) for a, b in pairs(moved)} == pairs(first)
    np.testing.assert_allclose(np.sort(moved.edges.weight), np.sort(first.edges.weight), rtol=1e-6)


def test_equally_far_places_come_together() -> None:
    grid = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), -1).reshape(-1, 2)
    source, target = near_pairs(grid, 3)
    assert set(target[source == 12]) == {7, 11, 13, 17}


def test_sections_and_times_are_worlds_of_their_own(places) -> None:
    section, time = np.arange(200) % 2, np.repeat([0.0, 1], 100)
    found = spatial(cells(places, time, section), OPTIONS)
    source, target = found.edges.source, found.edges.target
    assert (section[source] == section[target]).all()
    assert (time[source] == time[target]).all()
    assert found.details["groups"] == 4
    across = spatial(cells(places, time, section), replace(OPTIONS, across_time=True))
    assert pairs(found) < pairs(across)
    later = time[across.edges.target] > time[across.edges.source]
    assert later.sum() == 100 * 6
    assert (time[across.edges.target] >= time[across.edges.source]).all()
    expected = NearestNeighbors(n_neighbors=6).fit(places[100:]).kneighbors(places[:1])[1][0] + 100
    assert set(across.edges.target[later & (across.edges.source == 0)]) == set(expected)


def test_cells_in_one_place_and_on_one_line() -> None:
    place = np.array([[0.0, 0], [0, 0], [1, 0], [0, 1], [1, 1]])
    found = spatial(cells(place), replace(OPTIONS, delaunay=True))
    assert (0, 1) in pairs(found)
    assert np.isfinite(found.edges.weight).all()
    assert triangulated(np.array([[0.0, 0], [1, 1], [2, 2], [3, 3]])) is None
    line = spatial(cells(np.array([[0.0, 0], [1, 1], [2, 2], [3, 3]])), replace(OPTIONS, delaunay=True))
    assert line.edges.source.size == 0
    assert "on one line" in line.said[0]
    everyone = spatial(cells(np.zeros((4, 2))), OPTIONS)
    assert (everyone.edges.distance == 0).all()
    assert (everyone.edges.weight == 1).all()


def test_what_is_left_out_is_said(places) -> None:
    some = places.copy()
    some[:5] = np.nan
    found = spatial(cells(some, section=np.r_[np.zeros(199, int), 1]), replace(OPTIONS, max_distance=5.0))
    assert "5 cells without coordinates" in found.said[0]
    assert "1 cell alone" in found.said[1]
    assert "farther apart than 5" in found.said[2]
    assert found.edges.distance.max() <= 5
    with pytest.raises(InputError, match=r"no coordinates.*--spatial-key"):
        spatial(cells(np.full((5, 2), np.nan)), OPTIONS)
    flat = spatial(cells(np.column_stack([places, np.ones(200)])), OPTIONS)
    assert flat.details["dimensions"] == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [({}, "among the other's 6 neighbours"), ({"n_neighbors": 1}, "other's one neighbour"),
     ({"delaunay": True}, "triangulation"), ({"across_time": True}, "with its 6 neighbours at the next time")],
)  # fmt: skip
def test_who_is_paired_is_told(places, change: dict, told: str) -> None:
    found = spatial(cells(places, np.repeat([0.0, 1], 100)), replace(OPTIONS, **change))
    assert told in found.said[-1]
    assert found.edges.source.size


def test_sections_are_told() -> None:
    table = pl.DataFrame(
        {"batch": ["b", "a", "b"], "replicate": [None, None, None]}, schema_overrides={"replicate": pl.String}
    )
    codes, column, said = sections(table, "auto")
    assert (codes.tolist(), column) == ([2, 1, 2], "batch")
    assert "2 sections by batch" in said[0]
    assert sections(table, "none")[0].tolist() == [0, 0, 0]
    assert sections(table, "none")[1:] == (None, ["All cells are taken for one section."])
    assert sections(table.head(1), "auto")[1] is None
    assert "No batch or replicate" in sections(table.head(1), "auto")[2][0]
    with pytest.raises(InputError, match=r"no replicate.*--section none"):
        sections(table, "replicate")
