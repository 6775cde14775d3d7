"""`infer_features` on a store: rows against numpy on the dense matrix, slices that take them, and bad requests."""

from __future__ import annotations

import json
from pathlib import Path

import anndata
import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from perturbome.ingest import add_experiment, infer_features, infer_regulation
from perturbome.ingest.commands import register
from perturbome.ingest.features.cell_vectors import chosen_genes
from perturbome.ingest.features.quantiles import levels
from perturbome.ingest.simulation.experiment import simulate
from perturbome.ingest.transitions.components import principal_components
from perturbome.platform.errors import InputError, NothingFound, UnknownName
from perturbome.platform.store import Store


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("features") / "toy.h5ad"
    simulate(n_cells=400, n_genes=40, n_knockouts=4, n_times=3, seed=2).write(path)
    return path


@pytest.fixture(scope="module")
def store(file: Path) -> Store:
    opened = Store(file.parent / "store")
    add_experiment(opened, file, organism="human")
    return opened


def group(store: Store, cell_type: str, time: float) -> np.ndarray:
    at = (pl.col("cell_type") == cell_type) & (pl.col("time") == time)
    return store.expression("toy", at).X.toarray()


def largest(store: Store) -> tuple[str, float]:
    cells = store.expression("toy").cells
    found = cells.group_by("cell_type", "time").len().sort("len", "cell_type", descending=[True, False])
    return found["cell_type"][0], found["time"][0]


def test_quantiles_of_genes_are_those_of_their_cells(store: Store) -> None:
    inferred = infer_features(store, "toy", size=8)
    cell_type, time = largest(store)
    features = store.features(inferred.run, cell_type)
    genes = store.expression_genes("toy")
    values, present = features.of(genes["key"].to_numpy(), [time])
    expected = np.quantile(group(store, cell_type, time), levels(8), axis=0, method="inverted_cdf").T
    assert present.all()
    np.testing.assert_array_equal(values[:, 0], expected)
    assert features.entries[0] == "quantile 0.0625"
    run = store.lake.run(inferred.run)
    assert run.parents == [store.datasets()["run"][0]]
    rows = store.lake.scan("features", [inferred.run]).collect()
    n_groups = rows.select("cell_type", "time").unique().height
    assert run.metrics["features_rows"] == inferred.n_vectors == rows.height == n_groups * genes.height
    assert rows.select("gene", "key").unique().height == genes.height
    assert rows["node_kind"].unique().to_list() == ["gene"]


def test_pseudobulk_of_genes(store: Store) -> None:
    inferred = infer_features(store, "toy", kind="pseudobulk", by_cell_type=False, time_bins=1, cells="control")
    features = store.features(inferred.run)
    dense = store.expression("toy", pl.col("control")).X.toarray().astype(np.float64)
    values, present = features.of(store.expression_genes("toy")["key"].to_numpy())
    expected = [dense.mean(0), dense.std(0), (dense != 0).mean(0), np.full(40, len(dense))]
    np.testing.assert_allclose(values, np.transpose(expected), rtol=1e-6)
    assert present.all()
    assert features.entries == ("mean", "standard deviation", "share of cells expressing", "cells")


def test_the_groups_are_those_of_the_regulation_so_that_slices_take_them(store: Store) -> None:
    regulators = store.expression_genes("toy")["symbol"].to_list()[:8]
    network = infer_regulation(store, "toy", regulators=regulators, n_bootstraps=0, min_cells=20)
    inferred = infer_features(store, "toy", size=4, min_cells=20)
    edges = store.lake.scan("regulation", [network.run]).select("cell_type", "time").unique().collect()
    rows = store.lake.scan("features", [inferred.run]).select("cell_type", "time").unique().collect()
    assert edges.join(rows, on=["cell_type", "time"], how="anti", nulls_equal=True).is_empty()
    cell_type, time = edges.sort("cell_type", "time").row(0)
    graph = store.slice(runs=[network.run], cell_types=cell_type, window=(time, time))
    attached, present = store.features(inferred.run, cell_type).attach(graph, time)
    assert present.all()
    assert attached.node_features is not None
    assert attached.node_features.shape == (graph.num_nodes, 4)


def test_expression_of_cells(store: Store) -> None:
    expression = store.expression("toy")
    names = expression.genes["symbol"].to_list()[30:33]
    inferred = infer_features(store, "toy", of="cells", kind="expression", size=10, genes=names)
    features = store.features(inferred.run)
    by_id = dict(expression.genes.select("gene", "gene_index").iter_rows())
    assert {store.find_gene(name)["gene"] for name in names} <= set(features.entries)
    assert list(features.entries) == sorted(features.entries)
    cells = expression.cells["cell"].to_numpy()[::-1]
    values, present = features.of(cells)
    assert present.all()
    np.testing.assert_array_equal(values, expression.X.toarray()[::-1][:, [by_id[e] for e in features.entries]])


def test_named_genes_alone_and_one_cell_type(store: Store) -> None:
    names = store.expression_genes("toy")["symbol"].to_list()[:2]
    kind = largest(store)[0]
    inferred = infer_features(
        store, "toy", of="cells", kind="expression", size=2, genes=[*names, names[0]], cell_types=[kind]
    )
    cells = store.expression("toy", pl.col("cell_type") == kind).cells["cell"]
    assert sorted(store.features(inferred.run).keys.tolist()) == cells.sort().to_list()


def test_components_of_cells(store: Store) -> None:
    inferred = infer_features(store, "toy", of="cells", size=5)
    expression = store.expression("toy")
    values, _ = store.features(inferred.run).of(expression.cells["cell"].to_numpy())
    np.testing.assert_array_equal(values, principal_components(expression.X, 5))
    few = infer_features(store, "toy", of="cells", size=500)
    assert few.size < 500
    assert few.said == [f"{few.size} components where 500 were asked for: no more vary."]


def test_left_out_cells_are_not_looked_at(store: Store) -> None:
    gene = store.find_gene(store.lake.scan("perturbations").collect()["targets"][0][0])["symbol"]
    inferred = infer_features(store, "toy", of="cells", size=3, leave_out=[gene])
    unseen = store.lake.run(inferred.run).configuration["leave_out"]
    cells = store.expression("toy", ~pl.col("perturbation").is_in(unseen)).cells["cell"]
    assert sorted(store.features(inferred.run).keys.tolist()) == cells.sort().to_list()
    assert len(cells) < 400


def test_the_order_of_cells_and_genes_in_the_file_changes_nothing(file: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    data = anndata.read_h5ad(file)
    data[rng.permutation(data.n_obs)][:, rng.permutation(data.n_vars)].copy().write_h5ad(tmp_path / "toy.h5ad")
    answers = []
    for path, folder in ((file, "a"), (tmp_path / "toy.h5ad", "b")):
        store = Store(tmp_path / folder)
        add_experiment(store, path, dataset="toy", organism="human")
        found = [infer_features(store, "toy", size=6), infer_features(store, "toy", kind="pseudobulk")]
        rows = [store.lake.scan("features", [f.run]).sort("cell_type", "time", "gene").collect() for f in found]
        answers.append([(r.select("cell_type", "time", "gene"), np.stack(r["vector"].to_list())) for r in rows])
    for (one, values), (other, same) in zip(*answers, strict=True):
        assert one.equals(other)
        np.testing.assert_allclose(values, same, rtol=1e-6)


def test_chosen_genes_are_ordered_by_id_and_named_ones_are_never_dropped() -> None:
    rng = np.random.default_rng(3)
    X = rng.poisson(rng.gamma(1, 2, 30), (200, 30)).astype(np.float32)
    ids = [f"gene {i:02d}" for i in rng.permutation(30)]
    genes = pl.DataFrame({"gene": ids, "symbol": [i.upper() for i in ids], "ensembl": None, "gene_index": range(30)})
    dullest = int(np.argmin(X.var(0)))
    columns = chosen_genes(X, genes, [ids[dullest].upper()], 6)
    assert dullest in columns
    assert columns.size == 6
    assert [ids[c] for c in columns] == sorted(ids[c] for c in columns)
    with pytest.raises(InputError, match="2 genes are named and a vector has 1 entries"):
        chosen_genes(None, genes, ids[:2], 1)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"kind": "quantile"}, UnknownName, "Did you mean 'quantiles'"),
        ({"kind": "components"}, InputError, "'components' are of cells. Of genes there are: quantiles, pseudobulk"),
        ({"of": "cells", "kind": "quantiles"}, InputError, "'quantiles' are of genes"),
        ({"kind": "pseudobulk", "size": 9}, InputError, "have 4 entries"),
        ({"size": 0}, InputError, "size of 1 at least"),
        ({"of": "cells", "time_bins": 2}, InputError, "mean nothing for them"),
        ({"genes": ["A"]}, InputError, "takes every gene"),
        ({"of": "cells", "kind": "expression", "genes": ["NOSUCH"]}, UnknownName, "No gene 'NOSUCH'"),
        ({"cell_types": ["NOSUCH"]}, UnknownName, "No cell type 'NOSUCH'"),
        ({"of": "cells", "cell_types": ["NOSUCH"]}, UnknownName, "No cell type 'NOSUCH'"),
        ({"leave_out": ["NOSUCH"]}, UnknownName, "No gene 'NOSUCH'"),
        ({"min_cells": 9999}, NothingFound, "asks for 9999"),
    ],
)
def test_bad_requests(store: Store, options: dict, error: type[Exception], words: str) -> None:
    before = len(store.runs())
    with pytest.raises(error, match=words):
        infer_features(store, "toy", **options)
    assert len(store.runs()) == before


def test_as_a_shell_sees_it(store: Store) -> None:
    program = typer.Typer()
    register(program)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(program, ["infer", "features", "toy", "--store", str(store.path), *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    told = json.loads(run("--of", "genes", "--kind", "quantiles", "--size", "16", "--json"))
    assert (told["kind"], told["size"]) == ("quantiles", 16)
    assert store.lake.run(told["run"]).kind == "infer"
    assert "400 vectors of 3 entries (components). Run" in run("--of", "cells", "--size", "3")
    bad = CliRunner().invoke(program, ["infer", "features", "toy", "--of", "proteins"])
    assert bad.exit_code == 2
