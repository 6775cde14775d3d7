"""`infer_regulation` on a store: rows, provenance, choices of groups and regulators, and what bad input gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from perturbome.ingest.commands import register
from perturbome.ingest.experiment.add import add_experiment
from perturbome.ingest.regulation.infer import infer_regulation
from perturbome.ingest.regulation.regulators import choose_regulators
from perturbome.ingest.simulation.experiment import Simulated, simulate
from perturbome.platform.errors import InputError, NothingFound, UnknownName, UnreadableFile
from perturbome.platform.store import Store

SIMULATED = {"n_cells": 500, "n_genes": 40, "n_knockouts": 8, "n_times": 3, "seed": 2}


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    return simulate(**SIMULATED)


@pytest.fixture(scope="module")
def store(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("regulation")
    simulated.write(folder / "toy.h5ad")
    with Store(folder / "store") as opened:
        add_experiment(opened, folder / "toy.h5ad")
        yield opened


def named_regulators(simulated: Simulated) -> list[str]:
    return simulated.genes.filter("regulator")["gene"].to_list()


def rows(store: Store, run: str) -> pl.DataFrame:
    symbols = dict(store.genes().select("gene", "symbol").iter_rows())
    named = [pl.col(end).replace_strict(symbols).alias(f"{end}_symbol") for end in ("source", "target")]
    return store.lake.scan("regulation", [run]).collect().with_columns(named)


def test_rows_are_written_per_cell_type_and_time(store: Store, simulated: Simulated) -> None:
    inferred = infer_regulation(store, "toy", regulators=named_regulators(simulated), n_bootstraps=5)
    table = rows(store, inferred.run)
    assert table.height == inferred.n_edges > 50
    assert {(g.cell_type, g.time) for g in inferred.groups} >= {("progenitor", 0.0), ("fate_A", 48.0), ("fate_B", 48.0)}
    assert all(g.n_cells >= 30 for g in inferred.groups)
    assert table["time"].is_sorted()
    assert set(table["source_symbol"]) <= set(named_regulators(simulated))
    assert (table["source"] != table["target"]).all()
    assert (table["sign"] == np.sign(table["weight"].to_numpy())).all()
    assert table["p"].is_between(0, 1).all()
    assert table["stability"].is_between(0, 1).all()
    keys = dict(store.genes().select("gene", "key").iter_rows())
    assert [keys[gene] for gene in table["target"]] == table["target_key"].to_list()


def test_the_run_knows_its_parent_and_configuration(store: Store, simulated: Simulated) -> None:
    names = named_regulators(simulated)
    inferred = infer_regulation(store, "toy", regulators=names, n_bootstraps=0, time_bins=1, by_cell_type=False)
    run = store.lake.run(inferred.run)
    assert run.kind == "infer"
    assert run.parents == [store.datasets()["run"][0]]
    assert run.configuration["regulators"] == names
    assert run.metrics["n_edges"] == inferred.n_edges
    table = rows(store, inferred.run)
    assert table["stability"].null_count() == table.height
    assert set(table["cell_type"]) == {"all"}
    assert table["time"].null_count() == table.height


def test_the_same_store_and_seed_give_the_same_rows(store: Store) -> None:
    options = {"time_bins": 1, "cell_types": ["fate_A"], "n_bootstraps": 8}
    first, again = (rows(store, infer_regulation(store, "toy", **options).run).drop("run") for _ in range(2))
    assert first.equals(again)
    # A group's bootstrap does not depend on which other groups there are.
    among = rows(store, infer_regulation(store, "toy", time_bins=1, n_bootstraps=8).run).drop("run")
    assert among.filter(pl.col("cell_type") == "fate_A").equals(first)


def test_most_of_the_strongest_edges_are_true(store: Store, simulated: Simulated) -> None:
    inferred = infer_regulation(
        store, "toy", regulators=named_regulators(simulated), time_bins=1, by_cell_type=False, n_bootstraps=0
    )
    strongest = rows(store, inferred.run).head(40)
    true = {(s, t): sign for s, t, sign, _ in simulated.network.iter_rows()}
    found = [(s, t, g) for s, t, g in strongest.select("source_symbol", "target_symbol", "sign").iter_rows()]
    hits = [true[s, t] == sign for s, t, sign in found if (s, t) in true]
    assert len(hits) >= 28
    assert np.mean(hits) > 0.9


def test_control_cells_only(store: Store) -> None:
    inferred = infer_regulation(store, "toy", cells="control", time_bins=1, by_cell_type=False, n_bootstraps=0)
    assert inferred.groups[0].n_cells == 125


def test_what_bad_requests_get(store: Store) -> None:
    n_runs = len(store.runs())
    with pytest.raises(UnknownName, match=r"No cell type 'fate_a'.*Did you mean"):
        infer_regulation(store, "toy", cell_types=["fate_a"])
    with pytest.raises(UnknownName, match="No gene 'NOPE1'"):
        infer_regulation(store, "toy", regulators=["NOPE1"])
    with pytest.raises(UnknownName, match="No data set 'tyo'"):
        infer_regulation(store, "tyo")
    with pytest.raises(NothingFound, match=r"No cell type and time of 'toy' has 450.*--together or --time-bins 1"):
        infer_regulation(store, "toy", min_cells=450)
    with pytest.raises(NothingFound, match=r"'toy' has 500 cells to learn from.*too few, however") as few:
        infer_regulation(store, "toy", min_cells=5000)
    assert "--together" not in str(few.value)
    # What was named wrongly does not wait for cells enough.
    with pytest.raises(UnknownName, match="No gene 'NOPE1'"):
        infer_regulation(store, "toy", min_cells=5000, regulators=["NOPE1"])
    with pytest.raises(UnknownName, match="No prior 'nope'"):
        infer_regulation(store, "toy", min_cells=5000, prior=["nope"])
    assert len(store.runs()) == n_runs


def test_a_file_of_regulators_may_name_more_than_is_measured(
    store: Store, simulated: Simulated, tmp_path: Path
) -> None:
    names = named_regulators(simulated)
    (tmp_path / "tfs.txt").write_text("\n".join([*names, "NOPE1"]))
    program = typer.Typer()
    register(program)
    asked = ["infer", "regulation", "toy", "--bootstraps", "0", "--time-bins", "1", "--together", "--json",
             "--store", str(store.path), "--regulators"]  # fmt: skip
    done = CliRunner().invoke(program, [*asked, str(tmp_path / "tfs.txt")], catch_exceptions=False)
    told = json.loads(done.stdout)
    assert f"1 of {len(names) + 1} regulators in tfs.txt is not measured and left out: NOPE1." in told["said"]
    assert store.lake.run(told["run"]).configuration["regulators"] == names
    with pytest.raises(UnknownName, match="No gene 'NOPE1'"):
        CliRunner().invoke(program, [*asked, f"{names[0]},NOPE1"], catch_exceptions=False)
    with pytest.raises(UnreadableFile, match=r"No file .*none.txt"):
        CliRunner().invoke(program, [*asked, str(tmp_path / "none.txt")], catch_exceptions=False)


def genes(n: int) -> pl.DataFrame:
    names = [f"G{i}" for i in range(n)]
    return pl.DataFrame({"gene": names, "symbol": names, "ensembl": [None] * n, "gene_index": range(n)})


def test_regulators_are_the_listed_and_the_perturbed_or_all_of_a_few() -> None:
    X = np.random.default_rng(0).normal(1, 1, (30, 900))
    chosen, said = choose_regulators(genes(900), {"G3", "G5", "elsewhere"}, {"G5", "G7"}, None, X)
    assert chosen.tolist() == [3, 5, 7]
    assert said == "2 of 900 genes are listed as regulators, with 1 perturbed gene."
    chosen, said = choose_regulators(genes(20), set(), {"G5"}, None, X[:, :20])
    assert chosen.size == 20
    assert "all 20 genes may regulate" in said
    with pytest.raises(InputError, match="list of regulators is empty"):
        choose_regulators(genes(20), set(), set(), [], X[:, :20])


def test_without_a_list_the_most_variable_and_the_perturbed_genes_are_candidates() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(5, 1, (60, 900))
    mean = X.mean(0)
    X[:, :100] = mean[:100] + 3 * (X[:, :100] - mean[:100])
    X[:, 899] = 5
    chosen, said = choose_regulators(genes(900), set(), {"G899", "elsewhere"}, None, X)
    assert set(range(100)) <= set(chosen.tolist())
    assert chosen.size == 501
    assert 899 in chosen
    assert "the 500 most variable are taken as candidate regulators" in said
    assert "with 1 perturbed gene." in said
    assert "perturbome ingest prior TFS.txt" in said
    assert "--regulators" in said


def test_a_file_of_many_genes_needs_no_list(tmp_path: Path) -> None:
    simulated = simulate(n_cells=200, n_genes=620, n_knockouts=4, n_times=1, n_types=1, seed=3)
    simulated.write(tmp_path / "wide.h5ad")
    with Store(tmp_path / "store") as opened:
        add_experiment(opened, tmp_path / "wide.h5ad")
        inferred = infer_regulation(opened, "wide", n_bootstraps=0, max_edges=40)
        assert 0 < inferred.groups[0].n_regulators <= 504
        assert any("most variable" in line for line in inferred.said)
        assert "1 group was capped at 40 edges (--max-edges)." in inferred.said
        run = opened.runs("infer")[0]
        assert len(run.configuration["regulators"]) <= 504
        assert "capped" not in " ".join(infer_regulation(opened, "wide", n_bootstraps=0, max_edges=10**6).said)


def test_a_run_began_when_the_work_began(store: Store) -> None:
    before = datetime.now(UTC)
    run = store.lake.run(infer_regulation(store, "toy", n_bootstraps=30).run)
    half = before + (datetime.now(UTC) - before) / 2
    assert before <= run.started < half


@pytest.mark.data
def test_a_real_screen(data_dir: Path, tmp_path: Path) -> None:
    """The interferon pathway's knock-outs in THP-1 cells: STAT1 activates PSMB9, as is long known."""
    file = next((data_dir / "perturb_papalexi_thp1").glob("*.h5ad"))
    with Store(tmp_path / "store") as opened:
        name = add_experiment(opened, file).dataset
        inferred = infer_regulation(opened, name, n_bootstraps=10)
        assert [g.cell_type for g in inferred.groups] == ["all"]
        table = rows(opened, inferred.run)
        edge = table.filter((pl.col("source_symbol") == "STAT1") & (pl.col("target_symbol") == "PSMB9"))
        assert edge["sign"].to_list() == [1]
        assert edge["stability"].item() == 1.0
