"""The Neo4j engine against a real server: connecting, answering, and writing that is whole or not there."""

from __future__ import annotations

import datetime as dt
import json
import time

import neo4j
import pytest

from perturbome.platform.errors import (
    GraphError,
    GraphLoginRefused,
    GraphUnreachable,
    QueryNotReadOnly,
    QueryTooLong,
    StoreReadOnly,
)
from perturbome.platform.graph import neo4j as engine
from perturbome.platform.graph import neo4j_writing as writing
from perturbome.platform.graph.base import NodePart, RelationshipPart
from perturbome.platform.graph.neo4j import Neo4jStore

from .conftest import RUNS, hand_made, node_part, regulates

pytestmark = pytest.mark.neo4j

GENES = [{"id": f"g{i}", "key": i, "symbol": f"G{i}", "organism": "human"} for i in range(50)]


def network(run: str, edges: int) -> list[NodePart | RelationshipPart]:
    """A run with so many edges among fifty genes, in parts of a hundred."""
    rows = [(f"g{i % 50}", f"g{i // 50 % 50}", 1.0 + i, 0.0, "T", run) for i in range(edges)]
    parts = [regulates(*rows[start : start + 100]) for start in range(0, edges, 100)]
    return [node_part("Run", {"id": run, "kind": "infer"}), node_part("Gene", *GENES), *parts]


def raw(server, cypher, **parameters):
    """What the server itself says, past the store."""
    with neo4j.GraphDatabase.driver(server.address, auth=(server.user, server.password)) as driver:
        return driver.execute_query(cypher, parameters).records


# connecting


def test_no_server_says_what_to_check():
    with pytest.raises(GraphUnreachable, match=r"bolt://127.0.0.1:1 .*7687"):
        Neo4jStore("bolt://127.0.0.1:1", "neo4j", "x")


@pytest.mark.parametrize("address", ["ftp://127.0.0.1:7687", "nonsense", "bolt://"])
def test_no_address_says_how_one_looks(address):
    with pytest.raises(GraphUnreachable, match=r"bolt://host:7687|No Neo4j answers"):
        Neo4jStore(address, "neo4j", "x")


def test_wrong_password_says_where_it_is_set(neo4j_server):
    with pytest.raises(GraphLoginRefused, match="PERTURBOME_NEO4J_PASSWORD"):
        Neo4jStore(neo4j_server.address, neo4j_server.user, "wrong")


def test_a_first_login_says_how_to_change_the_password(neo4j_server):
    raw(neo4j_server, "CREATE USER novice IF NOT EXISTS SET PASSWORD 'change-me-now' CHANGE REQUIRED")
    with pytest.raises(GraphLoginRefused, match="ALTER CURRENT USER SET PASSWORD"):
        Neo4jStore(neo4j_server.address, "novice", "change-me-now")


def test_an_unknown_database_is_named(neo4j_server):
    with pytest.raises(GraphError, match="nowhere"):
        Neo4jStore(neo4j_server.address, neo4j_server.user, neo4j_server.password, database="nowhere")


def test_neo4j_scheme_connects_too(neo4j_server):
    address = neo4j_server.address.replace("bolt://", "neo4j://")
    store = Neo4jStore(address, neo4j_server.user, neo4j_server.password, database="neo4j")
    assert store.query("RETURN 1 AS one").to_pylist() == [{"one": 1}]
    store.close()


# answering


def test_values_come_as_arrow_likes_them(neo4j_store):
    answer = neo4j_store.query(
        "RETURN datetime('2026-01-02T03:04:05Z') AS at, date('2026-01-02') AS day, duration('P1D') AS span, "
        "{a: 1, b: [1, 2]} AS map, [1.5, null] AS list, null AS nothing"
    )
    at = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert answer.to_pylist() == [
        {"at": at, "day": dt.date(2026, 1, 2), "span": "P1D", "map": {"a": 1, "b": [1, 2]}, "list": [1.5, None],
         "nothing": None}
    ]  # fmt: skip
    assert str(answer.schema.field("at").type).startswith("timestamp[us")


def test_words_beside_numbers_become_json_text(neo4j_store):
    answer = neo4j_store.query("UNWIND [1, 'a', null] AS x RETURN x")
    assert answer["x"].to_pylist() == ["1", '"a"', None]


def test_a_whole_node_shows_neither_ids_nor_our_mark(neo4j_store):
    neo4j_store.append(["r"], [node_part("Run", {"id": "r", "kind": "infer"})])
    (text,) = neo4j_store.query("MATCH (r:Run) RETURN r")["r"].to_pylist()
    assert json.loads(text) == {"id": "r", "kind": "infer"}


def test_the_server_refuses_a_write_that_the_check_let_through(neo4j_store, monkeypatch):
    monkeypatch.setattr(engine, "require_read_only", lambda cypher: None)
    with pytest.raises(QueryNotReadOnly):
        neo4j_store.query("CREATE (n:Gene {id: 'x'})")
    assert neo4j_store.counts()["Gene"] == 0


def test_a_long_query_is_stopped(neo4j_store):
    began = time.monotonic()
    with pytest.raises(QueryTooLong, match="time limit"):
        neo4j_store.query("UNWIND range(1, 1000000000) AS x RETURN sum(sqrt(x)) AS s", time_limit=0.3)
    assert time.monotonic() - began < 20


def test_counts_and_check(neo4j_store):
    neo4j_store.append(["r"], network("r", 10))
    counts = neo4j_store.counts()
    assert (counts["Gene"], counts["REGULATES"], counts["Run"], counts["Cell"]) == (50, 10, 1, 0)
    check = neo4j_store.check()
    assert (check["engine"], check["edition"], check["runs"], check["rows"]) == ("neo4j", "community", 1, 61)
    assert str(check["version"]).startswith("5.26")


# writing


def test_keys_are_unique_and_runs_indexed(neo4j_store, neo4j_server):
    neo4j_store.append([], [])
    constraints = raw(neo4j_server, "SHOW CONSTRAINTS YIELD labelsOrTypes, properties, type")
    assert (["Gene"], ["id"]) in [(c["labelsOrTypes"], c["properties"]) for c in constraints]
    indexes = raw(neo4j_server, "SHOW INDEXES YIELD labelsOrTypes, properties, state")
    found = [(i["labelsOrTypes"], i["properties"], i["state"]) for i in indexes]
    assert (["REGULATES"], ["run"], "ONLINE") in found
    assert (["Gene"], ["symbol"], "ONLINE") in found


def test_twice_is_once(neo4j_store):
    for _ in range(2):
        neo4j_store.append(["r"], network("r", 300))
    assert neo4j_store.counts()["REGULATES"] == 300
    assert neo4j_store.runs() == {"r"}


def test_only_the_runs_named_are_written(neo4j_store):
    neo4j_store.append(["a"], [*network("a", 100), *network("b", 100)[2:]])
    assert neo4j_store.query("MATCH ()-[r:REGULATES]->() RETURN DISTINCT r.run AS run")["run"].to_pylist() == ["a"]


def test_a_later_row_wins_nulls_too(neo4j_store):
    neo4j_store.append(["r"], [node_part("Gene", {"id": "g", "symbol": "old", "ensembl": "E"})])
    neo4j_store.append(["r"], [node_part("Gene", {"id": "g", "symbol": "new"})])
    assert neo4j_store.query("MATCH (g:Gene) RETURN g.symbol AS s, g.ensembl AS e").to_pylist() == [
        {"s": "new", "e": None}
    ]


def test_an_end_that_is_no_node_is_told_and_nothing_kept(neo4j_store):
    with pytest.raises(GraphError, match="1 of 1 REGULATES"):
        neo4j_store.append(["r"], [*network("r", 100), regulates(("g1", "stranger", 1.0, 0.0, "T", "r"))])
    assert neo4j_store.runs() == set()
    assert sum(neo4j_store.counts().values()) == 0


def test_a_small_run_cut_off_leaves_nothing(neo4j_store):
    def cut_off():
        yield from network("r", 500)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        neo4j_store.append(["r"], cut_off())
    assert sum(neo4j_store.counts().values()) == 0


def test_a_large_run_cut_off_is_not_projected_and_swept_by_the_next(neo4j_store, monkeypatch):
    monkeypatch.setattr(writing, "TRANSACTION", 100)
    neo4j_store.append(["before"], network("before", 200))

    def cut_off():
        yield from network("r", 500)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        neo4j_store.append(["r"], cut_off())
    assert neo4j_store.counts()["REGULATES"] > 200  # several transactions, so something was left behind
    assert neo4j_store.runs() == {"before"}
    neo4j_store.append(["other"], network("other", 300))
    assert neo4j_store.runs() == {"before", "other"}
    assert neo4j_store.counts()["REGULATES"] == 500
    assert neo4j_store.counts()["Run"] == 2
    neo4j_store.append(["r"], network("r", 500))
    assert neo4j_store.counts()["REGULATES"] == 1000


def test_a_server_killed_in_the_middle_loses_no_run_and_shows_no_half(neo4j_store, neo4j_server, monkeypatch):
    monkeypatch.setattr(writing, "TRANSACTION", 100)
    neo4j_store.append(["before"], network("before", 200))

    def killed():
        for i, part in enumerate(network("r", 500)):
            if i == 5:
                neo4j_server.kill()
            yield part

    with pytest.raises(GraphUnreachable):
        neo4j_store.append(["r"], killed())
    neo4j_server.restart()
    assert neo4j_store.runs() == {"before"}
    neo4j_store.append(["r"], network("r", 500))
    assert neo4j_store.runs() == {"before", "r"}
    assert neo4j_store.counts()["REGULATES"] == 700


def test_a_removal_cut_off_is_finished_by_the_next_writer(neo4j_store, neo4j_server):
    neo4j_store.append(["a", "b"], [*network("a", 100), *network("b", 100)])
    raw(neo4j_server, "MATCH (r:Run {id: 'a'}) SET r.projected = false")  # all that a removal does first
    assert neo4j_store.runs() == {"b"}
    neo4j_store.append([], [])
    assert neo4j_store.counts()["REGULATES"] == 100


def test_replace_holds_these_runs_only_and_leaves_foreign_labels(neo4j_store, neo4j_server):
    raw(neo4j_server, "MERGE (:Foreign {id: 1})")
    neo4j_store.append(["a"], network("a", 100))
    neo4j_store.replace(["b"], network("b", 50))
    assert neo4j_store.runs() == {"b"}
    assert neo4j_store.counts()["REGULATES"] == 50
    assert raw(neo4j_server, "MATCH (f:Foreign) DELETE f RETURN count(*) AS n")[0]["n"] == 1


def without(parts, runs):
    """The parts as a projection of the remaining runs would give them."""
    for part in parts:
        if isinstance(part, RelationshipPart):
            rows = [row for row in part.rows.to_pylist() if row["run"] not in runs and row["target"] not in runs]
            yield RelationshipPart(part.type, part.link, type(part.rows).from_pylist(rows, part.rows.schema))
        elif part.label == "Run":
            rows = [row for row in part.rows.to_pylist() if row["id"] not in runs]
            yield NodePart("Run", type(part.rows).from_pylist(rows, part.rows.schema))
        else:
            yield part


@pytest.mark.parametrize("gone", [["r2"], ["r1", "r2"], ["k1"], ["p1"]])
def test_removed_in_place_equals_built_anew(neo4j_store, embedded_store, gone):
    neo4j_store.replace(RUNS, hand_made())
    assert neo4j_store.remove(gone)
    rest = [run for run in RUNS if run not in gone]
    remaining = list(without(hand_made(), gone))
    neo4j_store.append(rest, (part for part in remaining if isinstance(part, NodePart)))
    embedded_store.replace(rest, remaining)
    assert neo4j_store.runs() == embedded_store.runs() == set(rest)
    assert neo4j_store.counts() == embedded_store.counts()
    for cypher in ("MATCH (n:Gene) RETURN n ORDER BY n.id", "MATCH (n:Run) RETURN n ORDER BY n.id"):
        assert neo4j_store.query(cypher).to_pylist() == embedded_store.query(cypher).to_pylist()


def test_removing_everything_leaves_nothing(neo4j_store):
    neo4j_store.replace(RUNS, hand_made())
    neo4j_store.remove(RUNS)
    assert sum(neo4j_store.counts().values()) == 0


def test_removing_a_data_set_takes_its_cells_and_only_its_cells(neo4j_store):
    def experiment(name, first):
        return [
            node_part("Run", {"id": f"run {name}", "kind": "ingest"}),
            node_part("Dataset", {"name": name}),
            node_part("Cell", *({"id": first + i, "name": "c", "dataset": name, "run": f"run {name}",
                                 "control": True} for i in range(5))),
            RelationshipPart("WROTE", WROTE.link, WROTE.rows.from_pylist(
                [{"source": f"run {name}", "target": name, "run": f"run {name}"}], WROTE.rows.schema)),
        ]  # fmt: skip

    WROTE = next(p for p in hand_made() if isinstance(p, RelationshipPart) and p.type == "WROTE")
    for name, first in (("one", 0), ("two", 100)):
        neo4j_store.append([f"run {name}"], experiment(name, first))
    neo4j_store.remove(["run one"])
    assert neo4j_store.query("MATCH (c:Cell) RETURN DISTINCT c.dataset AS d")["d"].to_pylist() == ["two"]
    assert neo4j_store.counts()["Cell"] == 5
    assert neo4j_store.counts()["Dataset"] == 1


def test_read_only_cannot_write(neo4j_server):
    store = Neo4jStore(neo4j_server.address, neo4j_server.user, neo4j_server.password, read_only=True)
    for write in (lambda: store.append([], []), lambda: store.replace([], []), lambda: store.remove(["r"])):
        with pytest.raises(StoreReadOnly, match="opened read-only"):
            write()
    assert store.query("RETURN 1 AS one").num_rows == 1
    store.close()


def test_an_error_of_the_lake_is_not_called_the_servers(neo4j_store):
    def broken():
        yield from network("r", 10)
        raise ValueError("a file of the lake is damaged")

    with pytest.raises(ValueError, match="damaged"):
        neo4j_store.append(["r"], broken())
