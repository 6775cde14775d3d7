"""A cut on disk is whole or absent, whoever crashes or comes second."""

import json
import os

import numpy as np
import pytest
from scipy import sparse

from perturbome.models.data.cell_cache import STALE, cached_cut
from perturbome.platform.errors import StoreError

N_GENES = 9


def pieces(n=3, seed=0):
    rng = np.random.default_rng(seed)
    for k in range(n):
        x = sparse.csr_matrix(rng.poisson(0.5, (4 + k, N_GENES)).astype(np.float32))
        yield x, np.arange(4 + k, dtype=np.uint64), np.diff(x.indptr).astype(np.int32)


def whole():
    return sparse.vstack([x for x, _, _ in pieces()]).toarray()


def failing():
    yield from pieces(2)
    raise KeyboardInterrupt


def test_pieces_come_back_as_one_mapped_matrix(tmp_path):
    cut = cached_cut(tmp_path, {"a": 1}, pieces(), N_GENES)
    np.testing.assert_array_equal(cut.matrix.toarray(), whole())
    assert isinstance(cut.matrix.data, np.memmap)
    assert isinstance(cut.matrix.indices, np.memmap)
    rows = [3, 3, 0, 14]
    np.testing.assert_array_equal(cut.matrix[rows].toarray(), whole()[rows])
    np.testing.assert_array_equal(cut.n_expressed, (whole() > 0).sum(axis=1))
    [folder] = tmp_path.iterdir()
    assert json.loads((folder / "complete.json").read_text()) == {"a": 1}
    assert np.load(folder / "values.npy").sum() == whole().sum()


def test_what_was_asked_decides(tmp_path):
    cached_cut(tmp_path, {"a": 1, "b": 2}, pieces(), N_GENES)
    same = cached_cut(tmp_path, {"b": 2, "a": 1}, failing(), N_GENES)
    np.testing.assert_array_equal(same.matrix.toarray(), whole())
    cached_cut(tmp_path, {"a": 2, "b": 2}, pieces(), N_GENES)
    assert len(list(tmp_path.iterdir())) == 2


def test_an_interruption_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        cached_cut(tmp_path, {}, failing(), N_GENES)
    assert list(tmp_path.iterdir()) == []
    assert cached_cut(tmp_path, {}, pieces(), N_GENES).matrix.shape == (15, N_GENES)


def test_a_crash_leaves_parts_that_are_swept_when_stale(tmp_path):
    fresh, stale = tmp_path / "x.1.part", tmp_path / "x.2.part"
    for part in (fresh, stale):
        part.mkdir()
        (part / "values.npy").write_bytes(b"half")
    os.utime(stale, (0, os.path.getmtime(stale) - STALE - 10))
    cached_cut(tmp_path, {}, pieces(), N_GENES)
    assert fresh.exists()
    assert not stale.exists()


def test_the_second_of_two_writers_takes_the_firsts(tmp_path):
    def overtaken():
        cached_cut(tmp_path, {}, pieces(), N_GENES)
        yield from pieces()

    cut = cached_cut(tmp_path, {}, overtaken(), N_GENES)
    np.testing.assert_array_equal(cut.matrix.toarray(), whole())
    assert len(list(tmp_path.iterdir())) == 1


def test_no_cells_and_no_values_are_a_cut_as_well(tmp_path):
    none = cached_cut(tmp_path, {"n": 0}, [], N_GENES)
    assert none.matrix.shape == (0, N_GENES)
    zeros = (sparse.csr_matrix((2, N_GENES), dtype=np.float32), np.zeros(2, np.uint64), np.zeros(2, np.int32))
    assert cached_cut(tmp_path, {"n": 1}, [zeros], N_GENES).matrix[[1, 0]].toarray().sum() == 0


def test_very_large_cuts_have_wide_indices(tmp_path, monkeypatch):
    monkeypatch.setattr("perturbome.models.data.cell_cache.MOST_NARROW", 10)
    cut = cached_cut(tmp_path, {}, pieces(), N_GENES)
    assert cut.matrix.indices.dtype == cut.matrix.indptr.dtype == np.int64
    np.testing.assert_array_equal(cut.matrix[[2, 1]].toarray(), whole()[[2, 1]])


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cache=FOLDER"):
        cached_cut(tmp_path / "file", {}, pieces(), N_GENES)
