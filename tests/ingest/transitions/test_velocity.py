"""Transitions along velocity: against a cell-by-cell computation, on a branch, and files that lack something."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from perturbome.ingest.transitions.method import Cells, Options
from perturbome.ingest.transitions.nearest import neighbours_of_each
from perturbome.ingest.transitions.velocity import correlations, potential, toward, velocity
from perturbome.ingest.transitions.velocity_file import Velocity, read_velocity, steady_state
from perturbome.platform.errors import BadValues, InputError, MissingColumn
from perturbome.platform.progress import silent

N = 300


@pytest.fixture(scope="module")
def moving(branch) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Expression [n, 12] on a branch, its velocity with noise, neighbours' scores and true time."""
    scores, time, lineage = branch(N, noise=0.01)
    side = np.where(lineage == 1, -1.0, 1.0) * (time > 0.4)
    tangent = np.zeros_like(scores)
    tangent[:, 0], tangent[:, 1], tangent[:, 2] = 1, side, 0.9 * np.cos(3 * time)
    mix = np.random.default_rng(0).normal(size=(scores.shape[1], 12)).astype(np.float32)
    noise = np.random.default_rng(1).normal(0, 0.2, (N, 12))
    return (scores @ mix).astype(np.float32), (tangent @ mix + noise).astype(np.float32), scores, time


def write(path: Path, X: np.ndarray, layers: dict[str, np.ndarray], names: list[str], **var: object) -> Path:
    data = anndata.AnnData(X, obs=pd.DataFrame(index=names), var=pd.DataFrame(var, index=[f"g{i}" for i in range(12)]))
    for name, values in layers.items():
        data.layers[name] = values
    data.write_h5ad(path)
    return path


@pytest.fixture
def file(tmp_path, moving) -> Path:
    X, V, *_ = moving
    return write(tmp_path / "v.h5ad", X, {"velocity": V, "Ms": X}, [f"c{i}" for i in range(N)])


def cells(scores: np.ndarray, names: list[str] | None = None, time: np.ndarray | None = None) -> Cells:
    n = len(scores)
    made = Cells(sparse.csr_matrix(scores), np.array(names or [f"c{i}" for i in range(n)], object),
                 np.full(n, np.nan) if time is None else time, np.full((n, 3), np.nan))  # fmt: skip
    made.scores = scores
    return made


def test_against_a_computation_cell_by_cell(moving) -> None:
    X, V, scores, _ = moving
    near = neighbours_of_each(scores, 10)
    found = toward(near, Velocity(X, V, [], []), Options(10)).toarray()
    for i in range(0, N, 17):
        c = np.array([np.corrcoef(X[j] - X[i], V[i])[0, 1] for j in near.index[i]])
        expected = np.zeros(N)
        expected[near.index[i]] = np.where(c > 0, np.exp(10 * c), 0)
        np.testing.assert_allclose(found[i], expected / max(expected.sum(), 1e-300), atol=1e-4)
    assert correlations(np.zeros((1, 2, 3)), np.ones((1, 3))).tolist() == [[0, 0]]


def test_a_branch_is_followed_forward(file, moving) -> None:
    _, _, scores, time = moving
    found = velocity(cells(scores), Options(20, file=file))
    source, target, weight = found.edges.source, found.edges.target, found.edges.weight
    assert weight[time[target] > time[source]].sum() / weight.sum() >= 0.95
    assert found.time is not None
    assert (found.time[target] > found.time[source]).all()
    np.testing.assert_allclose(np.bincount(source, weight)[np.unique(source)], 1)
    given = velocity(cells(scores, time=time), Options(20, file=file))
    assert given.time is None
    assert (time[given.edges.target] > time[given.edges.source]).all()


def test_the_potential_of_a_path_and_of_a_cycle() -> None:
    path = sparse.csr_matrix((np.ones(4), ([0, 1, 2, 4], [1, 2, 3, 5])), shape=(6, 6))
    np.testing.assert_allclose(potential(path), [0, 1 / 3, 2 / 3, 1, 0, 1 / 3], atol=1e-5)
    ring = sparse.csr_matrix((np.ones(4), ([0, 1, 2, 3], [1, 2, 3, 0])), shape=(4, 4))
    assert np.ptp(potential(ring)) < 1e-6
    assert (potential(sparse.csr_matrix((3, 3))) == 0).all()


def test_cells_are_found_by_name_in_any_order(file, moving) -> None:
    X, V, *_ = moving
    order = np.random.default_rng(0).permutation(N)[:50]
    found = read_velocity(file, np.array([f"c{i}" for i in order], object), silent)
    np.testing.assert_array_equal(found.X, X[order])
    np.testing.assert_array_equal(found.V, V[order])
    assert "12 genes from velocity and Ms" in found.said[0]


def test_genes_are_those_marked_and_finite(tmp_path, moving) -> None:
    X, V, *_ = moving
    V = V.copy()
    V[:, 0] = np.nan
    marked = np.arange(12) < 5
    path = write(
        tmp_path / "v.h5ad", X, {"velocity": V, "spliced": X}, [f"c{i}" for i in range(N)], velocity_genes=marked
    )
    found = read_velocity(path, np.array(["c0", "c1"], object), silent)
    np.testing.assert_array_equal(found.V, V[:2, 1:5])


def test_without_velocity_the_steady_state_gives_one(tmp_path) -> None:
    rng = np.random.default_rng(0)
    spliced = rng.random((400, 12)).astype(np.float32) * 4
    gamma = np.linspace(0.2, 0.8, 12)
    unspliced = (gamma * spliced).astype(np.float32)
    np.testing.assert_allclose(steady_state(spliced, unspliced), 0, atol=1e-5)
    both = spliced[:, 0] / spliced[:, 0].max() + unspliced[:, 0] / unspliced[:, 0].max()
    rising = np.argsort(both)[180:220]
    unspliced[rising, 0] += 0.1
    assert (steady_state(spliced, unspliced)[rising, 0] > 0.05).all()
    path = write(tmp_path / "m.h5ad", spliced, {"Ms": spliced, "Mu": unspliced}, [f"c{i}" for i in range(400)])
    found = read_velocity(path, np.array(["c3"], object), silent)
    assert found.layers == ["Ms", "Mu"]
    assert "no layer 'velocity'" in found.said[0]


def test_files_that_do_not_fit(tmp_path, file, moving) -> None:
    X, V, scores, _ = moving
    with pytest.raises(InputError, match=r"--file X.h5ad"):
        velocity(cells(scores), Options(5))
    with pytest.raises(InputError, match=r"1 of 2 stored cells are not in .*such as 'x'"):
        read_velocity(file, np.array(["c0", "x"], object), silent)
    names = [f"c{i}" for i in range(N)]
    bare = write(tmp_path / "bare.h5ad", X, {"counts": X}, names)
    with pytest.raises(MissingColumn, match=r"'velocity' in layers.*Available: counts.*Ms and Mu"):
        read_velocity(bare, np.array(["c0"], object), silent)
    lost = write(tmp_path / "nan.h5ad", X, {"velocity": np.full_like(V, np.nan), "Ms": X}, names)
    with pytest.raises(BadValues, match="finite velocity"):
        read_velocity(lost, np.array(["c0"], object), silent)
    with pytest.warns(UserWarning, match="not unique"):
        twice = write(tmp_path / "twice.h5ad", X, {"velocity": V, "Ms": X}, ["c0", *names[:-1]])
    with pytest.raises(InputError, match=r"several cells 'c0'"):
        read_velocity(twice, np.array(["c0"], object), silent)


def test_cells_at_rest_keep_no_edge(tmp_path, moving) -> None:
    X, V, scores, _ = moving
    path = write(tmp_path / "rest.h5ad", X, {"velocity": 0 * V, "Ms": X}, [f"c{i}" for i in range(N)])
    found = velocity(cells(scores), Options(5, file=path))
    assert found.edges.source.size == 0
    assert "300 cells without a later neighbour" in found.said[-1]
