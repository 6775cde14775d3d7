"""`infer_transitions` on a store: rows of every method, roots, and what a data set without an order gets."""

from __future__ import annotations

from pathlib import Path

import anndata
import numpy as np
import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from perturbome.ingest.commands import register
from perturbome.ingest.experiment.add import add_experiment
from perturbome.ingest.simulation.experiment import simulate
from perturbome.ingest.transitions.infer import infer_transitions
from perturbome.platform.errors import BadValues, InputError, UnknownName
from perturbome.platform.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """'toy' has three time points and a pseudotime, 'still' has neither."""
    folder: Path = tmp_path_factory.mktemp("transitions")
    simulate(n_cells=300, n_genes=30, n_knockouts=4, n_times=3, seed=2, spatial=True).write(folder / "toy.h5ad")
    opened = Store(folder / "store")
    add_experiment(opened, folder / "toy.h5ad")
    moving = anndata.read_h5ad(folder / "toy.h5ad")
    moving.layers["Ms"] = moving.X.toarray()
    moving.layers["velocity"] = np.random.default_rng(0).normal(size=moving.shape)
    moving.write_h5ad(folder / "moving.h5ad")
    still = anndata.read_h5ad(folder / "toy.h5ad")
    still.obs = still.obs.drop(columns=["time", "pseudotime"])
    del still.obsm["spatial"]
    still.write_h5ad(folder / "still.h5ad")
    add_experiment(opened, folder / "still.h5ad")
    return opened


def rows_of(store: Store, run: str) -> pl.DataFrame:
    return store.lake.scan("transitions", [run]).collect()


@pytest.mark.parametrize(
    ("method", "time"),
    [("knn", "time"), ("knn", "pseudotime"), ("diffusion", "time"), ("diffusion", "pseudotime"), ("transport", "time")],
)
def test_rows_point_forward_and_sum_to_one(store: Store, method: str, time: str) -> None:
    inferred = infer_transitions(store, "toy", method=method, time=time, n_neighbors=8)
    rows = rows_of(store, inferred.run)
    assert (inferred.method, inferred.clock, inferred.n_edges) == (method, time, rows.height)
    assert (rows["target_time"] > rows["source_time"]).all()
    assert rows["source_time"].is_sorted()
    assert rows.group_by("source").len()["len"].max() <= 8
    np.testing.assert_allclose(rows.group_by("source").agg(pl.col("weight").sum())["weight"], 1, atol=1e-5)
    cells = store.expression("toy").cells
    assert [dict(cells.select("cell", time).iter_rows())[c] for c in rows["source"]] == rows["source_time"].to_list()
    run = store.lake.run(inferred.run)
    assert run.parents == [store.datasets().filter(pl.col("dataset") == "toy")["run"][0]]
    assert run.configuration["method"] == method


@pytest.mark.parametrize("method", ["knn", "auto"])
def test_every_cell_before_the_last_point_goes_on(store: Store, method: str) -> None:
    inferred = infer_transitions(store, "toy", method=method)
    assert inferred.method == {"auto": "transport"}.get(method, method)
    rows = rows_of(store, inferred.run)
    cells = store.expression("toy").cells
    assert set(cells.filter(pl.col("time") < 48)["cell"]) == set(rows["source"])


def test_cells_that_nobody_ordered_get_a_pseudotime_and_are_told_of_its_direction(store: Store) -> None:
    inferred = infer_transitions(store, "still", n_neighbors=10)
    assert (inferred.method, inferred.clock) == ("diffusion", "dpt")
    assert any("its direction is arbitrary" in sentence for sentence in inferred.said)
    rows = rows_of(store, inferred.run)
    assert (rows["target_time"] > rows["source_time"]).all()
    assert store.lake.run(inferred.run).configuration["root"] in set(store.expression("still").cells["name"])


def test_a_root_is_a_cell_or_a_type(store: Store) -> None:
    cells = store.expression("toy").cells
    name = cells["name"][7]
    inferred = infer_transitions(store, "toy", root=name)
    assert inferred.clock == "dpt"
    assert not any("arbitrary" in sentence for sentence in inferred.said)
    assert store.lake.run(inferred.run).configuration["root"] == name
    of_type = infer_transitions(store, "toy", root_type="progenitor")
    started = store.lake.run(of_type.run).configuration["root"]
    assert cells.filter(pl.col("name") == started)["cell_type"].to_list() == ["progenitor"]
    with pytest.raises(UnknownName, match=r"No cell 'nobody' in data set 'toy'"):
        infer_transitions(store, "toy", root="nobody")
    with pytest.raises(UnknownName, match=r"No cell type 'progenitors'.*Did you mean 'progenitor'"):
        infer_transitions(store, "toy", root_type="progenitors")
    with pytest.raises(InputError, match=r"not both"):
        infer_transitions(store, "toy", root=name, root_type="progenitor")
    with pytest.raises(InputError, match=r"--time time was asked for"):
        infer_transitions(store, "toy", root=name, time="time")


def test_unknown_methods_are_named(store: Store) -> None:
    with pytest.raises(UnknownName, match=r"No method 'difusion'.*'diffusion'"):
        infer_transitions(store, "toy", method="difusion")


def test_more_neighbours_than_cells_are_said(store: Store) -> None:
    inferred = infer_transitions(store, "toy", method="diffusion", n_neighbors=1000)
    assert any("299 neighbours" in sentence for sentence in inferred.said)


def test_growth_is_by_name_and_numbers_must_make_sense(store: Store) -> None:
    names = store.expression("toy").cells["name"].to_list()
    inferred = infer_transitions(store, "toy", growth=dict.fromkeys(names, 1.1), balanced=True)
    kept = store.lake.run(inferred.run).configuration
    assert (kept["growth"], kept["source_penalty"]) == (True, None)
    with pytest.raises(BadValues, match=r"299 of 300 cells have no growth rate"):
        infer_transitions(store, "toy", growth={names[0]: 1.0})
    for wrong in ({"epsilon": 0.0}, {"n_neighbors": 0}, {"window": 0.0}, {"n_components": 0}):
        with pytest.raises(BadValues, match="must"):
            infer_transitions(store, "toy", **wrong)


def test_neighbours_are_a_table_of_their_own(store: Store) -> None:
    inferred = infer_transitions(store, "toy", method="spatial", section="none")
    assert (inferred.table, inferred.clock) == ("neighbours", "none")
    assert store.lake.scan("transitions", [inferred.run]).collect().is_empty()
    rows = store.lake.scan("neighbours", [inferred.run]).collect()
    cells = store.expression("toy").cells
    place = {key: np.array([x, y]) for key, x, y in cells.select("cell", "x", "y").iter_rows()}
    apart = [np.linalg.norm(place[a] - place[b]) for a, b in rows.select("source", "target").iter_rows()]
    np.testing.assert_allclose(rows["distance"], apart, rtol=1e-4)
    assert (rows["source"] < rows["target"]).all()
    assert (rows["source_time"] == rows["target_time"]).all()
    assert inferred.n_cells == len({*rows["source"], *rows["target"]}) == cells.height > inferred.n_sources
    assert store.lake.run(inferred.run).configuration["section"] is None
    near = store.slice(kind="neighbours", runs=[inferred.run], features=("distance",))
    assert (near.num_edges, near.relation_names) == (rows.height, ("NEAR",))
    [count] = store.query("MATCH (:Cell)-[r:NEAR]->(:Cell) RETURN count(*) AS n").to_pylist()
    assert count["n"] == rows.height
    with pytest.raises(InputError, match=r"no coordinates"):
        infer_transitions(store, "still", method="spatial")
    with pytest.raises(InputError, match=r"needs no order"):
        infer_transitions(store, "toy", method="spatial", root_type="progenitor")


def test_pairs_are_told_by_the_cells_that_take_part(store: Store) -> None:
    asked = ["infer", "transitions", "toy", "--method", "spatial", "--section", "none", "--store", str(store.path)]
    program = typer.Typer()
    register(program)
    done = CliRunner().invoke(program, asked, catch_exceptions=False)
    assert "pairs of neighbours among 300 cells" in " ".join(done.output.split())
    forward = CliRunner().invoke(program, [*asked[:4], "knn", "--store", str(store.path)], catch_exceptions=False)
    assert "transitions from 200 cells" in " ".join(forward.output.split())


def test_transport_asks_for_time_points(store: Store) -> None:
    with pytest.raises(InputError, match=r"has no time.*--time dpt"):
        infer_transitions(store, "still", method="transport")
    with pytest.raises(InputError, match=r"--method diffusion"):
        infer_transitions(store, "toy", method="transport", time="pseudotime")


def test_velocity_is_read_from_the_file_again(store: Store) -> None:
    file = store.path.parent / "moving.h5ad"
    inferred = infer_transitions(store, "still", method="velocity", file=file)
    assert inferred.clock == "velocity"
    rows = rows_of(store, inferred.run)
    assert rows.height > 0
    assert (rows["target_time"] > rows["source_time"]).all()
    assert rows["source_time"].is_sorted()
    assert len(store.lake.run(inferred.run).inputs) == 1
    timed = infer_transitions(store, "toy", method="velocity", time="time", file=file)
    assert set(rows_of(store, timed.run)["source_time"].unique()) <= {0.0, 24.0, 48.0}
    with pytest.raises(InputError, match=r"--file"):
        infer_transitions(store, "still", method="velocity")


@pytest.mark.parametrize("unit", [1.0, 3e4])
def test_copies_of_one_cell_get_no_order(tmp_path: Path, unit: float) -> None:
    cell = unit * np.random.default_rng(0).gamma(2.0, 1.0, 40).astype(np.float32)
    data = anndata.AnnData(np.tile(cell, (200, 1)))
    data.obs_names, data.var_names = [f"c{i}" for i in range(200)], [f"G{i}" for i in range(40)]
    data.write_h5ad(tmp_path / "same.h5ad")
    with Store(tmp_path / "store") as opened:
        add_experiment(opened, tmp_path / "same.h5ad")
        with pytest.raises(BadValues, match="do not differ"):
            infer_transitions(opened, "same")
        assert not opened.runs("infer")


@pytest.mark.parametrize(
    ("asked", "takers"),
    [
        ({"method": "knn", "epsilon": 0.1}, "transport"),
        ({"method": "diffusion", "balanced": True}, "transport"),
        ({"method": "diffusion", "growth": {"c0": 1.0}}, "transport"),
        ({"method": "auto", "delaunay": True}, "spatial"),
        ({"method": "knn", "across_time": True}, "spatial"),
        ({"method": "transport", "max_distance": 3.0}, "spatial"),
        ({"method": "transport", "section": "none"}, "spatial"),
        ({"method": "transport", "window": 0.2}, "knn"),
        ({"method": "knn", "file": Path("moving.h5ad")}, "velocity"),
    ],
)
def test_what_a_method_would_not_look_at_is_refused(store: Store, asked: dict[str, object], takers: str) -> None:
    [name] = set(asked) - {"method"}
    method = "transport" if asked["method"] == "auto" else asked["method"]
    said = f"'{method}' does not look at --{name.replace('_', '-')}.*--method {takers}"
    with pytest.raises(InputError, match=said):
        infer_transitions(store, "toy", **asked)


def test_the_help_names_every_method() -> None:
    from typing import get_type_hints

    from perturbome.ingest.commands_transitions import transitions
    from perturbome.ingest.transitions.registry import METHODS

    [option] = get_type_hints(transitions, include_extras=True)["method"].__metadata__
    assert all(name in option.help for name in METHODS)
