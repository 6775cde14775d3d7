"""The graph follows the lake: forward, after a crash, after a removal, and from nothing."""

import pytest

from perturbome.platform import Store
from perturbome.platform.errors import GraphLoginRefused, InputError
from perturbome.platform.graph import sync
from perturbome.platform.graph.embedded import EmbeddedStore
from perturbome.platform.graph.engines import open_graph


def add(store, symbols):
    with store.run("ingest", name="+".join(symbols)) as run:
        run.register_genes(symbols, organism="human")
    return run.id


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    add(store, ["A", "B"])
    return store


def symbols(graph):
    return graph.query("MATCH (g:Gene) RETURN g.symbol AS s ORDER BY s")["s"].to_pylist()


def test_a_run_is_in_the_graph_when_it_is_left(store):
    second = add(store, ["B", "C"])
    said = sync.status(store.lake, store.graph)
    assert said["in_step"]
    assert (said["runs"], said["counts"]["Gene"], said["counts"]["Run"]) == (2, 3, 2)
    assert second in store.graph.runs()


def test_a_graph_that_lags_catches_up_and_one_in_step_is_left_alone(store, tmp_path):
    graph = EmbeddedStore(tmp_path / "other")
    assert sync.status(store.lake, graph)["behind"] == [run.id for run in store.runs()]
    assert sync.catch_up(store.lake, graph) == [run.id for run in store.runs()]
    before = sorted(path.name for path in (tmp_path / "other").iterdir())
    assert sync.catch_up(store.lake, graph) == []
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == before
    assert symbols(graph) == ["A", "B"]


def test_a_removed_run_leaves_the_graph(store):
    second = add(store, ["C"])
    store.remove(second)
    assert symbols(store.graph) == ["A", "B"]
    assert second not in store.graph.runs()


def test_runs_the_lake_no_longer_has_are_dropped_when_catching_up(store, tmp_path):
    second = add(store, ["C"])
    graph = EmbeddedStore(tmp_path / "other")
    sync.rebuild(store.lake, graph)
    store.remove(second)
    assert sync.status(store.lake, graph)["gone"] == [second]
    sync.catch_up(store.lake, graph)
    assert symbols(graph) == ["A", "B"]
    assert sync.status(store.lake, graph)["in_step"]


def test_a_rebuild_makes_the_same_graph(store):
    add(store, ["C"])
    before = store.graph.counts()
    sync.rebuild(store.lake, store.graph)
    assert store.graph.counts() == before


def test_removing_what_the_graph_does_not_hold_does_nothing(store, tmp_path):
    graph = EmbeddedStore(tmp_path / "other")
    sync.remove(store.lake, graph, ["nobody"])
    assert not (tmp_path / "other").exists()


def test_work_reports_where_it_stands(store, tmp_path):
    said = []
    sync.rebuild(store.lake, EmbeddedStore(tmp_path / "other"), lambda *words: said.append(words))
    assert any("Gene" in what for what, _, _ in said)
    assert all(total is None or done <= total for _, done, total in said)


def test_an_address_names_its_engine(store, tmp_path):
    assert isinstance(open_graph(tmp_path / "g", store.settings, read_only=False), EmbeddedStore)
    assert isinstance(open_graph(str(tmp_path / "g"), store.settings, read_only=True), EmbeddedStore)
    with pytest.raises(InputError, match="bolt://"):
        open_graph("http://localhost", store.settings, read_only=False)
    with pytest.raises(GraphLoginRefused, match="PASSWORD"):
        open_graph("bolt://localhost:1", store.settings, read_only=False)
