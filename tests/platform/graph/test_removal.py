"""A run that is removed or replaced leaves nothing behind, in either engine, and both end equal."""

from __future__ import annotations

import pytest

from perturbome.ingest import add_experiment, add_prior, infer_regulation, simulate
from perturbome.platform import Store
from perturbome.platform.errors import StoreError
from perturbome.platform.graph import sync


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    simulate(n_cells=150, n_genes=30, n_knockouts=3, seed=5).write(folder / "a.h5ad")
    simulate(n_cells=90, n_genes=30, n_knockouts=3, seed=6).write(folder / "b.h5ad")
    (folder / "factors.txt").write_text("TF\nALONE1\nALONE2\n")
    return folder


@pytest.fixture
def store(tmp_path, files):
    with Store(tmp_path / "store") as store:
        add_experiment(store, files / "a.h5ad", dataset="a", organism="human")
        add_experiment(store, files / "b.h5ad", dataset="b", organism="human")
        add_prior(store, files / "factors.txt", name="factors", kind="tf_list", organism="human")
        infer_regulation(store, "a", time_bins=1, min_cells=10, n_bootstraps=0, regulators=None)
        yield store


def test_a_run_that_others_stand_on_is_not_removed_alone(store):
    ingest = store.datasets().filter(dataset="a")["run"][0]
    with pytest.raises(StoreError, match=r"later runs stand on .*--with-dependants"):
        store.remove(ingest)
    removed = store.remove(ingest, dependants=True)
    assert [run.kind for run in removed] == ["ingest", "infer"]
    assert store.query("MATCH (c:Cell) RETURN DISTINCT c.dataset AS d")["d"].to_pylist() == ["b"]
    assert store.graph.counts()["REGULATES"] == 0


def test_a_replaced_data_set_leaves_no_cell_of_the_old_one(store, files):
    done = add_experiment(store, files / "b.h5ad", dataset="a", organism="human", replace=True)
    cells = store.query("MATCH (c:Cell {dataset: 'a'}) RETURN DISTINCT c.run AS run, count(*) AS n").to_pylist()
    assert cells == [{"run": done.run, "n": 90}]
    assert any("with all that stood on it" in line for line in done.said)


@pytest.mark.neo4j
def test_both_engines_end_equal_after_a_replacement(store, files, neo4j_store):
    sync.rebuild(store.lake, neo4j_store)
    assert neo4j_store.counts() == store.graph.counts()
    add_experiment(store, files / "b.h5ad", dataset="a", organism="human", replace=True)
    sync.catch_up(store.lake, neo4j_store)
    assert neo4j_store.runs() == store.graph.runs()
    assert neo4j_store.counts() == store.graph.counts()
    for cypher in ("MATCH (n:Gene) RETURN n ORDER BY n.id", "MATCH (n:Cell) RETURN n ORDER BY n.id"):
        assert neo4j_store.query(cypher).to_pylist() == store.query(cypher).to_pylist()
