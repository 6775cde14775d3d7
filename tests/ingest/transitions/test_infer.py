"""`infer_transitions` on a store: rows, the choice of a clock, and what a data set without time gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from perturbome.ingest.experiment.add import add_experiment
from perturbome.ingest.simulation.experiment import simulate
from perturbome.ingest.transitions.infer import choose_clock, infer_transitions
from perturbome.platform.errors import InputError
from perturbome.platform.store import Store

NOTHING = [None] * 4


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder: Path = tmp_path_factory.mktemp("transitions")
    simulate(n_cells=300, n_genes=30, n_knockouts=4, n_times=3, seed=2).write(folder / "toy.h5ad")
    opened = Store(folder / "store")
    add_experiment(opened, folder / "toy.h5ad")
    return opened


def test_rows_point_forward_and_sum_to_one(store: Store) -> None:
    inferred = infer_transitions(store, "toy")
    rows = store.lake.scan("transitions", [inferred.run]).collect()
    assert rows.height == inferred.n_edges
    assert inferred.clock == "time"
    assert (rows["target_time"] > rows["source_time"]).all()
    assert rows["source_time"].is_sorted()
    sums = rows.group_by("source").agg(pl.col("weight").sum())["weight"]
    np.testing.assert_allclose(sums, 1, atol=1e-5)
    cells = store.expression("toy").cells
    time = dict(cells.select("cell", "time").iter_rows())
    assert [time[c] for c in rows["source"]] == rows["source_time"].to_list()
    assert set(cells.filter(pl.col("time") < 48)["cell"]) == set(rows["source"])
    assert store.lake.run(inferred.run).parents == [store.datasets()["run"][0]]


def test_pseudotime_when_asked_for(store: Store) -> None:
    inferred = infer_transitions(store, "toy", time="pseudotime", n_neighbors=5)
    rows = store.lake.scan("transitions", [inferred.run]).collect()
    assert inferred.clock == "pseudotime"
    assert (rows["target_time"] > rows["source_time"]).all()
    assert rows.group_by("source").len()["len"].max() == 5


def cells(time: list, pseudotime: list) -> pl.DataFrame:
    kinds = {"time": pl.Float32, "pseudotime": pl.Float32}
    return pl.DataFrame({"time": time, "pseudotime": pseudotime}, schema=kinds)


def test_the_clock_is_chosen_aloud() -> None:
    both = cells([0, 0, 6, 6], [0.1, 0.2, 0.3, 0.4])
    assert choose_clock(both, "toy", "auto")[0] == "time"
    assert choose_clock(both, "toy", "pseudotime")[0] == "pseudotime"
    name, _, said = choose_clock(cells([6, 6, 6, 6], [0.1, 0.2, 0.3, 0.4]), "toy", "auto")
    assert name == "pseudotime"
    assert "one time point only" in said[1]
    name, _, said = choose_clock(cells([6, 6, 6, 6], NOTHING), "toy", "auto")
    assert name == "time"
    assert "the graph has no edges" in said[1]


def test_without_time_the_error_says_how_to_mend_it() -> None:
    with pytest.raises(InputError, match=r"has no time or pseudotime.*Add a column"):
        choose_clock(cells(NOTHING, NOTHING), "toy", "auto")
    with pytest.raises(InputError, match=r"has no pseudotime.*pass --time time"):
        choose_clock(cells([0, 0, 6, 6], NOTHING), "toy", "pseudotime")
