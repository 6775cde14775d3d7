"""Choosing, narrowing, refusing; files appear whole or not at all."""

from __future__ import annotations

import errno
from dataclasses import replace as changed
from pathlib import Path

import anndata
import numpy as np
import polars as pl
import pytest

from perturbome.platform.errors import DiskFull, InputError, MissingColumn, NothingFound, UnknownName
from perturbome.platform.exports import write
from perturbome.platform.exports.write import EXPORTERS, export
from perturbome.platform.store import Store

from .conftest import infer


@pytest.mark.parametrize(
    ("selection", "n"),
    [
        ({}, 4),
        ({"time": 1}, 1),
        ({"time": 0.0}, 3),
        ({"min_weight": 0.5}, 3),
        ({"top": 2}, 2),
        ({"cell_type": "T", "dataset": "exp"}, 4),
        ({"time": 0, "top": 1}, 1),
        ({"cell_type": None}, 4),
    ],
)
def test_selection(store: Store, tmp_path: Path, selection: dict, n: int) -> None:
    written = export(store, "regulation", tmp_path / "net.csv", **selection)
    rows = pl.read_csv(written.path)
    assert written.rows == rows.height == n
    if "top" in selection:
        assert rows["weight"].abs().min() >= 0.7


def test_one_of_several_runs(store: Store, tmp_path: Path) -> None:
    second = infer(store, 2.0)
    both = export(store, "regulation", tmp_path / "both.csv")
    assert both.rows == 8
    assert any("2 runs" in line for line in both.said)
    one = export(store, "regulation", tmp_path / "one.csv", run=second)
    assert pl.read_csv(one.path)["weight"].abs().max() == pytest.approx(1.8)


def test_parquet_keeps_what_the_lake_has(store: Store, tmp_path: Path) -> None:
    path = export(store, "regulation", tmp_path / "net.parquet").path
    lake = store.lake.scan("regulation").collect()
    back = pl.read_parquet(path)
    assert (
        back.select(set(lake.columns) & set(back.columns))
        .sort("source", "target", "time")
        .equals(lake.select(set(lake.columns) & set(back.columns)).sort("source", "target", "time"))
    )
    assert back["source_symbol"].to_list()[:2] == ["STAT1", "STAT1"]


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet"])
def test_any_table(store: Store, tmp_path: Path, ending: str) -> None:
    written = export(store, "cells", tmp_path / f"cells.{ending}", cell_type="B")
    read = {"csv": pl.read_csv, "tsv": lambda p: pl.read_csv(p, separator="\t"), "parquet": pl.read_parquet}[ending]
    rows = read(written.path)
    assert written.rows == rows.height == 2
    assert rows["gene_index"].to_list()[1] == ([0, 1, 2] if ending == "parquet" else "0;1;2")


def test_h5ad_there_and_back(store: Store, tmp_path: Path) -> None:
    data = anndata.read_h5ad(export(store, "exp", tmp_path / "exp.h5ad").path)
    expected = np.array([[1.5, 0, 2.5], [0, 0.25, 0], [0, 0, 0], [1, 2, 3]], np.float32)
    assert data.X.format == "csr"
    assert data.X.dtype == np.float32
    np.testing.assert_array_equal(data.X.toarray(), expected)
    assert list(data.var_names) == ["STAT1", "IRF1", "MYC"]
    assert data.var["ensembl"].tolist()[0] == "ENSG00000115415"
    assert data.obs["perturbation"].tolist() == ["control", "knockout:STAT1", "control", "control"]
    assert data.obs["control"].tolist() == [True, False, True, True]
    np.testing.assert_array_equal(data.obsm["spatial"], [[0, 5], [1, 6], [2, 7], [3, 8]])
    assert data.obs_names.is_unique
    assert list(data.obs_names[:2]) == ["a", "b"]
    assert "dose" not in data.obs  # a column that holds nothing
    assert data.uns["perturbome"]["expression_unit"].startswith("log1p")


def test_h5ad_of_some_cells(store: Store, tmp_path: Path) -> None:
    data = anndata.read_h5ad(export(store, "exp", tmp_path / "exp.h5ad", cell_type="T").path)
    assert data.shape == (2, 3)
    with pytest.raises(InputError, match=r"top=3 \(--top\) means nothing"):
        export(store, "exp", tmp_path / "more.h5ad", top=3)


def test_an_existing_file_is_not_overwritten(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "net.csv"
    path.write_text("mine")
    with pytest.raises(InputError, match=r"exists already.*--force"):
        export(store, "regulation", path)
    assert path.read_text() == "mine"
    export(store, "regulation", path, force=True)
    assert path.read_text().startswith("source,")


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(OSError(errno.ENOSPC, "No space left on device"), DiskFull), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_failure_leaves_nothing_behind(store: Store, tmp_path: Path, monkeypatch, failure, expected) -> None:
    def fail(rows: pl.LazyFrame, path: Path) -> int:
        path.write_text("half")
        raise failure

    monkeypatch.setitem(write.EXPORTERS, "csv", changed(EXPORTERS["csv"], network=fail))
    path = tmp_path / "net.csv"
    path.write_text("mine")
    with pytest.raises(expected):
        export(store, "regulation", path, force=True)
    assert path.read_text() == "mine"
    assert {p.name for p in tmp_path.iterdir()} == {"store", "net.csv"}


def test_refusals_say_how_to_mend(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'regulation'"):
        export(store, "regulations", tmp_path / "x.csv")
    with pytest.raises(InputError, match=r"names no format.*graphml \(\.graphml\)"):
        export(store, "regulation", tmp_path / "x.doc")
    with pytest.raises(InputError, match=r"h5ad cannot hold 'regulation'"):
        export(store, "regulation", tmp_path / "x.h5ad")
    with pytest.raises(InputError, match=r"Formats that can: h5ad"):
        export(store, "exp", tmp_path / "x.sif")
    with pytest.raises(UnknownName, match="graphlm"):
        export(store, "regulation", tmp_path / "x.csv", format="graphlm")
    with pytest.raises(InputError, match="no folder"):
        export(store, "regulation", tmp_path / "nowhere" / "x.csv")
    with pytest.raises(InputError, match="is a folder"):
        export(store, "regulation", tmp_path, format="csv")
    with pytest.raises(MissingColumn, match=r"cell_type.*table 'priors'"):
        export(store, "priors", tmp_path / "x.csv", cell_type="T")
    with pytest.raises(NothingFound, match=r"No row of 'priors' meets prior=tyo\. It holds prior: ppi, toy"):
        export(store, "priors", tmp_path / "x.csv", prior="tyo")
    with pytest.raises(NothingFound, match="no effects yet"):
        export(store, "effects", tmp_path / "x.csv")
    with pytest.raises(UnknownName, match="No run 'zzz'"):
        export(store, "regulation", tmp_path / "x.csv", run="zzz")
    assert {p.name for p in tmp_path.iterdir()} == {"store"}


def test_the_verb_is_public() -> None:
    """Touched twice: a package of the same name must not hide the function once it is loaded."""
    from perturbome import platform

    assert platform.export is export
    assert platform.export is export
