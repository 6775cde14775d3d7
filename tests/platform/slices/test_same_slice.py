"""Two ways to the same slice: cut from the lake by predicate, and returned by a Cypher query, on both engines."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from perturbome.platform import Store
from perturbome.platform.errors import QueryNotReadOnly
from perturbome.platform.graph import sync
from perturbome.platform.graph.base import GraphStore
from perturbome.platform.slices import cut, from_query

REGULATION = """
MATCH (a:Gene)-[r:REGULATES]->(b:Gene) WHERE {where}
RETURN a.id AS source, b.id AS target, r.weight AS weight, r.time AS time, r.cell_type AS relation,
       r.sign AS sign, r.stability AS stability
"""
PRIORS = """
MATCH (a:Gene)-[r:INTERACTS_WITH]->(b:Gene) WHERE {where}
RETURN a.id AS source, b.id AS target, r.score AS weight, r.prior AS relation, r.sign AS sign
"""
TRANSITIONS = """
MATCH (a:Cell)-[r:TRANSITIONS_TO]->(b:Cell) WHERE {where}
RETURN a.id AS source, b.id AS target, r.weight AS weight, r.source_time AS time, 'TRANSITIONS_TO' AS relation,
       r.target_time AS target_time
"""
NEIGHBOURS = """
MATCH (a:Cell)-[r:NEAR]->(b:Cell) WHERE {where}
RETURN a.id AS source, b.id AS target, r.weight AS weight, r.source_time AS time, 'NEAR' AS relation,
       r.distance AS distance
"""
CASES: list[tuple[dict[str, Any], str, dict[str, object]]] = [
    ({}, REGULATION.format(where="true"), {}),
    (
        {"cell_types": ["B", "T"], "window": (1, 2.5), "min_weight": 0.2},
        REGULATION.format(
            where="r.cell_type IN $types AND r.time >= $t0 AND r.time <= $t1 AND (r.weight >= $w OR r.weight <= -$w)"
        ),
        {"types": ["B", "T"], "t0": 1.0, "t1": 2.5, "w": 0.2},
    ),
    (
        {"window": (0, 2.5), "closed": "left", "min_stability": 0.5},
        REGULATION.format(where="r.time < $t1 AND r.stability >= 0.5"),
        {"t1": 2.5},
    ),
    ({"dataset": "nowhere"}, REGULATION.format(where="r.dataset = 'nowhere'"), {}),
    ({"kind": "priors"}, PRIORS.format(where="true"), {}),
    (
        {"kind": "priors", "source": "trrust", "min_score": 0.5},
        PRIORS.format(where="r.prior = $prior AND r.score >= 0.5"),
        {"prior": "trrust"},
    ),
    ({"kind": "transitions", "window": (1, 9)}, TRANSITIONS.format(where="r.source_time >= 1"), {}),
    ({"kind": "neighbours", "min_weight": 0.5}, NEIGHBOURS.format(where="r.weight >= 0.5"), {}),
]
FEATURES = {
    "regulation": ("sign", "stability"),
    "priors": ("sign",),
    "transitions": ("target_time",),
    "neighbours": ("distance",),
}


@pytest.fixture
def store(lakes: SimpleNamespace, tmp_path: Path) -> Store:
    """A store with two runs of regulation, two priors and transitions between cells."""
    store = Store(tmp_path / "store")
    with store.run("ingest"):
        pass
    lakes.write_regulation(store.lake, 0, 1)
    lakes.write_priors(store.lake)
    lakes.write_transitions(store.lake)
    lakes.write_neighbours(store.lake)
    return store


def check(store: Store, graph: GraphStore) -> None:
    for predicate, cypher, parameters in CASES:
        from_lake = cut(store.lake, **predicate, features=FEATURES[predicate.get("kind", "regulation")])
        from_graph = from_query(graph, cypher, parameters)
        assert predicate.get("dataset") == "nowhere" or from_lake.num_edges > 10
        if from_lake.num_edges:
            assert from_lake.differences(from_graph) == [], predicate
        else:
            assert from_graph.num_edges == from_graph.num_nodes == 0
        assert from_graph.provenance["query"] == cypher


def test_embedded_engine(store: Store) -> None:
    store.catch_up()
    check(store, store.graph)


@pytest.mark.neo4j
def test_neo4j(store: Store, neo4j_store: GraphStore) -> None:
    sync.rebuild(store.lake, neo4j_store)
    check(store, neo4j_store)


def test_store_cuts_both_ways_and_keeps_the_graph_in_step(store: Store) -> None:
    predicate, cypher, parameters = CASES[1]
    by_predicate = store.slice(**predicate, features=("sign", "stability"))
    assert store.slice(cypher, parameters).equals(by_predicate)
    with pytest.raises(QueryNotReadOnly):
        store.slice("MATCH (a:Gene) DELETE a")
