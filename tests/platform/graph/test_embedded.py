"""The embedded engine: what is put in comes out, readers never wait, and nothing half-written is ever seen."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from perturbome.platform.errors import (
    DiskFull,
    GraphError,
    QueryError,
    QueryNotReadOnly,
    QueryTooLong,
    StoreReadOnly,
)
from perturbome.platform.graph import embedded_staging, embedded_writing
from perturbome.platform.graph.base import NodePart, RelationshipPart
from perturbome.platform.graph.embedded import EmbeddedStore
from perturbome.platform.graph.snapshots import Snapshots
from perturbome.platform.schema import Link
from perturbome.platform.schema.ddl import node_schema, relationship_schema

GENES = Link("Gene", "Gene")


def genes(symbols, **more):
    rows = pl.DataFrame({"id": [f"human:{s}" for s in symbols], "key": range(len(symbols)), "symbol": symbols})
    filled = rows.with_columns(
        organism=pl.lit("human"),
        ensembl=pl.lit(more.get("ensembl"), pl.String),
        aliases=pl.lit(more.get("aliases", ["a 'quoted' one", "ß"]), pl.List(pl.String)),
        regulator=pl.lit(more.get("regulator")),
    )
    return NodePart("Gene", filled.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(node_schema("Gene")))


def regulation(run, edges):
    """edges: (source, target, weight)"""
    schema = relationship_schema("REGULATES", GENES)
    rows = [
        dict.fromkeys(schema.names)
        | {
            "source": f"human:{s}",
            "target": f"human:{t}",
            "run": run,
            "weight": w,
            "sign": int(np.sign(w)),
            "time": 0.5,
        }
        for s, t, w in edges
    ]
    return RelationshipPart("REGULATES", GENES, pa.Table.from_pylist(rows, schema=schema))


@pytest.fixture
def store(tmp_path):
    r"""A -0.5-> B -0.7-> C, and A -(-1)-> C, written by run r1."""
    store = EmbeddedStore(tmp_path / "graph")
    parts = [genes(["A", "B", "C"]), regulation("r1", [("A", "B", 0.5), ("B", "C", 0.7), ("A", "C", -1.0)])]
    store.append(["r1"], parts)
    yield store
    store.close()


def edges_of(store):
    asked = "MATCH (a:Gene)-[r:REGULATES]->(b:Gene) RETURN r.run AS run, a.symbol AS a, b.symbol AS b, r.weight AS w"
    return sorted(tuple(row.values()) for row in store.query(asked).to_pylist())


R1 = [("r1", "A", "B", 0.5), ("r1", "A", "C", -1.0), ("r1", "B", "C", 0.7)]


def test_what_is_put_in_comes_out(store):
    assert edges_of(store) == R1
    row = store.query(
        "MATCH (g:Gene {symbol: 'B'}) RETURN g.aliases AS aliases, g.ensembl AS e, g.key AS k"
    ).to_pylist()
    assert row == [{"aliases": ["a 'quoted' one", "ß"], "e": None, "k": 1}]
    assert store.runs() == {"r1"}
    assert {k: v for k, v in store.counts().items() if v} == {"Gene": 3, "REGULATES": 3}


def test_an_empty_graph_answers_with_no_rows_and_makes_no_file(tmp_path):
    store = EmbeddedStore(tmp_path / "graph", read_only=True)
    assert store.query("MATCH (g:Gene) RETURN g.symbol AS symbol").column_names == ["symbol"]
    assert store.runs() == set()
    assert store.check()["rows"] == 0
    assert not (tmp_path / "graph").exists()


def test_appending_a_run_twice_is_appending_it_once(store):
    snapshot = Snapshots(store.folder).published().snapshot
    store.append(["r1"], [genes(["A", "B"]), regulation("r1", [("A", "B", 9.0)])])
    assert edges_of(store) == R1
    assert Snapshots(store.folder).published().snapshot == snapshot
    store.append(
        ["r1", "r2"], [genes(["A", "B"]), regulation("r1", [("A", "B", 9.0)]), regulation("r2", [("C", "A", 2.0)])]
    )
    assert edges_of(store) == [*R1, ("r2", "C", "A", 2.0)]


def test_a_later_node_row_wins_and_relationships_stay(store):
    store.append(["r2"], [genes(["A", "D"], regulator=True, aliases=["new"], ensembl="E1")])
    rows = store.query(
        "MATCH (g:Gene) RETURN g.symbol AS s, g.regulator AS r, g.aliases AS a, g.ensembl AS e ORDER BY s"
    ).to_pylist()
    assert [(r["s"], r["r"], r["e"]) for r in rows] == [
        ("A", True, "E1"),
        ("B", None, None),
        ("C", None, None),
        ("D", True, "E1"),
    ]
    assert rows[0]["a"] == ["new"]
    assert edges_of(store) == R1


def test_a_later_node_row_may_take_a_value_away(store):
    store.append(["r2"], [genes(["A"], ensembl="E1")])
    store.append(["r3"], [genes(["A"])])
    assert store.query("MATCH (g:Gene {symbol: 'A'}) RETURN g.ensembl AS e").to_pylist() == [{"e": None}]


def test_the_last_of_several_rows_for_a_key_wins_within_one_append(tmp_path):
    store = EmbeddedStore(tmp_path)
    store.append(["r1"], [genes(["A", "B"], regulator=False), genes(["A"], regulator=True)])
    rows = store.query("MATCH (g:Gene) RETURN g.symbol AS s, g.regulator AS r ORDER BY s").to_pylist()
    assert rows == [{"s": "A", "r": True}, {"s": "B", "r": False}]


def test_order_and_portions_of_appending_do_not_matter(tmp_path):
    edges = {f"r{n}": [("A", "B", float(n)), ("B", "C", -float(n))] for n in range(1, 4)}
    one, two = EmbeddedStore(tmp_path / "one"), EmbeddedStore(tmp_path / "two")
    one.append(list(edges), [genes(["A", "B", "C"]), *(regulation(run, edges[run]) for run in edges)])
    for run in reversed(edges):
        two.append([run], [genes(["A", "B", "C"]), regulation(run, edges[run])])
    assert edges_of(one) == edges_of(two)
    assert one.counts() == two.counts()


def test_more_than_memory_holds_is_merged_on_the_way(tmp_path, monkeypatch):
    edges = {f"r{n}": [("A", "B", float(n)), ("B", "C", -float(n))] for n in range(1, 8)}
    parts = [genes(["A", "B", "C"]), *(regulation(run, edges[run]) for run in edges)]
    at_once, on_the_way = EmbeddedStore(tmp_path / "at_once"), EmbeddedStore(tmp_path / "on_the_way")
    at_once.append(list(edges), parts)
    monkeypatch.setattr(embedded_writing, "_memory", lambda staged: (embedded_writing.SMALLEST_POOL, 2))
    heard = []
    on_the_way.append(list(edges), parts, report=lambda what, done, total: heard.append((what, done)))
    merged = [done for what, done in heard if what == "graph: merging"]
    assert merged == [7, 11, 15, 17]  # rows done, three of them genes
    assert edges_of(at_once) == edges_of(on_the_way)
    assert at_once.counts() == on_the_way.counts()


def test_replace_leaves_nothing_of_before(store):
    store.replace(["r9"], [genes(["X", "Y"]), regulation("r9", [("X", "Y", 1.0)])])
    assert edges_of(store) == [("r9", "X", "Y", 1.0)]
    assert store.runs() == {"r9"}
    assert store.remove(["r9"]) is False


def test_a_type_that_joins_several_pairs_of_labels(tmp_path):
    store = EmbeddedStore(tmp_path)
    dataset = NodePart(
        "Dataset",
        pa.Table.from_pylist(
            [dict.fromkeys(node_schema("Dataset").names) | {"name": "d"}], schema=node_schema("Dataset")
        ),
    )
    perturbation = NodePart(
        "Perturbation", pa.Table.from_pylist([{"id": "knockout:A", "label": "A"}], schema=node_schema("Perturbation"))
    )
    contains = [
        RelationshipPart(
            "CONTAINS",
            link,
            pa.Table.from_pylist(
                [{"source": "d", "target": target, "run": "r1", "n_cells": n}],
                schema=relationship_schema("CONTAINS", link),
            ),
        )
        for link, target, n in (
            (Link("Dataset", "Gene"), "human:A", None),
            (Link("Dataset", "Perturbation"), "knockout:A", 7),
        )
    ]
    store.append(["r1"], [dataset, perturbation, genes(["A"]), *contains])
    rows = store.query("MATCH (:Dataset)-[c:CONTAINS]->(p:Perturbation) RETURN p.id AS id, c.n_cells AS n").to_pylist()
    assert rows == [{"id": "knockout:A", "n": 7}]
    assert store.counts()["CONTAINS"] == 2


def test_an_end_that_is_no_node_is_told_and_nothing_is_published(store):
    with pytest.raises(GraphError, match="human:NOPE"):
        store.append(["r2"], [genes(["A"], regulator=True), regulation("r2", [("A", "NOPE", 1.0)])])
    assert edges_of(store) == R1
    assert store.query("MATCH (g:Gene {symbol: 'A'}) RETURN g.regulator AS r").to_pylist() == [{"r": None}]
    assert len(list(store.folder.glob("snapshot-*"))) == 1
    assert not list(store.folder.glob("staging-*"))


def test_rows_that_do_not_fit_are_told(store):
    with pytest.raises(GraphError, match="lack the columns"):
        store.append(["r2"], [NodePart("Gene", pa.table({"id": ["x"]}))])


def test_a_folder_with_an_odd_name(tmp_path):
    store = EmbeddedStore(tmp_path / "it's [an] *odd {name}" / "graph")
    store.append(["r1"], [genes(["A", "B"]), regulation("r1", [("A", "B", 1.0)])])
    store.append(["r2"], [genes(["A"], regulator=True), regulation("r2", [("B", "A", 1.0)])])
    assert len(edges_of(store)) == 2


def test_a_full_disk_publishes_nothing(store, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(embedded_staging.pq, "write_table", full)
        with pytest.raises(DiskFull, match="still answers as before"):
            store.append(["r2"], [regulation("r2", [("A", "B", 2.0)])])
    assert edges_of(store) == R1
    store.append(["r2"], [regulation("r2", [("A", "B", 2.0)])])
    assert len(edges_of(store)) == 4


def test_a_snapshot_that_is_not_what_was_written_is_not_published(store, monkeypatch):
    honest = embedded_writing.count
    monkeypatch.setattr(
        embedded_writing,
        "count",
        lambda c: {k: max(0, v - 1) if k == "REGULATES" and v > 3 else v for k, v in honest(c).items()},
    )
    with pytest.raises(GraphError, match="REGULATES"):
        store.append(["r2"], [regulation("r2", [("A", "B", 2.0)])])
    monkeypatch.undo()
    assert edges_of(store) == R1


def test_a_read_only_store_refuses_to_write(store):
    with pytest.raises(StoreReadOnly):
        EmbeddedStore(store.folder, read_only=True).append(["r2"], [])


def test_a_snapshot_of_an_older_schema_counts_as_holding_nothing_and_is_built_anew(store):
    pointer = store.folder / "published.json"
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | {"schema": "older"}))
    assert store.runs() == set()
    store.append(["r2"], [genes(["A", "B"]), regulation("r2", [("A", "B", 2.0)])])
    assert edges_of(store) == [("r2", "A", "B", 2.0)]


def test_a_lost_snapshot_says_how_to_mend_it(store):
    store.close()
    for path in store.folder.glob("snapshot-*"):
        path.unlink()
    with pytest.raises(GraphError, match="graph rebuild"):
        store.query("RETURN 1 AS one")
    with pytest.raises(GraphError, match="graph rebuild"):
        store.append(["r2"], [])
    store.replace(["r1"], [genes(["A"])])
    assert store.counts()["Gene"] == 1


def test_a_reader_moves_on_to_the_next_snapshot(store):
    reader = EmbeddedStore(store.folder, read_only=True)
    assert len(edges_of(reader)) == 3
    for number in range(3):
        store.append([f"n{number}"], [regulation(f"n{number}", [("A", "B", 1.0)])])
    assert len(edges_of(reader)) == 6


def test_readers_in_threads_always_see_a_whole_graph_while_writers_publish(store):
    stop, wrong = threading.Event(), []

    def read():
        reader = EmbeddedStore(store.folder, read_only=True)
        while not stop.is_set():
            try:
                rows = reader.query("MATCH ()-[r:REGULATES]->() RETURN r.run AS run, count(*) AS n").to_pylist()
            except Exception as error:
                wrong.append(error)
                return
            if {row["n"] for row in rows} != {3}:
                wrong.append(rows)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(6):
        store.append([f"n{number}"], [regulation(f"n{number}", [("A", "B", 1.0), ("B", "C", 1.0), ("A", "C", 1.0)])])
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


WRITER = """
import sys
from pathlib import Path
import numpy as np, polars as pl
from perturbome.platform.graph.base import NodePart, RelationshipPart
from perturbome.platform.graph.embedded import EmbeddedStore
from perturbome.platform.schema import Link
from perturbome.platform.schema.ddl import relationship_schema
ids = pl.Series(["human:A", "human:B", "human:C"])
link, n = Link("Gene", "Gene"), 50_000
schema = relationship_schema("REGULATES", link)
ends = {"source": ids.gather(np.arange(n) % 3), "target": ids.gather(np.arange(n) % 2)}
rows = pl.DataFrame(ends | {"run": ["big"] * n})
table = rows.with_columns(pl.lit(None).alias(c) for c in schema.names[3:]).select(schema.names).to_arrow(
    compat_level=pl.CompatLevel.oldest()).cast(schema)
print("ready", flush=True)
EmbeddedStore(Path(sys.argv[1])).append(["big"], [RelationshipPart("REGULATES", link, table)])
print("done", flush=True)
"""


def start_writer(folder):
    child = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    return child


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_the_graph_answering(store, tmp_path):
    shutil.copytree(store.folder, tmp_path / "timed")
    child, began = start_writer(tmp_path / "timed"), time.perf_counter()
    assert child.wait() == 0
    whole = time.perf_counter() - began
    for share in (0.1, 0.4, 0.7, 0.9):
        folder = tmp_path / f"killed-{share}"
        shutil.copytree(store.folder, folder)
        child = start_writer(folder)
        time.sleep(share * whole)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        fresh = EmbeddedStore(folder)
        held = fresh.runs()
        assert fresh.counts()["REGULATES"] == (50_003 if "big" in held else 3)
        fresh.append(["after"], [regulation("after", [("A", "B", 2.0)])])
        assert fresh.runs() == held | {"after"}
        assert fresh.counts()["REGULATES"] == (50_004 if "big" in held else 4)
        assert not list(folder.glob("staging-*"))
        assert len(list(folder.glob("snapshot-*"))) == 2


# Queries


def test_columns_have_names_and_types_where_there_is_no_row(store):
    table = store.query("MATCH (g:Gene {symbol: 'nobody'}) RETURN g AS gene, g.key AS key, g.regulator AS regulator")
    assert table.schema == pa.schema([("gene", pa.string()), ("key", pa.int64()), ("regulator", pa.bool_())])


def test_whole_nodes_and_relationships_are_json_of_their_properties(store):
    row = store.query(
        "MATCH (g:Gene {symbol: 'A'})-[r:REGULATES]->(h {symbol: 'B'}) RETURN g, r, collect(h) AS hs"
    ).to_pylist()[0]
    assert json.loads(row["g"]) == {
        "id": "human:A",
        "key": 0,
        "symbol": "A",
        "organism": "human",
        "aliases": ["a 'quoted' one", "ß"],
    }
    assert json.loads(row["r"]) == {"run": "r1", "weight": 0.5, "sign": 1, "time": 0.5}
    assert [json.loads(h)["symbol"] for h in row["hs"]] == ["B"]
    assert row["g"] == json.dumps(json.loads(row["g"]), sort_keys=True)


def test_a_path_is_json_of_its_nodes_and_relationships(store):
    row = store.query("MATCH p = (:Gene {symbol: 'A'})-[:REGULATES]->(:Gene {symbol: 'B'}) RETURN p").to_pylist()[0]
    path = json.loads(row["p"])
    assert [n["symbol"] for n in path["nodes"]] == ["A", "B"]
    assert [r["weight"] for r in path["relationships"]] == [0.5]


def test_sums_of_whole_numbers_are_whole_numbers(store):
    table = store.query("MATCH ()-[r:REGULATES]->() RETURN sum(r.sign) AS s, count(*) AS n")
    assert table.to_pylist() == [{"s": 1, "n": 3}]
    assert table.schema.types == [pa.int64(), pa.int64()]


@pytest.mark.parametrize("value", [1, np.int64(1), np.int8(1), np.float32(1), pa.scalar(1)])
def test_scalars_of_numpy_and_arrow_are_parameters(store, value):
    rows = store.query("MATCH (g:Gene) WHERE g.key = $key RETURN g.symbol AS s", {"key": value})
    assert rows.to_pylist() == [{"s": "B"}]


def test_maps_nulls_and_truths_are_parameters(store):
    given = {"map": {"a": np.int64(1)}, "nothing": None, "yes": np.bool_(True)}
    row = store.query("RETURN $map.a AS a, $nothing IS NULL AS n, $yes AS y", given).to_pylist()[0]
    assert row == {"a": 1, "n": True, "y": True}


@pytest.mark.parametrize(
    "value", [np.array(["A", "B"]), ("A", "B"), ["A", np.str_("B")], pa.array(["A", "B"]), {"A", "B"}]
)
def test_lists_of_any_kind_are_parameters(store, value):
    rows = store.query("MATCH (g:Gene) WHERE g.symbol IN $names RETURN g.symbol AS s ORDER BY s", {"names": value})
    assert rows["s"].to_pylist() == ["A", "B"]


def test_an_absent_parameter_is_told(store):
    with pytest.raises(QueryError, match=r"\$symbol, which were not given. Given: simbol"):
        store.query("MATCH (g:Gene {symbol: $symbol}) RETURN g.id AS id", {"simbol": "A"})


@pytest.mark.parametrize(
    "cypher",
    [
        "CREATE (:CellType {name: 'x'})",
        "MATCH (g:Gene) SET g.symbol = 'x'",
        "COPY (MATCH (g:Gene) RETURN g.id) TO 'stolen.csv'",
        "LOAD FROM '/etc/passwd' RETURN *",
        "RETURN 1 AS a; MATCH (g:Gene) DETACH DELETE g",
    ],
)
def test_only_reading_is_allowed(store, cypher):
    with pytest.raises(QueryNotReadOnly):
        store.query(cypher)
    assert edges_of(store) == R1


def test_more_rows_than_the_limit_is_told_and_as_many_is_fine(store):
    asked = "MATCH (g:Gene) RETURN g.symbol AS s"
    assert store.query(asked, row_limit=3).num_rows == 3
    for text in (
        asked,
        f"{asked};",
        f"{asked} // all",
        f"{asked} LIMIT 1000000",
        f"{asked} UNION ALL {asked}",
        f"{asked} ORDER BY s SKIP 0",
    ):
        with pytest.raises(QueryTooLong, match="raise the row limit"):
            store.query(text, row_limit=2)
    assert store.query(f"{asked} LIMIT 2", row_limit=2).num_rows == 2
    assert store.query(asked, row_limit=None).num_rows == 3


def test_the_engine_is_asked_for_no_more_than_the_limit(store):
    with pytest.raises(QueryTooLong, match="row limit"):
        store.query("UNWIND range(1, 200000) AS i UNWIND range(1, 200000) AS j RETURN i, j", row_limit=9)


def test_a_query_is_stopped_when_its_time_is_up(store):
    with pytest.raises(QueryTooLong, match=r"stopped after 0\.2 seconds"):
        store.query("UNWIND range(1, 30000) AS i UNWIND range(1, 1000000) AS j RETURN sum(i * j) AS s", time_limit=0.2)
    assert store.query("RETURN 1 AS one").to_pylist() == [{"one": 1}]


@pytest.mark.parametrize(
    ("cypher", "hint"),
    [
        ("MATCH (g:Gen) RETURN g", "Did you mean 'Gene'"),
        ("MATCH (g:Gene) RETURN g.symbl", "Did you mean 'symbol'"),
        ("MATCH (a)-[r:REGULATES]->(b) RETURN type(r)", r"label\(r\)"),
        ("MATCH p = shortestPath((a:Gene)-[*..3]->(b:Gene)) RETURN p", "SHORTEST 1..4"),
        ("RETURN [x IN [1, 2] | x + 1] AS xs", "UNWIND"),
        ("MATCH (g:Gene) CALL { WITH g RETURN 1 AS one } RETURN one", "WITH"),
        ("MATCH (g:Gene RETURN g", "Parser exception"),
    ],
)
def test_errors_carry_the_engines_words_and_a_hint(store, cypher, hint):
    with pytest.raises(QueryError, match=hint) as caught:
        store.query(cypher)
    assert "LIMIT 100001" not in str(caught.value)


def test_check_says_what_doctor_wants_to_know(store):
    said = store.check()
    assert said["engine"] == "embedded"
    assert said["runs"] == 1
    assert said["rows"] == 6
    assert said["version"] == "0.22.0"
