"""Matrices in pieces are the matrix, however it is stored."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pytest
import scipy.sparse as sp

from perturbome.ingest.experiment import hdf5, source
from perturbome.ingest.experiment.h5ad import read_h5ad
from perturbome.ingest.experiment.source import sample_rows
from perturbome.platform.errors import UnreadableFile


@pytest.mark.parametrize("make", [sp.csr_matrix, sp.csc_matrix, np.asarray], ids=["csr", "csc", "dense"])
@pytest.mark.parametrize("small", [True, False], ids=["at-once", "in-pieces"])
def test_pieces_put_together_are_the_matrix(tmp_path: Path, make, small: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.poisson(0.4, (337, 41)).astype(np.float32)
    matrix[100:120] = 0  # empty cells
    matrix[:, 7] = 0  # an empty gene
    ad.AnnData(make(matrix)).write_h5ad(tmp_path / "m.h5ad")
    if not small:
        monkeypatch.setattr(source, "ENTRIES_PER_PIECE", 150)
        monkeypatch.setattr(hdf5, "COLUMN_ENTRIES_IN_MEMORY", 800)
    with read_h5ad(tmp_path / "m.h5ad") as opened:
        stored = opened.open("X")
        pieces = list(stored.pieces())
        assert [a for a, _ in pieces] == [0, *(b for _, b in pieces[:-1])]
        assert pieces[-1][1] == 337
        assert (len(pieces) > 10) == (not small)
        together = sp.vstack([stored.rows(a, b) for a, b in pieces]).toarray()
        np.testing.assert_array_equal(together, matrix)
        np.testing.assert_array_equal(stored.rows(95, 260).toarray(), matrix[95:260])
        assert sample_rows(stored, 64).shape == (64, 41)


@pytest.mark.parametrize(("part", "change"), [("indptr", -1), ("indices", 10_000)])
def test_a_sparse_matrix_that_contradicts_itself_is_refused(tmp_path: Path, part: str, change: int) -> None:
    path = tmp_path / "bad.h5ad"
    ad.AnnData(sp.csr_matrix(np.eye(20, dtype=np.float32))).write_h5ad(path)
    with h5py.File(path, "a") as file:
        file[f"X/{part}"][-1] = file[f"X/{part}"][-1] + change
    with read_h5ad(path) as opened, pytest.raises(UnreadableFile, match=r"contradicts itself|points outside"):
        opened.open("X").rows(0, 20)


def test_a_matrix_of_another_size_than_its_tables_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.h5ad"
    ad.AnnData(np.eye(5, dtype=np.float32)).write_h5ad(path)
    with h5py.File(path, "a") as file:
        del file["X"]
        file["X"] = np.ones((4, 5))
    with read_h5ad(path) as opened, pytest.raises(UnreadableFile, match="4 x 5"):
        opened.open("X")
