"""10x, loom and text say the same as the .h5ad of the same experiment."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse as sp

from perturbome.ingest.experiment.add import add_experiment
from perturbome.platform.errors import AmbiguousInput, InputError, UnreadableFile
from perturbome.platform.store import Store

GENES = ["STAT1", "JAK2", "IRF1", "HLA-A", "NKX2-1", "MYC", "TP53", "GAPDH", "ACTB", "CD86"]
IDS = [f"ENSG{i:011d}" for i in range(10)]
CELLS = [f"ACGTACGTAC{'ACGT'[i % 4]}{i}-1" for i in range(60)]


@pytest.fixture
def expected(counts: np.ndarray) -> np.ndarray:
    return np.log1p(counts / np.maximum(1, counts.sum(1, keepdims=True)) * 1e4)


def tenx_h5(path: Path, counts: np.ndarray, kinds: list[str], version: int = 3) -> Path:
    by_gene = sp.csc_matrix(counts.T.astype(np.int32))
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix" if version == 3 else "GRCh38")
        for name in ("data", "indices", "indptr"):
            group[name] = getattr(by_gene, name)
        group["shape"] = by_gene.shape
        group["barcodes"] = np.array(CELLS, dtype="S")
        if version == 3:
            features = group.create_group("features")
            features["id"], features["name"] = np.array(IDS, dtype="S"), np.array(GENES, dtype="S")
            features["feature_type"] = np.array(kinds, dtype="S")
        else:
            group["genes"], group["gene_names"] = np.array(IDS, dtype="S"), np.array(GENES, dtype="S")
    return path


@pytest.mark.parametrize("version", [2, 3])
def test_tenx_h5(store: Store, tmp_path: Path, counts: np.ndarray, expected: np.ndarray, version: int) -> None:
    done = add_experiment(store, tenx_h5(tmp_path / "a.h5", counts, ["Gene Expression"] * 10, version))
    found = store.expression(done.dataset)
    np.testing.assert_allclose(found.X.toarray(), expected, rtol=1e-5)
    assert found.cells["name"].to_list() == CELLS
    assert found.genes["symbol"].to_list() == GENES
    assert found.genes["gene"].to_list() == IDS
    assert found.dataset["organism"] == "human"


def test_tenx_guides_are_no_genes(store: Store, tmp_path: Path, counts: np.ndarray) -> None:
    kinds = ["Gene Expression"] * 7 + ["CRISPR Guide Capture"] * 2 + ["Antibody Capture"]
    done = add_experiment(store, tenx_h5(tmp_path / "a.h5", counts, kinds))
    found = store.expression(done.dataset)
    part = counts[:, :7]
    np.testing.assert_allclose(
        found.X.toarray(), np.log1p(part / np.maximum(1, part.sum(1, keepdims=True)) * 1e4), rtol=1e-5
    )
    assert any("2 CRISPR Guide Capture, 1 Antibody Capture" in line for line in done.said)
    with pytest.raises(InputError, match="no features of type"):
        add_experiment(store, tenx_h5(tmp_path / "b.h5", counts, ["Antibody Capture"] * 10))


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("given", ["folder", "matrix"])
def test_tenx_folder(
    store: Store, tmp_path: Path, counts: np.ndarray, expected: np.ndarray, packed: bool, given: str
) -> None:
    folder = tmp_path / "run1"
    folder.mkdir()
    end = ".gz" if packed else ""
    opened = gzip.open if packed else open
    with opened(folder / f"matrix.mtx{end}", "wb") as file:
        scipy.io.mmwrite(file, sp.coo_matrix(counts.T.astype(int)))
    with opened(folder / f"barcodes.tsv{end}", "wt") as file:
        file.write("\n".join(CELLS) + "\n")
    with opened(folder / (f"features.tsv{end}" if packed else "genes.tsv"), "wt") as file:
        file.write(
            "".join(
                f"{i}\t{g}\tGene Expression\n" if packed else f"{i}\t{g}\n" for i, g in zip(IDS, GENES, strict=True)
            )
        )
    done = add_experiment(store, folder if given == "folder" else folder / f"matrix.mtx{end}")
    assert done.dataset == "run1"
    found = store.expression(done.dataset)
    np.testing.assert_allclose(found.X.toarray(), expected, rtol=1e-5)
    assert found.genes["gene"].to_list() == IDS


def test_tenx_folder_with_a_file_missing_or_cut(store: Store, tmp_path: Path, counts: np.ndarray) -> None:
    with pytest.raises(UnreadableFile, match=r"matrix.mtx.*It holds: nothing"):
        (tmp_path / "empty").mkdir()
        add_experiment(store, tmp_path / "empty")
    scipy.io.mmwrite(tmp_path / "matrix.mtx", sp.coo_matrix(counts.T.astype(int)))
    (tmp_path / "barcodes.tsv").write_text("\n".join(CELLS))
    (tmp_path / "genes.tsv").write_text("\n".join(f"{i}\t{g}" for i, g in zip(IDS[:-1], GENES[:-1], strict=True)))
    with pytest.raises(UnreadableFile, match="9 features"):
        add_experiment(store, tmp_path / "matrix.mtx")
    text = (tmp_path / "matrix.mtx").read_text()
    (tmp_path / "matrix.mtx").write_text(text[: len(text) // 2])
    with pytest.raises(UnreadableFile, match="MatrixMarket"):
        add_experiment(store, tmp_path / "matrix.mtx")


def test_loom(store: Store, tmp_path: Path, counts: np.ndarray, expected: np.ndarray) -> None:
    with h5py.File(tmp_path / "a.loom", "w") as file:
        file["matrix"] = counts.T
        file["row_attrs/Gene"], file["row_attrs/Accession"] = np.array(GENES, dtype="S"), np.array(IDS, dtype="S")
        file["col_attrs/CellID"] = np.array(CELLS, dtype="S")
        file["col_attrs/perturbation"] = np.array(["control", "MYC"] * 30, dtype="S")
        file["layers/spliced"] = counts.T * 2
    done = add_experiment(store, tmp_path / "a.loom")
    found = store.expression(done.dataset)
    np.testing.assert_allclose(found.X.toarray(), expected, rtol=1e-5)
    assert found.genes["gene"].to_list() == IDS
    assert done.perturbations == ["knockout:MYC"]
    assert add_experiment(store, tmp_path / "a.loom", layer="spliced", dataset="b").n_cells == 60


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_text_cells_by_genes_with_columns_about_cells(
    store: Store, tmp_path: Path, counts: np.ndarray, expected: np.ndarray, separator: str, newline: str
) -> None:
    table = pd.DataFrame(counts.astype(int), index=CELLS, columns=GENES)
    table["perturbation"] = ["control", "MYC"] * 30
    table["hour"] = [0, 24, 48] * 20
    text = table.to_csv(sep=separator).replace("\n", newline)
    path = tmp_path / ("a.csv" if separator != "\t" else "a.tsv")
    path.write_bytes(text.encode())
    done = add_experiment(store, path)
    found = store.expression(done.dataset)
    np.testing.assert_allclose(found.X.toarray(), expected, rtol=1e-5)
    assert found.cells["name"].to_list() == CELLS
    assert done.perturbations == ["knockout:MYC"]
    assert found.dataset["time_unit"] == "hour"


def test_text_genes_by_cells_is_seen_from_names_or_a_companion(
    store: Store, tmp_path: Path, counts: np.ndarray, expected: np.ndarray
) -> None:
    plain = pd.DataFrame(counts.T.astype(int), index=GENES, columns=CELLS)
    plain.to_csv(tmp_path / "seen.csv.gz")
    done = add_experiment(store, tmp_path / "seen.csv.gz")
    np.testing.assert_allclose(store.expression(done.dataset).X.toarray(), expected, rtol=1e-5)

    names = [f"N{c}" for c in GENES]  # cells called like genes
    table = pd.DataFrame(counts[:10].T, index=GENES, columns=names)
    table.to_csv(tmp_path / "doubt.csv")
    with pytest.raises(AmbiguousInput, match="--transpose"):
        add_experiment(store, tmp_path / "doubt.csv")
    assert add_experiment(store, tmp_path / "doubt.csv", transpose=True, dataset="a").n_genes == 10
    assert store.expression("a").genes["symbol"].to_list() == GENES
    pd.DataFrame({"PseudoTime1": np.arange(10.0), "PseudoTime2": np.nan}, index=names).to_csv(
        tmp_path / "PseudoTime.csv"
    )
    add_experiment(store, tmp_path / "doubt.csv", dataset="b")
    assert store.expression("b").genes["symbol"].to_list() == GENES
    assert store.expression("b").cells["pseudotime"].to_list() == list(range(10))


def test_lineages_fill_each_other_only_where_the_first_is_silent(
    store: Store, tmp_path: Path, counts: np.ndarray
) -> None:
    pd.DataFrame(counts, index=CELLS, columns=GENES).to_csv(tmp_path / "x.csv")
    time = pd.DataFrame(
        {"PseudoTime1": [1.0] * 30 + [np.nan] * 30, "PseudoTime2": [9.0] * 10 + [np.nan] * 20 + [2.0] * 30}, index=CELLS
    )
    time.to_csv(tmp_path / "PseudoTime.csv")
    done = add_experiment(store, tmp_path / "x.csv")
    assert store.expression(done.dataset).cells["pseudotime"].to_list() == [1.0] * 30 + [2.0] * 30
    assert any("30 cells outside 'PseudoTime1'" in line for line in done.said)


def test_text_with_a_hole(store: Store, tmp_path: Path, counts: np.ndarray) -> None:
    table = pd.DataFrame(counts, index=CELLS, columns=GENES)
    table.iloc[3, 4] = np.nan
    table.to_csv(tmp_path / "a.csv")
    with pytest.raises(InputError, match=r"'NKX2-1' in cell 'ACGTACGTACT3-1'"):
        add_experiment(store, tmp_path / "a.csv")


def test_anndata_of_an_old_version(store: Store, tmp_path: Path, counts: np.ndarray) -> None:
    with h5py.File(tmp_path / "old.h5ad", "w") as file:
        file["X"] = counts
        obs = np.zeros(60, dtype=[("index", "S8"), ("perturbation", "i1")])
        obs["index"], obs["perturbation"] = [f"c{i}".encode() for i in range(60)], [0, 1] * 30
        file["obs"] = obs
        file["var"] = np.array([(g.encode(),) for g in GENES], dtype=[("index", "S8")])
        file["uns/perturbation_categories"] = np.array([b"control", b"MYC"])
        file["obsm"] = np.zeros(60, dtype=[("spatial", "f4", (2,))])
    done = add_experiment(store, tmp_path / "old.h5ad")
    assert done.perturbations == ["knockout:MYC"]
    assert store.expression(done.dataset).cells["y"].to_list() == [0.0] * 60


@pytest.mark.parametrize(
    "column",
    [
        pd.array([1, 2] * 30, dtype="Int64"),
        pd.array([True, False] * 30, dtype="boolean"),
        pd.Categorical([1.5, 2.5] * 30),
    ],
)
def test_odd_types_of_columns_become_text(store: Store, h5ad: Callable[..., Path], column: object) -> None:
    done = add_experiment(store, h5ad({"batch": column}))
    assert store.expression(done.dataset).cells["batch"].n_unique() == 2


def test_an_anndata_with_a_raw_of_counts_only(store: Store, tmp_path: Path, counts: np.ndarray) -> None:
    data = ad.AnnData(None, obs=pd.DataFrame(index=CELLS), var=pd.DataFrame(index=GENES), layers={"counts": counts})
    data.write_h5ad(tmp_path / "a.h5ad")
    assert add_experiment(store, tmp_path / "a.h5ad").n_genes == 10
