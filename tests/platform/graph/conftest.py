"""Both engines, empty or filled with one small graph made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from perturbome.platform.graph.base import GraphStore, NodePart, Part, RelationshipPart
from perturbome.platform.graph.embedded import EmbeddedStore
from perturbome.platform.graph.neo4j import Neo4jStore
from perturbome.platform.schema import RELATIONSHIPS, Link
from perturbome.platform.schema.ddl import node_schema, relationship_schema

ENGINES = ["embedded", pytest.param("neo4j", marks=pytest.mark.neo4j)]
RUNS = ["i1", "p1", "r1", "r2", "k1", "t1"]


@pytest.fixture
def embedded_store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """An EmbeddedStore with nothing in it."""
    store = EmbeddedStore(tmp_path / "graph")
    yield store
    store.close()


@pytest.fixture
def limited_store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """An EmbeddedStore with the hand-made graph, where a query may take half a GB."""
    store = EmbeddedStore(tmp_path / "limited", query_memory_gb=0.5)
    store.replace(RUNS, hand_made())
    yield store
    store.close()


@pytest.fixture(params=ENGINES)
def graph(request: pytest.FixtureRequest) -> GraphStore:
    """Each engine in turn, empty."""
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture(scope="module", params=ENGINES)
def filled_graph(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    """Each engine in turn with the hand-made graph; for reading only."""
    store: GraphStore
    if request.param == "embedded":
        store = EmbeddedStore(tmp_path_factory.mktemp("graph"))
    else:
        server = request.getfixturevalue("neo4j_server")
        store = Neo4jStore(server.address, server.user, server.password)
    store.replace(RUNS, hand_made())
    yield store
    store.close()


def node_part(label: str, *rows: dict[str, Any]) -> NodePart:
    """Nodes from dicts; properties that are absent are null."""
    schema = node_schema(label)
    return NodePart(label, pa.Table.from_pylist([{n: row.get(n) for n in schema.names} for row in rows], schema))


def relationship_part(type_: str, link: Link, *rows: dict[str, Any]) -> RelationshipPart:
    """Relationships from dicts; properties that are absent are null."""
    schema = relationship_schema(type_, link)
    table = pa.Table.from_pylist([{n: row.get(n) for n in schema.names} for row in rows], schema)
    return RelationshipPart(type_, link, table)


def regulates(*rows: tuple[str, str, float, float | None, str, str]) -> RelationshipPart:
    """REGULATES from (source, target, weight, time, cell type, run)."""
    return relationship_part(
        "REGULATES",
        RELATIONSHIPS["REGULATES"].links[0],
        *(
            {"source": s, "target": t, "weight": w, "sign": 1 if w > 0 else -1, "time": time, "cell_type": cell_type,
             "run": run, "dataset": "d1", "p": 0.01, "stability": 0.9}
            for s, t, w, time, cell_type, run in rows
        ),
    )  # fmt: skip


def hand_made() -> list[Part]:
    """A data set d1, a prior, two inferences r1 (T cells, 0 h and 24 h) and r2 (B cells, no time), effects, causes.

    r1, T, 0 h:   JAK2 -0.7-> STAT1 -0.9-> IRF1 -0.5-> CXCL10, STAT1 -(-0.6)-> MYC, IRF1 -(-0.4)-> MYC, MYC -0.1-> MYC
    r1, T, 24 h:  JAK2 -0.7-> STAT1 -(-0.3)-> IRF1, STAT1 -0.2-> CXCL10
    r2, B:        STAT1 -0.8-> IRF1
    prior:        JAK2 - STAT1 (0.99, no direction), STAT1 -> IRF1 (+, 0.8), IRF1 -> STAT1 (-, 0.3)
    """
    symbols = ["JAK2", "STAT1", "IRF1", "CXCL10", "MYC", "STAT3"]
    genes = [
        {"id": f"G:{s}", "key": i, "symbol": s, "organism": "human", "regulator": s.startswith("STAT"),
         "aliases": ["ISGF-3", "p91"] if s == "STAT1" else ["c-Myc"] if s == "MYC" else []}
        for i, s in enumerate(symbols)
    ]  # fmt: skip
    runs = [("i1", "ingest"), ("p1", "ingest"), ("r1", "infer"), ("r2", "infer"), ("k1", "predict"), ("t1", "rank")]
    j, s, i, c, m, _ = (f"G:{symbol}" for symbol in symbols)
    measured, made, gene_pair = Link("Dataset", "Gene"), Link("Dataset", "Perturbation"), Link("Gene", "Gene")
    return [
        node_part("Run", *({"id": r, "kind": k, "name": f"{k} {r}", "started": f"2026-01-0{n}", "finished": "2026-02",
                            "code_version": "1", "configuration": "{}", "metrics": "{}"}
                           for n, (r, k) in enumerate(runs))),
        node_part("Dataset", {"name": "d1", "organism": "human", "n_cells": 3, "n_genes": 6, "expression_unit": "log1p",
                              "time_unit": "hour", "description": "made by hand"}),
        node_part("Gene", *genes),
        node_part("CellType", {"name": "T"}, {"name": "B"}),
        node_part("Perturbation", {"id": "knockout:STAT1", "label": "STAT1", "mode": "knockout"},
                  {"id": "knockout:JAK2+STAT1", "label": "JAK2+STAT1", "mode": "knockout"}),
        node_part("Contrast", {"id": "d1: a to b", "dataset": "d1", "before": "a", "after": "b", "context": "all"}),
        node_part("Cell", *({"id": n, "name": f"c{n}", "dataset": "d1", "run": "i1",
                             "perturbation": "control", "control": True, "time": float(n)} for n in range(3))),
        relationship_part("WROTE", Link("Run", "Dataset"), {"source": "i1", "target": "d1", "run": "i1"}),
        relationship_part("WROTE", Link("Run", "Contrast"), {"source": "t1", "target": "d1: a to b", "run": "t1"}),
        relationship_part("READ", Link("Run", "Run"), {"source": "r1", "target": "i1", "run": "r1"},
                          {"source": "r1", "target": "p1", "run": "r1"}, {"source": "r2", "target": "i1", "run": "r2"}),
        relationship_part("READ", Link("Run", "Dataset"), {"source": "r1", "target": "d1", "run": "r1"}),
        relationship_part("CONTAINS", measured, *({"source": "d1", "target": g["id"], "run": "i1"} for g in genes[:5])),
        relationship_part("CONTAINS", made, {"source": "d1", "target": "knockout:STAT1", "run": "i1", "n_cells": 20},
                          {"source": "d1", "target": "knockout:JAK2+STAT1", "run": "i1", "n_cells": 10}),
        relationship_part("PERTURBS", Link("Perturbation", "Gene"),
                          {"source": "knockout:STAT1", "target": s, "run": "i1", "mode": "knockout"},
                          {"source": "knockout:JAK2+STAT1", "target": s, "run": "i1", "mode": "knockout"},
                          {"source": "knockout:JAK2+STAT1", "target": j, "run": "i1", "mode": "knockout"}),
        relationship_part("IS_A", Link("Cell", "CellType"), {"source": 0, "target": "T", "run": "i1"},
                          {"source": 1, "target": "B", "run": "i1"}),
        relationship_part("TRANSITIONS_TO", Link("Cell", "Cell"),
                          {"source": 0, "target": 1, "run": "r1", "weight": 1.0, "source_time": 0., "target_time": 1.}),
        regulates((j, s, 0.7, 0.0, "T", "r1"), (s, i, 0.9, 0.0, "T", "r1"), (i, c, 0.5, 0.0, "T", "r1"),
                  (s, m, -0.6, 0.0, "T", "r1"), (i, m, -0.4, 0.0, "T", "r1"), (m, m, 0.1, 0.0, "T", "r1"),
                  (j, s, 0.7, 24.0, "T", "r1"), (s, i, -0.3, 24.0, "T", "r1"), (s, c, 0.2, 24.0, "T", "r1")),
        regulates((s, i, 0.8, None, "B", "r2")),
        relationship_part("INTERACTS_WITH", gene_pair,
                          {"source": j, "target": s, "run": "p1", "prior": "string", "directed": False, "sign": 0,
                           "score": 0.99},
                          {"source": s, "target": i, "run": "p1", "prior": "trrust", "directed": True, "sign": 1,
                           "score": 0.8},
                          {"source": i, "target": s, "run": "p1", "prior": "trrust", "directed": True, "sign": -1,
                           "score": 0.3}),
        relationship_part("CHANGES", Link("Perturbation", "Gene"),
                          {"source": "knockout:STAT1", "target": i, "run": "k1", "dataset": "d1", "context": "T",
                           "delta": -0.8, "lower": -1.0, "upper": -0.6, "baseline": -0.1, "observed": False,
                           "model": "propagation"},
                          {"source": "knockout:STAT1", "target": m, "run": "k1", "dataset": "d1", "context": "T",
                           "delta": 0.5, "lower": 0.4, "upper": 0.6, "baseline": 0.1, "observed": False,
                           "model": "propagation"},
                          {"source": "knockout:STAT1", "target": i, "run": "i1", "dataset": "d1", "context": "T",
                           "delta": -0.9, "observed": True}),
        relationship_part("CAUSED_BY", Link("Contrast", "Gene"),
                          {"source": "d1: a to b", "target": s, "run": "t1", "score": 2.0, "rank": 1, "q": 0.01,
                           "model": "inversion"},
                          {"source": "d1: a to b", "target": j, "run": "t1", "score": 1.0, "rank": 2, "q": 0.2,
                           "model": "inversion"}),
    ]  # fmt: skip
