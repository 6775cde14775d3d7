"""A limited query gives the same answers and the same words as one without limits, within the memory it may take."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from perturbome.platform.errors import PerturbomeError, QueryTooLong
from perturbome.platform.graph.embedded import EmbeddedStore
from perturbome.platform.graph.engines import open_graph
from perturbome.platform.settings import load_settings

from .conftest import RUNS, hand_made

QUESTIONS = [
    "MATCH (g:Gene) RETURN g, g.symbol AS symbol, g.aliases AS aliases ORDER BY symbol",
    "MATCH p = (:Gene {symbol: 'JAK2'})-[r:REGULATES]->(b:Gene) RETURN p, r, b ORDER BY r.time",
    "MATCH ()-[r:REGULATES]->() RETURN sum(r.sign) AS s, count(*) AS n, avg(r.weight) AS w, max(r.time) AS t",
    "MATCH (g:Gene {symbol: 'nobody'}) RETURN g AS gene, g.key AS key, g.regulator AS regulator",
    "RETURN [1, 2] AS xs, {a: 'ß'} AS map, null AS nothing, date('2026-01-31') AS day",
]


@pytest.mark.parametrize("cypher", QUESTIONS)
def test_tables_are_the_same(limited_store, cypher):
    other = limited_store.query(cypher)
    assert other.schema == limited_store.query(cypher, time_limit=None).schema
    assert other.to_pylist() == limited_store.query(cypher, time_limit=None).to_pylist()


VALUES = [1, -7, 2**40, 1.5, float("inf"), "ß'\"\n\\", True, None, [1, 2], ["a", None], {"a": [1.5]}, b"ab"]


@pytest.mark.parametrize("value", [*VALUES, np.int8(3), np.array([1.0, 2.0]), np.datetime64("2026-01-31T12:00:00")])
def test_parameters_are_the_same(limited_store, value):
    asked = "RETURN $value AS value"
    other = limited_store.query(asked, {"value": value})
    assert other.equals(limited_store.query(asked, {"value": value}, time_limit=None))


WRONG = [
    ("MATCH (g:Gene RETURN g", {}),
    ("MATCH (g:Gen) RETURN g", {}),
    ("MATCH (g:Gene) RETURN g.symbl", {}),
    ("RETURN $gene AS g", {"gen": 1}),
    ("RETURN 1 / 0 AS x", {}),
    ("RETURN [x IN [1, 2] | x + 1] AS xs", {}),
    ("CREATE (:Gene {id: 'x'})", {}),
    ("UNWIND range(1, 100) AS x RETURN x", {}),
    ("RETURN repeat('abcdefghij', 200000000) AS x", {}),
]


@pytest.mark.parametrize(("cypher", "parameters"), WRONG)
def test_errors_are_the_same(limited_store, cypher, parameters):
    said = []
    for limit in (30.0, None):
        with pytest.raises(PerturbomeError) as caught:
            limited_store.query(cypher, parameters, row_limit=9, time_limit=limit)
        said.append((type(caught.value), str(caught.value)))
    assert said[0] == said[1]


# Memory

HEAVY = "RETURN size(range(1, 1000000000)) AS n"
"""A list of 8 GB."""

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the memory a process writes to")


@linux_only
def test_a_query_that_eats_memory_is_told_so_and_the_next_is_answered(limited_store):
    with pytest.raises(QueryTooLong, match=r"more memory than the 0\.5 GB it may take.*PERTURBOME_QUERY_MEMORY_GB"):
        limited_store.query(HEAVY)
    assert limited_store.query("RETURN 1 AS one").to_pylist() == [{"one": 1}]


@linux_only
def test_the_memory_a_query_may_take_is_a_setting(tmp_path, monkeypatch):
    many = "RETURN size(range(1, 20000000)) AS n"  # 160 MB
    for gigabytes, fits in (("0.1", False), ("2", True)):
        monkeypatch.setenv("PERTURBOME_QUERY_MEMORY_GB", gigabytes)
        graph = open_graph(tmp_path, load_settings(), read_only=True)
        if fits:
            assert graph.query(many).to_pylist() == [{"n": 20_000_000}]
        else:
            with pytest.raises(QueryTooLong, match=r"0\.1 GB"):
                graph.query(many)
        graph.close()


@linux_only
def test_a_small_answer_takes_little_memory(tmp_path):
    store = EmbeddedStore(tmp_path, query_memory_gb=0.1)
    store.replace(RUNS, hand_made())
    assert store.query(QUESTIONS[1]).num_rows == 2  # whole nodes, relationships and paths
    store.close()
