"""The expression matrix comes back as it was written."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from perturbome.platform.errors import NothingFound, UnknownName
from perturbome.platform.lake import Lake, RunWriter
from perturbome.platform.lake.expression import read_expression


def store_matrix(lake: Lake, matrix: sp.csr_matrix, dataset: str = "d") -> None:
    n_cells, n_genes = matrix.shape
    with RunWriter(lake, "ingest") as run:
        run.register_genes([f"G{i}" for i in range(n_genes)], organism="human", dataset=dataset, gene_index="position")
        first = run.allot_cells(n_cells)
        lists = {
            name: pa.ListArray.from_arrays(matrix.indptr.astype(np.int32), values)
            for name, values in (("gene_index", matrix.indices.astype(np.int32)), ("value", matrix.data))
        }
        cells = {
            "dataset": [dataset] * n_cells,
            "cell": range(first, first + n_cells),
            "name": [f"c{i}" for i in range(n_cells)],
            "control": [i % 2 == 0 for i in range(n_cells)],
        }
        run.write("cells", pa.table({**{k: list(v) for k, v in cells.items()}, **lists}))
        run.write(
            "datasets",
            pl.DataFrame(
                {
                    "dataset": [dataset],
                    "organism": ["human"],
                    "n_cells": [n_cells],
                    "n_genes": [n_genes],
                    "expression_unit": ["log1p of counts per 10,000"],
                    "raw_state": ["counts"],
                }
            ),
        )


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 2**31), st.floats(0, 1))
def test_a_matrix_survives_the_lake(tmp_path_factory, n_cells, n_genes, seed, density):
    rng = np.random.default_rng(seed)
    matrix = sp.random(n_cells, n_genes, density, format="csr", dtype=np.float32, random_state=rng)
    lake = Lake(tmp_path_factory.mktemp("lake") / "lake")
    store_matrix(lake, matrix)
    found = read_expression(lake, "d")
    assert found.X.dtype == np.float32
    assert (matrix != found.X).nnz == 0
    assert found.genes["gene_index"].to_list() == list(range(n_genes))
    assert found.cells["name"].to_list() == [f"c{i}" for i in range(n_cells)]


def test_a_condition_reads_only_the_cells_that_meet_it(tmp_path):
    lake = Lake(tmp_path / "lake")
    matrix = sp.random(20, 5, 0.5, format="csr", dtype=np.float32, random_state=0)
    store_matrix(lake, matrix)
    controls = read_expression(lake, "d", pl.col("control"))
    assert (matrix[::2] != controls.X).nnz == 0
    with pytest.raises(NothingFound, match="No cell"):
        read_expression(lake, "d", pl.col("name") == "nobody")


def test_cell_keys_are_unique_over_data_sets(tmp_path):
    lake = Lake(tmp_path / "lake")
    store_matrix(lake, sp.csr_matrix(np.ones((3, 2), np.float32)), "a")
    store_matrix(lake, sp.csr_matrix(np.ones((4, 2), np.float32)), "b")
    assert lake.scan("cells").collect()["cell"].sort().to_list() == list(range(7))
    assert read_expression(lake, "b").shape == (4, 2)
    with pytest.raises(UnknownName, match="Known: a, b"):
        read_expression(lake, "zzzz")


def test_a_store_travels_in_time_to_a_run(tmp_path):
    from perturbome.platform import Store
    from perturbome.platform.errors import StoreError, StoreReadOnly

    lake = Lake(tmp_path / "store" / "lake")
    store = Store(tmp_path / "store")
    store_matrix(lake, sp.csr_matrix(np.ones((3, 2), np.float32)), "a")
    first = lake.runs()[-1].id
    store_matrix(lake, sp.csr_matrix(np.ones((4, 2), np.float32)), "b")
    (tmp_path / "store" / "store.json").write_text('{"schema": 1}')
    then = store.at(first[:18])
    assert then.datasets()["dataset"].to_list() == ["a"]
    assert then.expression("a").shape == (3, 2)
    assert [run.id for run in then.runs()] == [first]
    with pytest.raises(UnknownName):
        then.expression("b")
    with pytest.raises(StoreError, match="present"):
        then.query("RETURN 1 AS one")
    with pytest.raises(StoreReadOnly), then.run("ingest"):
        pass
    assert store.datasets()["dataset"].to_list() == ["a", "b"]
