"""The same Cypher on the same graph gives equal tables, whichever engine answers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest

from perturbome.platform.errors import QueryError, QueryNotReadOnly, QueryTooLong
from perturbome.platform.graph.embedded import EmbeddedStore
from perturbome.platform.graph.neo4j import Neo4jStore

from .conftest import RUNS, hand_made

pytestmark = pytest.mark.neo4j

AD_HOC = [
    "MATCH (g:Gene) RETURN g.symbol AS symbol, g.aliases AS aliases, g.regulator AS regulator ORDER BY symbol",
    "MATCH (g:Gene) RETURN g ORDER BY g.id",
    "MATCH (r:Run) RETURN r AS run ORDER BY r.id",
    "MATCH (:Gene)-[r:REGULATES]->(:Gene) RETURN r ORDER BY r.run, r.weight, r.time",
    "MATCH (a:Gene)-[r:REGULATES]->(b:Gene) RETURN a.id AS tail, b.id AS head, r.time AS t, r.sign AS s "
    "ORDER BY tail, head, t, s",
    "MATCH (a:Gene)-[:REGULATES]->(b:Gene)-[:REGULATES]->(c:Gene) WHERE a.id <> b.id AND b.id <> c.id AND a.id <> c.id "
    "RETURN a.symbol AS a, b.symbol AS b, c.symbol AS c, count(*) AS n ORDER BY a, b, c",
    "MATCH (a:Gene)-[r:REGULATES]->() RETURN a.symbol AS a, count(*) AS n, max(r.weight) AS high ORDER BY a",
    "MATCH (c:Cell) RETURN c.id AS id, c.name AS name, c.x AS x ORDER BY id",
    "MATCH (c:Cell)-[:IS_A]->(t:CellType) RETURN t.name AS type, collect(c.name) AS cells ORDER BY type",
    "MATCH (g:Gene {id: 'nobody'}) RETURN g.id AS id, g AS gene",
    "MATCH p = (:Gene {symbol: 'JAK2'})-[:REGULATES {time: 24.0}]->(:Gene) RETURN p",
    "UNWIND [1, 2, 3] AS x RETURN x AS x, x * 0.5 AS half, 'a' AS word, x > 1 AS big, [x, x] AS pair ORDER BY x",
    "MATCH (d:Dataset)-[:CONTAINS]->(x) RETURN count(x) AS n",
    "MATCH (p:Perturbation) RETURN p.id AS id, p.dose AS dose ORDER BY id",
    "OPTIONAL MATCH (g:Gene {id: 'nobody'}) RETURN g.symbol AS symbol",
    "MATCH (g:Gene) WHERE g.symbol STARTS WITH 'STAT' RETURN g.symbol AS s UNION MATCH (t:CellType {name: 'T'}) "
    "RETURN t.name AS s",
]


@pytest.fixture(scope="module")
def both(neo4j_server, tmp_path_factory) -> Iterator[tuple[EmbeddedStore, Neo4jStore]]:
    embedded = EmbeddedStore(tmp_path_factory.mktemp("both"))
    server = Neo4jStore(neo4j_server.address, neo4j_server.user, neo4j_server.password)
    for store in (embedded, server):
        store.replace(RUNS, hand_made())
    yield embedded, server
    embedded.close()
    server.close()


@pytest.mark.parametrize("cypher", AD_HOC)
def test_equal_tables(both, cypher):
    one, other = (store.query(cypher) for store in both)
    assert one.column_names == other.column_names
    assert sorted(map(str, one.to_pylist())) == sorted(map(str, other.to_pylist()))
    if "ORDER BY" in cypher:
        assert one.to_pylist() == other.to_pylist()
    if one.num_rows and not any(column.null_count == len(column) for column in one.columns):
        assert pl.DataFrame(one).schema == pl.DataFrame(other).schema


def test_equal_counts_and_runs(both):
    one, other = both
    assert one.counts() == other.counts()
    assert one.runs() == other.runs() == set(RUNS)


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.array([1, 2]), [1, 2]),
        (("a", "b"), ["a", "b"]),
        ("it's", "it's"),
    ],
)
def test_parameters_come_back_alike(both, value, back):
    for store in both:
        assert store.query("RETURN $value AS value", {"value": value}).to_pylist() == [{"value": back}]


@pytest.mark.parametrize(
    ("cypher", "error"),
    [
        ("MATCH (g:Gene) SET g.symbol = 'x'", QueryNotReadOnly),
        ("MATCH (g:Gene RETURN g", QueryError),
        ("MATCH (g:Gene) RETURN nobody.id", QueryError),
        ("RETURN $absent AS x", QueryError),
        ("MATCH (a:Gene), (b:Gene) RETURN a.id", QueryTooLong),
    ],
)
def test_equal_refusals(both, cypher, error):
    for store in both:
        with pytest.raises(error) as raised:
            store.query(cypher, row_limit=20)
        assert type(raised.value) is error


def test_a_row_limit_is_exact(both):
    for store in both:
        assert store.query("UNWIND range(1, 5) AS x RETURN x", row_limit=5).num_rows == 5
        with pytest.raises(QueryTooLong, match="more than 4 rows"):
            store.query("UNWIND range(1, 5) AS x RETURN x", row_limit=4)
