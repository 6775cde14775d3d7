"""What an ingest stores: values, cells, genes, perturbations, the run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

from perturbome.ingest.experiment import source
from perturbome.ingest.experiment.add import add_experiment, dataset_name
from perturbome.platform.errors import InputError
from perturbome.platform.store import Store

Write = Callable[..., Path]
Labels = Callable[..., list[str]]


def log_normal(counts: np.ndarray) -> np.ndarray:
    """The oracle: log1p of counts per 10,000, cell by cell."""
    return np.stack([np.log1p(c / max(1, c.sum()) * 1e4) for c in counts.astype(float)])


@pytest.mark.parametrize("make", [sp.csr_matrix, sp.csc_matrix, np.asarray], ids=["csr", "csc", "dense"])
def test_counts_come_back_normalised(store: Store, h5ad: Write, counts: np.ndarray, make, monkeypatch) -> None:
    monkeypatch.setattr(source, "ROWS_PER_PIECE", 7)
    counts[11] = 0
    done = add_experiment(store, h5ad(X=make(counts)))
    found = store.expression(done.dataset)
    np.testing.assert_allclose(found.X.toarray(), log_normal(counts), rtol=1e-5)
    np.testing.assert_array_equal(found.cells["total"].to_numpy(), counts.sum(1))
    assert found.cells["name"].to_list() == [f"cell{i}" for i in range(60)]
    assert found.dataset["raw_state"] == "counts"
    assert found.dataset["expression_unit"] == "log1p of counts per 10,000"
    assert (done.n_cells, done.n_genes) == (60, 10) == (found.dataset["n_cells"], found.dataset["n_genes"])


def test_what_is_normalised_already_is_stored_as_it_is(store: Store, h5ad: Write, counts: np.ndarray) -> None:
    done = add_experiment(store, h5ad(X=log_normal(counts)))
    found = store.expression(done.dataset)
    np.testing.assert_allclose(found.X.toarray(), log_normal(counts), rtol=1e-6)
    assert found.dataset["raw_state"] == "log1p"
    assert found.cells["total"].null_count() == 60
    run = store.runs()[0]
    assert run.configuration["raw_state"] == "log1p"
    assert "after taking back" in run.configuration["recognised_because"]


def test_ingest_of_counts_and_of_their_logarithm_agree(store: Store, h5ad: Write, counts: np.ndarray) -> None:
    per_cell = counts / np.maximum(1, counts.sum(1, keepdims=True)) * 1e4
    a, b, c = (
        store.expression(add_experiment(store, h5ad(X=sp.csr_matrix(x)), dataset=n).dataset).X.toarray()
        for n, x in (("a", counts), ("b", per_cell), ("c", np.log1p(per_cell)))
    )
    np.testing.assert_allclose(a, b, rtol=1e-4)
    np.testing.assert_allclose(a, c, rtol=1e-4)


def test_the_order_of_genes_changes_nothing(store: Store, h5ad: Write, counts: np.ndarray) -> None:
    order = np.random.default_rng(1).permutation(10)
    genes = ["STAT1", "JAK2", "IRF1", "HLA-A", "NKX2-1", "MYC", "TP53", "GAPDH", "ACTB", "CD86"]
    add_experiment(store, h5ad(), dataset="a")
    add_experiment(store, h5ad(X=counts[:, order], genes=[genes[i] for i in order]), dataset="b")
    a, b = store.expression("a"), store.expression("b")
    np.testing.assert_allclose(a.X.toarray()[:, order], b.X.toarray(), rtol=1e-6)
    assert a.genes["gene"].gather(order).to_list() == b.genes["gene"].to_list()  # same genes, same keys
    assert a.genes["key"].gather(order).to_list() == b.genes["key"].to_list()
    assert set(a.cells["cell"]).isdisjoint(b.cells["cell"])


def test_scaled_values_give_way_to_a_layer_of_counts(store: Store, h5ad: Write, counts: np.ndarray) -> None:
    scaled = counts - counts.mean(0)
    done = add_experiment(store, h5ad(X=scaled, layers={"counts": sp.csr_matrix(counts)}))
    np.testing.assert_allclose(store.expression(done.dataset).X.toarray(), log_normal(counts), rtol=1e-5)
    assert any("'counts' is read instead" in line for line in done.said)
    as_is = add_experiment(store, h5ad(X=scaled), dataset="b")
    np.testing.assert_allclose(store.expression("b").X.toarray(), scaled, rtol=1e-5, atol=1e-6)
    assert any("neither counts nor log-normalised" in line for line in as_is.said)


def test_a_layer_told_and_raw_with_its_own_genes(store: Store, h5ad: Write, counts: np.ndarray, tmp_path: Path) -> None:
    import anndata as ad

    full = ad.AnnData(counts, var=pd.DataFrame(index=[f"GENE{c}" for c in "ABCDEFGHIJ"]))
    part = full[:, :4].copy()
    part.raw = full
    part.layers["doubled"] = part.X * 2
    part.write_h5ad(tmp_path / "raw.h5ad")
    assert add_experiment(store, tmp_path / "raw.h5ad", dataset="x").n_genes == 4
    assert add_experiment(store, tmp_path / "raw.h5ad", dataset="raw", layer="raw").n_genes == 10
    add_experiment(store, tmp_path / "raw.h5ad", dataset="doubled", layer="doubled")
    np.testing.assert_array_equal(store.expression("doubled").cells["total"], counts[:, :4].sum(1) * 2)


def test_columns_find_their_roles(store: Store, h5ad: Write, labels: Labels) -> None:
    obs = {
        "target": labels("non-targeting", "STAT1"),
        "celltype": pd.Categorical(labels("B", None)),
        "day": labels("day 1", "D2.5"),
        "dpt_pseudotime": np.linspace(0, 1, 60),
        "lane": labels(1, 2, 3),
        "bio_rep": labels("r1", "r2"),
        "grna_top": labels("NTg1", "STAT1g1"),
        "grna_top_frac": np.linspace(0.4, 1, 60),
    }
    done = add_experiment(store, h5ad(obs, obsm={"spatial": np.arange(180.0).reshape(60, 3)}), min_guide_fraction=0.9)
    found = store.expression(done.dataset)
    assert found.cells.height == done.n_cells == 10
    row = found.cells.row(-1, named=True)
    assert row["name"] == "cell59"
    assert (row["cell_type"], row["time"], row["batch"], row["replicate"], row["guide"]) == (
        "unknown",
        2.5,
        "3",
        "r2",
        "STAT1g1",
    )
    assert (row["x"], row["y"], row["z"]) == (177, 178, 179)
    assert row["pseudotime"] == 1.0
    assert found.dataset["time_unit"] == "day"
    assert any("50 of 60 cells left out" in line for line in done.said)


def test_perturbations_point_to_genes_measured_or_not(store: Store, h5ad: Write, labels: Labels) -> None:
    done = add_experiment(
        store, h5ad({"perturbation": labels("control", "STAT1", "KLF1_MYC"), "nperts": labels(0, 1, 2)})
    )
    rows = store.lake.scan("perturbations").sort("perturbation").collect()
    assert rows["targets"].to_list() == [["human:KLF1", "human:MYC"], ["human:STAT1"]]
    assert rows["n_cells"].to_list() == [20, 20]
    assert rows["label"].to_list() == ["KLF1_MYC", "STAT1"]
    assert store.find_gene("KLF1")["gene"] == "human:KLF1"
    assert store.expression(done.dataset).genes.height == 10
    assert any("1 of 3 target genes not measured in the file: KLF1" in line for line in done.said)


def test_doses_make_perturbations_of_their_own(store: Store, h5ad: Write, labels: Labels) -> None:
    obs = {"drug": labels("DMSO", "JQ1", "JQ1"), "dose": labels(0.0, 0.1, 10.0)}
    done = add_experiment(store, h5ad(obs), dose_column="dose")
    assert done.perturbations == ["compound:JQ1", "compound:JQ1@0.1", "compound:JQ1@10"][1:]
    cells = store.expression(done.dataset).cells
    assert cells.filter(pl.col("perturbation") == "compound:JQ1@0.1")["dose"].unique().to_list() == [pytest.approx(0.1)]
    assert cells.filter(pl.col("control"))["dose"].null_count() == 20


def test_a_subset_of_the_genes_is_said(store: Store, h5ad: Write, counts: np.ndarray) -> None:
    done = add_experiment(store, h5ad({"n_counts": counts.sum(1) * 10 + 1}))
    assert any("subset of the genes" in line for line in done.said)
    np.testing.assert_array_equal(store.expression(done.dataset).cells["total"], counts.sum(1))


def test_the_run_records_what_was_decided(store: Store, h5ad: Write) -> None:
    path = h5ad()
    done = add_experiment(store, path, dataset="mine", organism="human")
    run = store.runs("ingest")[0]
    assert run.id == done.run
    assert run.datasets == ["mine"]
    assert run.configuration["told"] == {"dataset": "mine", "organism": "human"}
    assert run.metrics["n_cells"] == 60
    assert str(path) in str(run.inputs)


def test_dates_among_the_genes(store: Store, h5ad: Write) -> None:
    done = add_experiment(store, h5ad(genes=["STAT1", "2-Sep", "1-Mar", *list("ABCDEFG")]))
    assert store.expression(done.dataset).genes["symbol"].to_list()[:3] == ["STAT1", "SEPTIN2", "1-Mar"]
    assert sum("mended: 2-Sep" in line or "date among the symbols stays" in line for line in done.said) == 2


def test_genes_in_lower_case_meet_those_in_capitals(store: Store, h5ad: Write, labels: Labels) -> None:
    first = add_experiment(store, h5ad(), dataset="a")
    lower = [g.lower() for g in store.expression("a").genes["symbol"]]
    path = h5ad({"perturbation": labels("control", "stat1", "stat1_myc", "JAK2")}, genes=lower)
    done = add_experiment(store, path, dataset="b", organism="human")
    assert store.expression("a").genes["gene"].to_list() == store.expression("b").genes["gene"].to_list()
    assert done.perturbations == ["knockout:JAK2", "knockout:MYC+STAT1", "knockout:STAT1"]
    assert any("changed to capitals, as human genes are spelt: stat1 -> STAT1" in line for line in done.said)
    assert not any("changed" in line for line in first.said)


def test_a_misspelt_organism_is_refused(store: Store, h5ad: Write) -> None:
    with pytest.raises(InputError, match="Did you mean 'human'"):
        add_experiment(store, h5ad(), organism="humn")
    assert add_experiment(store, h5ad(), organism="axolotl").n_cells == 60
    assert store.datasets()["organism"].to_list() == ["axolotl"]


@pytest.mark.parametrize(
    ("given", "told", "unit", "said"),
    [
        ({"time_unit": "hour"}, None, "hour", "Values: 1, 2 in hours (uns['time_unit'])."),
        ({"time_unit": "hours"}, None, "hour", "in hours (uns['time_unit'])."),
        ({"time_unit": "hour"}, "days", "day", "Values: 1, 2 in days, as told."),
        ({}, "generation", "generation", "in generations, as told."),
        ({}, None, "not stated", "Values: 1, 2, unit not stated (--time-unit)."),
    ],
)
def test_the_unit_that_is_said_is_the_unit_that_is_stored(
    store: Store, h5ad: Write, labels: Labels, given: dict[str, str], told: str | None, unit: str, said: str
) -> None:
    done = add_experiment(store, h5ad({"time": labels(1.0, 2.0)}, uns=given), time_unit=told)
    assert store.expression(done.dataset).dataset["time_unit"] == unit
    assert said in next(line for line in done.said if line.startswith("Time:"))


def test_columns_that_could_be_the_perturbation_are_named(store: Store, h5ad: Write, labels: Labels) -> None:
    obs = {
        "celltype": labels("B", "T"),
        "phase": labels("G1", "S"),
        "arm": labels("ctrl", "KO1", "KO2"),
        "sample": labels("s1", "s2"),
        "donor_age": labels(30.5, 41.0),
        "barcode": [f"b{i}" for i in range(60)],
    }
    done = add_experiment(store, h5ad(obs))
    line = next(line for line in done.said if line.startswith("No perturbation column"))
    assert line.endswith(
        "--perturbation-column, and its controls by --control: 'arm' (KO1, KO2, ctrl); 'phase' (G1, S)."
    )
    assert "sample" not in line
    assert done.summary == "60 cells x 10 genes, no perturbations"
    again = add_experiment(store, h5ad(obs), dataset="b", perturbation_column="arm")
    assert again.summary == "60 cells x 10 genes, 20 controls, 2 perturbations"


def test_a_run_began_when_the_reading_began(store: Store, h5ad: Write) -> None:
    before = datetime.now(UTC)
    run = store.lake.run(add_experiment(store, h5ad()).run)
    assert before <= run.started < before + (datetime.now(UTC) - before) / 4


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/My screen.h5ad", "My_screen"),
        ("x/screen.v2.csv.gz", "screen.v2"),
        ("run7/matrix.mtx.gz", "run7"),
        ("run7/filtered_feature_bc_matrix.h5", "run7"),
    ],
)
def test_names_of_data_sets(path: str, name: str) -> None:
    assert dataset_name(Path(path)) == name


@pytest.mark.slow
def test_memory_stays_bounded(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = f"""
import resource, numpy as np, h5py, pandas as pd
from anndata.io import write_elem
from perturbome.platform.store import Store
from perturbome.ingest.experiment.add import add_experiment
n, g, k = 60_000, 2_000, 200
rng = np.random.default_rng(0)
with h5py.File({str(tmp_path / "big.h5ad")!r}, "w") as f:
    write_elem(f, "obs", pd.DataFrame(index=[f"c{{i}}" for i in range(n)]))
    write_elem(f, "var", pd.DataFrame(index=[f"G{{i}}A" for i in range(g)]))
    x = f.create_group("X"); x.attrs["encoding-type"] = "csr_matrix"; x.attrs["shape"] = [n, g]
    x["indptr"] = np.arange(0, n * k + 1, k)
    x["indices"] = np.tile(np.arange(0, g, g // k, dtype=np.int32), n)
    x["data"] = rng.integers(1, 5, n * k).astype(np.float32)
store = Store({str(tmp_path / "store")!r})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
add_experiment(store, {str(tmp_path / "big.h5ad")!r})
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # The matrix alone is 96 MB in memory as CSR and 480 MB dense; three pieces and the graph fit in 700 MB.
    assert int(done.stdout.split()[-1]) < 700
