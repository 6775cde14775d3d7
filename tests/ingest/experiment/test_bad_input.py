"""What a broken or doubtful file gets: a message that mends, and a store in which nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from perturbome.ingest.experiment.add import add_experiment
from perturbome.platform.errors import BadValues, InputError, UnreadableFile
from perturbome.platform.store import Store

Write = Callable[..., Path]


def nothing_stored(store: Store) -> bool:
    return store.runs() == [] and not any(store.lake.has(t) for t in ("cells", "genes", "datasets", "perturbations"))


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("a.h5ad", b"", "empty"),
        ("a.h5ad", b"\x1f\x8b\x08 this is a gzip", "not an HDF5 file"),
        ("a.h5", b"barcode,gene\n", "not an HDF5 file"),
        ("a.loom", b"", "empty"),
        ("a.csv", b"", "empty"),
        ("a.csv", b" \n\n", "empty"),
        ("a.csv", b"\x00\x01\x02", "no text"),
        ("a.csv", b"gene1\n", "no matrix"),
        ("a.csv", b"a,b,c\nx,y,z\n", "perturbome ingest prior"),
        ("a.tsv", b"0.1\t0.2\t0.3\n1\t2\t3\n", "no header"),
        ("a.xlsx", b"PK", "unknown kind of file"),
        ("a", b"?", "unknown kind of file"),
        ("matrix.mtx", b"%%MatrixMarket", "no 10x folder"),
    ],
)
def test_files_that_are_not_what_they_claim(store: Store, tmp_path: Path, name: str, content: bytes, text: str) -> None:
    path = tmp_path / "in" / name
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=text):
        add_experiment(store, path)
    assert nothing_stored(store)


def test_an_absent_path_names_its_neighbour(store: Store, h5ad: Write) -> None:
    path = h5ad()
    with pytest.raises(UnreadableFile, match=r"does not exist. Did you mean 'toy.h5ad'"):
        add_experiment(store, path.with_name("tyo.h5ad"))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_file_cut_short(store: Store, h5ad: Write, share: float) -> None:
    rng = np.random.default_rng(0)
    path = h5ad(
        {"perturbation": ["control", "MYC"] * 400}, X=sp.csr_matrix(rng.poisson(1, (800, 10)).astype(np.float32))
    )
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(UnreadableFile, match=r"cut short|not an HDF5"):
        add_experiment(store, path)
    assert nothing_stored(store)


def test_damage_inside_the_matrix(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "bad.h5ad"
    matrix = sp.csr_matrix(np.random.default_rng(0).poisson(1, (20_000, 10)).astype(np.float32))
    ad.AnnData(matrix).write_h5ad(path, compression="gzip")
    with h5py.File(path) as file:
        chunks = file["X/data"].id
        last = max((chunks.get_chunk_info(i) for i in range(chunks.get_num_chunks())), key=lambda c: c.chunk_offset)
    content = bytearray(path.read_bytes())
    content[last.byte_offset : last.byte_offset + last.size] = b"\xff" * last.size
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match="cut short"):
        add_experiment(store, path)
    assert nothing_stored(store)


def test_an_hdf5_file_of_something_else(store: Store, tmp_path: Path) -> None:
    for name, text in (("a.h5ad", "no AnnData"), ("a.h5", "not one of 10x"), ("a.loom", "no loom")):
        with h5py.File(tmp_path / name, "w") as file:
            file["numbers"] = np.arange(3)
        with pytest.raises(UnreadableFile, match=text):
            add_experiment(store, tmp_path / name)


@pytest.mark.parametrize(("shape", "text"), [((0, 10), "no cells"), ((60, 0), "no genes")])
def test_nothing_in_it(store: Store, h5ad: Write, shape: tuple[int, int], text: str) -> None:
    with pytest.raises(InputError, match=text):
        add_experiment(store, h5ad(X=np.zeros(shape, dtype=np.float32)))


@pytest.mark.parametrize(
    ("value", "state", "text"),
    [
        (np.nan, None, "not a number"),
        (np.inf, None, "not a number"),
        (np.nan, "other", "not a number"),
        (-1.0, "counts", "negative"),
        (-1.0, "log1p", "negative"),
        (1.5, "counts", "fraction"),
        (-0.5, "normalised", "negative"),
    ],
)
@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix, sp.csc_matrix], ids=["dense", "csr", "csc"])
def test_values_that_cannot_be(
    store: Store, h5ad: Write, counts: np.ndarray, make, value: float, state: str | None, text: str
) -> None:
    counts[41, 5] = value
    counts[50, 6] = value
    with pytest.raises(BadValues, match=text) as error:
        add_experiment(store, h5ad(X=make(counts)), state=state)
    assert "'MYC'" in str(error.value)
    assert "'cell41' (row 42)" in str(error.value)
    assert nothing_stored(store)


def test_a_fraction_far_behind_the_sample(store: Store, h5ad: Write) -> None:
    counts = np.ones((5000, 10), dtype=np.float32)
    counts[317, 3] = 0.25
    with pytest.raises(BadValues, match=r"0.25 of gene 'HLA-A' in cell 'cell317'.*--state"):
        add_experiment(store, h5ad(X=counts))
    assert nothing_stored(store)


def test_integer_counts_need_no_floats(store: Store, h5ad: Write, counts: np.ndarray) -> None:
    done = add_experiment(store, h5ad(X=sp.csr_matrix(counts.astype(np.int64))))
    assert store.expression(done.dataset).dataset["raw_state"] == "counts"


def test_duplicated_cells(store: Store, h5ad: Write) -> None:
    path = h5ad(cells=["a", "a", "b", "b", *map(str, range(56))])
    with pytest.raises(InputError, match=r"Duplicated cell names.*a, b \(2 in all\).*--make-unique"):
        add_experiment(store, path)
    done = add_experiment(store, path, make_unique=True)
    assert store.expression(done.dataset).cells["name"].to_list()[:4] == ["a", "a-1", "b", "b-1"]


def test_duplicated_genes_are_summed_as_counts(store: Store, h5ad: Write, counts: np.ndarray) -> None:
    genes = ["STAT1", "JAK2", "STAT1", "IRF1", "STAT1", "MYC", "TP53", "GAPDH", "ACTB", "CD86"]
    done = add_experiment(store, h5ad(genes=genes))
    found = store.expression(done.dataset)
    assert found.genes["symbol"].to_list() == ["STAT1", "JAK2", "IRF1", "MYC", "TP53", "GAPDH", "ACTB", "CD86"]
    summed = counts[:, [0, 1, 3, 5, 6, 7, 8, 9]].copy()
    summed[:, 0] += counts[:, 2] + counts[:, 4]
    expected = np.log1p(summed / np.maximum(1, counts.sum(1, keepdims=True)) * 1e4)
    np.testing.assert_allclose(found.X.toarray(), expected, rtol=1e-5)
    assert any("summed" in line for line in done.said)


def test_duplicated_genes_of_other_values_are_refused(store: Store, h5ad: Write, counts: np.ndarray) -> None:
    genes = ["STAT1", "JAK2", "STAT1", *list("ABCDEFG")]
    path = h5ad(genes=genes, X=np.log1p(counts))
    with pytest.raises(InputError, match=r"Duplicated genes: STAT1.*--make-unique"):
        add_experiment(store, path)
    done = add_experiment(store, path, make_unique=True)
    assert store.expression(done.dataset).genes["symbol"].to_list()[:3] == ["STAT1", "JAK2", "STAT1-1"]


def test_one_symbol_of_two_ensembl_genes_is_two_genes(store: Store, h5ad: Write) -> None:
    ids = [f"ENSG{i:011d}" for i in range(10)]
    var = pd.DataFrame({"gene_symbols": ["MATR3", "MATR3", *list("ABCDEFGH")]}, index=ids)
    done = add_experiment(store, h5ad(var=var))
    found = store.expression(done.dataset)
    assert found.genes["gene"].to_list() == ids
    assert found.genes["symbol"].to_list()[:2] == ["MATR3", "MATR3"]


def test_a_name_that_is_taken(store: Store, h5ad: Write) -> None:
    first = add_experiment(store, h5ad(), dataset="mine")
    with pytest.raises(InputError, match=r"already holds a data set 'mine'.*--replace"):
        add_experiment(store, h5ad(), dataset="mine")
    second = add_experiment(store, h5ad({"celltype": ["B"] * 60}), dataset="mine", replace=True)
    assert [r.id for r in store.runs()] == [second.run] != [first.run]
    assert store.expression("mine").cells["cell_type"].unique().to_list() == ["B"]


def test_a_failed_replacement_leaves_the_old_one(store: Store, h5ad: Write, counts: np.ndarray) -> None:
    first = add_experiment(store, h5ad(), dataset="mine")
    counts[59, 9] = np.nan
    with pytest.raises(BadValues):
        add_experiment(store, h5ad(X=counts), dataset="mine", replace=True)
    assert [r.id for r in store.runs()] == [first.run]
    assert store.expression("mine").X.shape == (60, 10)


def test_ctrl_c_half_way_leaves_nothing(store: Store, h5ad: Write) -> None:
    def interrupt(what: str, done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_experiment(store, h5ad(), report=interrupt)
    assert nothing_stored(store)
    assert add_experiment(store, h5ad()).n_cells == 60


def test_no_cell_above_the_guide_fraction(store: Store, h5ad: Write) -> None:
    with pytest.raises(InputError, match="No cell"):
        add_experiment(store, h5ad({"grna_top_frac": [0.5] * 60}), min_guide_fraction=0.9)
