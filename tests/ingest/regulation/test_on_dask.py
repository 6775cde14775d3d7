"""Inference on a Dask array, on worker processes and without, is inference on the matrix."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from perturbome.ingest.regulation import on_dask
from perturbome.ingest.regulation.cluster import client_in_force, dask_client, lake_array, result_of
from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods.correlation import correlation
from perturbome.ingest.regulation.methods.ridge import ridge
from perturbome.ingest.regulation.moments import block_moments
from perturbome.ingest.regulation.network import infer_network
from perturbome.ingest.regulation.registry import METHODS
from perturbome.ingest.regulation.summary import summarise
from perturbome.platform.errors import InputError, MissingExtra

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
pytest.importorskip("distributed")

N, G = 240, 14
REGULATORS, AIMED = np.array([0, 3, 4, 9]), np.array([3, 5])
RNG = np.random.default_rng(0)
X = np.where(RNG.random((N, G)) < 0.4, RNG.gamma(2.0, 1.0, (N, G)), 0.0).astype(np.float32)
X[:, 5] += X[:, 0]
PERTURBED = RNG.random((N, 2)) < 0.2


def lazy(form, rows: int = 50) -> Any:
    """X as a Dask array whose chunks are of a form: numpy or CSR."""
    parts = [X[start : start + rows] for start in range(0, N, rows)]
    meta = form(np.empty((0, 0), np.float32))
    return da.concatenate([da.from_delayed(dask.delayed(form)(p), p.shape, np.float32, meta=meta) for p in parts])


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with dask_client("local", n_workers=2) as client:
        yield client


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_dask, "PORTION_BYTES", 2000)
    monkeypatch.setattr(on_dask, "SENT_BYTES", 500)


@pytest.fixture(params=["without a cluster", "on a cluster"])
def somewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "on a cluster":
        client = request.getfixturevalue("cluster")
        assert client_in_force() is client
    else:
        monkeypatch.setattr(on_dask, "client_in_force", lambda: None)
    return request.param


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_moments_are_those_of_the_matrix(somewhere: str, form) -> None:
    block = np.arange(N) % 7
    found = block_moments(lazy(form), REGULATORS, block, PERTURBED, AIMED)
    expected = block_moments(X, REGULATORS, block, PERTURBED, AIMED)
    assert len(on_dask.portions_of(lazy(form))) > 2
    for name in ("count", "total", "square", "gram", "aim_count", "aim_gram", "aim_own", "mean", "sd"):
        np.testing.assert_allclose(
            getattr(found, name), getattr(expected, name), rtol=1e-5, atol=1e-4, err_msg=f"{name}, {somewhere}"
        )


@pytest.mark.parametrize("method", [ridge, correlation])
def test_a_method_sees_some_cells_and_some_genes_as_in_memory(somewhere: str, method) -> None:
    rows = np.flatnonzero(RNG.random(N) < 0.8)
    columns = np.array([0, 3, 4, 5, 9, 11, 12])

    def evidence(expression: Any) -> Any:
        cells = Cells.of(
            expression[rows][:, columns], np.array([0, 1, 2, 4]), perturbed=PERTURBED[rows], aimed=np.array([1, 3])
        )
        return method(cells, Options(n_bootstraps=3))

    found, expected = evidence(lazy(sparse.csr_matrix)), evidence(X)
    np.testing.assert_allclose(found.weight, expected.weight, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.p, expected.p, rtol=1e-3)
    others = np.ones(found.weight.shape, bool)
    others[np.arange(4), [0, 1, 2, 4]] = False  # a gene with itself is at the end of the scale
    for b in range(3):
        np.testing.assert_allclose(
            found.refit(b)[others], expected.refit(b)[others], rtol=1e-3, atol=1e-3, err_msg=somewhere
        )


def test_genes_are_summed_up_as_in_memory(somewhere: str) -> None:
    found, expected = summarise(lazy(sparse.csr_matrix)), summarise(X)
    np.testing.assert_array_equal(found.seen, expected.seen)
    np.testing.assert_allclose(found.sd, expected.sd, rtol=1e-9, err_msg=somewhere)


def test_columns_in_chunks_are_put_together() -> None:
    found = block_moments(da.from_array(X, chunks=(50, 4)), REGULATORS, np.arange(N) % 7)
    np.testing.assert_allclose(found.gram, block_moments(X, REGULATORS, np.arange(N) % 7).gram, atol=1e-4)


def test_a_file_of_cells_is_read_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_dask, "client_in_force", lambda: None)
    anndata = pytest.importorskip("anndata")
    import h5py

    anndata.AnnData(sparse.csr_matrix(X)).write_h5ad(tmp_path / "cells.h5ad")
    with h5py.File(tmp_path / "cells.h5ad") as file:
        lazily = anndata.experimental.read_elem_lazy(file["X"], chunks=(60, G))
        found = infer_network(Cells.of(lazily, REGULATORS), METHODS["ridge"], Options(n_bootstraps=5))
    expected = infer_network(Cells.of(X, REGULATORS), METHODS["ridge"], Options(n_bootstraps=5))
    assert found.source.size > 0
    np.testing.assert_array_equal([found.source, found.target], [expected.source, expected.target])
    np.testing.assert_allclose(found.weight, expected.weight, rtol=1e-4)
    np.testing.assert_allclose(found.stability, expected.stability, atol=0.21)


def test_chunks_of_unknown_size_are_refused() -> None:
    unknown = lazy(np.asarray)
    unknown = unknown[unknown[:, 0] > 0]
    with pytest.raises(InputError, match="compute_chunk_sizes"):
        summarise(unknown)


def test_cells_that_are_not_those_described_are_refused() -> None:
    with pytest.raises(InputError, match="240 cells, where 239"):
        block_moments(lazy(np.asarray), REGULATORS, np.zeros(N - 1, int))


def test_what_goes_wrong_in_a_chunk_is_told(cluster: Any) -> None:
    def broken() -> np.ndarray:
        raise OSError("the disk is gone")

    parts = [da.from_delayed(dask.delayed(broken)(), (10, G), np.float32)] * 5
    with pytest.raises(OSError, match="the disk is gone"):
        summarise(da.concatenate(parts))


def test_a_lost_task_is_told(cluster: Any) -> None:
    future = cluster.submit(sum, [1, 2], pure=False)
    future.cancel()
    with pytest.raises(InputError, match="more memory"):
        result_of(future)


def test_no_scheduler_and_no_dask_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(InputError, match="tcp://HOST:8786"),
        dask_client("tcp://127.0.0.1:9", timeout=0.3),
    ):
        pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert client_in_force() is None
    with pytest.raises(MissingExtra, match=r"perturbome\[scale\]"), dask_client("local"):
        pass


def test_the_lake_is_read_by_the_workers(cluster: Any, tmp_path: Path) -> None:
    from perturbome.ingest.experiment.add import add_experiment
    from perturbome.ingest.simulation.experiment import simulate
    from perturbome.platform.lake.expression_chunks import expression_chunks
    from perturbome.platform.store import Store

    simulate(n_cells=200, n_genes=20, n_knockouts=3, seed=1).write(tmp_path / "cells.h5ad")
    with Store(tmp_path / "store") as store:
        add_experiment(store, tmp_path / "cells.h5ad", dataset="d", organism="human")
        some = pl.col("control")
        expected = store.expression("d", some).X
        found = lake_array(expression_chunks(store.lake, "d", some, rows=30))
    assert found.shape == expected.shape
    np.testing.assert_allclose(summarise(found).mean, summarise(expected).mean, rtol=1e-9)
