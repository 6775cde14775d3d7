"""Expression in chunks is the expression read whole, row by row."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from perturbome.platform.errors import NothingFound, UnknownName
from perturbome.platform.lake import Lake, RunWriter, delta
from perturbome.platform.lake.expression import read_expression
from perturbome.platform.lake.expression_chunks import expression_chunks

N_CELLS, N_GENES = 57, 5


def store_matrix(lake: Lake, matrix: sp.csr_matrix) -> None:
    n_cells, n_genes = matrix.shape
    with RunWriter(lake, "ingest") as run:
        run.register_genes([f"G{i}" for i in range(n_genes)], organism="human", dataset="d", gene_index="position")
        first = run.allot_cells(n_cells)
        cells = {
            "dataset": ["d"] * n_cells,
            "cell": list(range(first, first + n_cells)),
            "name": [f"c{i}" for i in range(n_cells)],
            "control": [i % 2 == 0 for i in range(n_cells)],
            "gene_index": pa.ListArray.from_arrays(matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)),
            "value": pa.ListArray.from_arrays(matrix.indptr.astype(np.int32), matrix.data),
        }
        run.write("cells", pa.table(cells))
        about = {"dataset": "d", "organism": "human", "n_cells": n_cells, "n_genes": n_genes}
        run.write("datasets", pl.DataFrame([about | {"expression_unit": "log1p", "raw_state": "counts"}]))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A data set of several files, each of several row groups."""
    lake = Lake(tmp_path_factory.mktemp("lake") / "lake")
    with pytest.MonkeyPatch.context() as small:
        small.setattr(delta, "ROWS_PER_GROUP_OF_LISTS", 4)
        small.setattr(delta, "GROUPS_PER_FILE", 5)
        store_matrix(lake, sp.random(N_CELLS, N_GENES, 0.4, format="csr", dtype=np.float32, random_state=0))
    assert len(lake.files("cells")) == 3
    return lake


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(1, 70), kept=st.sets(st.integers(0, N_CELLS - 1), min_size=1))
def test_chunks_below_each_other_are_the_matrix(lake: Lake, rows: int, kept: set[int]) -> None:
    first = read_expression(lake, "d").cells["cell"].min()
    where = (pl.col("cell") - first).is_in(sorted(kept))
    whole, found = read_expression(lake, "d", where), expression_chunks(lake, "d", where, rows=rows)
    assert found.shape == whole.shape
    assert found.cells.equals(whole.cells)
    assert found.genes.equals(whole.genes)
    stacked = sp.vstack([chunk.read() for chunk in found.chunks])
    assert stacked.dtype == np.float32
    assert (stacked != whole.X).nnz == 0
    assert [chunk.shape[0] for chunk in found.chunks] == [chunk.read().shape[0] for chunk in found.chunks]


def test_chunks_are_of_the_size_asked_for(lake: Lake) -> None:
    sizes = [chunk.shape[0] for chunk in expression_chunks(lake, "d", rows=8).chunks]
    assert sum(sizes) == N_CELLS
    assert max(sizes) == 8


def test_row_groups_without_a_wanted_cell_are_not_read(lake: Lake) -> None:
    cells = read_expression(lake, "d").cells["cell"]
    found = expression_chunks(lake, "d", pl.col("cell").is_in([cells[9], cells[30]]))
    assert [(chunk.groups, chunk.rows.tolist()) for chunk in found.chunks] == [((2,), [1]), ((2,), [2])]


def test_what_is_not_there_is_named(lake: Lake) -> None:
    with pytest.raises(UnknownName, match="data set 'e'"):
        expression_chunks(lake, "e")
    with pytest.raises(NothingFound, match="No cell of data set 'd'"):
        expression_chunks(lake, "d", pl.col("cell") < 0)
