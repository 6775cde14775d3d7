"""Every label and type is projected from the lake, whole, and the same in whatever portions."""

import numpy as np
import pyarrow as pa
import pytest

from perturbome.platform import Store
from perturbome.platform.errors import GraphError
from perturbome.platform.graph import projection_source, sync
from perturbome.platform.graph.base import NodePart, RelationshipPart
from perturbome.platform.graph.embedded import EmbeddedStore
from perturbome.platform.graph.projection import parts
from perturbome.platform.graph.projection_perturbations import read_id
from perturbome.platform.graph.projection_relationships import STRONGEST
from perturbome.platform.schema import NODES, RELATIONSHIPS, TABLES
from perturbome.platform.schema.ddl import node_schema, relationship_schema

N_GENES = 150


def rows_of(table, rows):
    """Rows as the lake takes them; the columns that are absent are null."""
    names = {name for row in rows for name in row}
    schema = pa.schema([field for field in TABLES[table].arrow if field.name in names])
    return pa.Table.from_pylist(rows, schema=schema)


def fill(store):
    """One run of each kind: ingest, prior, inference, prediction and ranking; returns their ids."""
    with store.run("ingest", name="ingest d", datasets=["d"]) as ingest:
        genes = ingest.register_genes(
            [f"G{i}" for i in range(N_GENES)], organism="human", dataset="d", gene_index="position"
        )["gene"].to_list()
        first = ingest.allot_cells(4)
        ingest.write(
            "datasets",
            rows_of(
                "datasets",
                [
                    {
                        "dataset": "d",
                        "organism": "human",
                        "n_cells": 4,
                        "n_genes": N_GENES,
                        "expression_unit": "log1p",
                        "raw_state": "counts",
                    }
                ],
            ),
        )
        ingest.write(
            "cells",
            rows_of(
                "cells",
                [
                    {
                        "dataset": "d",
                        "cell": first + i,
                        "name": f"c{i}",
                        "cell_type": kind,
                        "control": i == 0,
                        "time": 0.25 * i,
                        "perturbation": "control" if i == 0 else "knockout:G1",
                        "gene_index": [0],
                        "value": [1.0],
                    }
                    for i, kind in enumerate(["T", "B", "all", None])
                ],
            ),
        )
        ingest.write(
            "perturbations",
            rows_of(
                "perturbations",
                [
                    {
                        "dataset": "d",
                        "perturbation": "knockout:G1",
                        "label": "G1-KO",
                        "mode": "knockout",
                        "targets": [genes[1]],
                        "n_cells": 3,
                    },
                    {
                        "dataset": "d",
                        "perturbation": "compound:nutlin@0.5",
                        "label": "nutlin",
                        "mode": "compound",
                        "targets": ["nutlin"],
                        "dose": 0.5,
                        "n_cells": 0,
                    },
                ],
            ),
        )
        ingest.write(
            "transitions",
            rows_of(
                "transitions",
                [
                    {
                        "dataset": "d",
                        "source": first,
                        "target": first + 1,
                        "weight": 1.0,
                        "source_time": 0.0,
                        "target_time": 0.25,
                    }
                ],
            ),
        )
        beside = {"dataset": "d", "source": first, "target": first + 2, "distance": 3.0, "weight": 0.5}
        ingest.write("neighbours", rows_of("neighbours", [beside]))
    with store.run("ingest", name="prior") as prior:
        prior.register_genes(["G0", "TF9"], organism="human", regulator=True)
        prior.write(
            "priors",
            rows_of(
                "priors",
                [
                    {
                        "prior": "p",
                        "source": genes[0],
                        "target": genes[1],
                        "source_key": 0,
                        "target_key": 1,
                        "directed": True,
                        "sign": -1,
                        "score": 0.5,
                    }
                ],
            ),
        )
    with store.run("infer", name="grn", parents=[ingest.id, prior.id], datasets=["d"]) as infer:
        infer.write(
            "regulation",
            rows_of(
                "regulation",
                [
                    {
                        "dataset": "d",
                        "cell_type": "T",
                        "time": 0.25,
                        "source": genes[0],
                        "target": genes[i],
                        "source_key": 0,
                        "target_key": i,
                        "weight": 0.1 * i,
                        "sign": 1,
                        "p": 0.01,
                    }
                    for i in range(1, 6)
                ],
            ),
        )
    with store.run("predict", name="ko", parents=[infer.id], datasets=["d"]) as predict:
        predict.write(
            "effects",
            rows_of(
                "effects",
                [
                    {
                        "dataset": "d",
                        "perturbation": name,
                        "context": "all",
                        "gene": gene,
                        "delta": float(delta),
                        "observed": False,
                        "model": "m",
                    }
                    for name in ("knockout:G1", "knockdown:G2+G3")
                    for gene, delta in zip(genes, np.linspace(-2, 1, N_GENES), strict=True)
                ],
            ),
        )
    with store.run("rank", name="why", parents=[predict.id], datasets=["d"]) as rank:
        rank.write(
            "contrasts",
            rows_of(
                "contrasts",
                [
                    {
                        "dataset": "d",
                        "contrast": "d: a > b",
                        "before": "a",
                        "after": "b",
                        "context": "all",
                        "n_before": 2,
                        "n_after": 2,
                    }
                ],
            ),
        )
        rank.write(
            "targets",
            rows_of(
                "targets",
                [
                    {"contrast": "d: a > b", "gene": gene, "score": -float(i), "rank": i + 1, "model": "m"}
                    for i, gene in enumerate(genes)
                ],
            ),
        )
    return [ingest.id, prior.id, infer.id, predict.id, rank.id]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("projection") / "store")
    fill(store)
    return store


@pytest.fixture(scope="module")
def runs(store):
    return [run.id for run in store.runs()]


def everything(graph):
    """All nodes and relationships as sorted texts: two graphs are the same where these are."""
    asked = [f"MATCH (n:{label}) RETURN '' AS a, n AS r, '' AS b" for label in NODES]
    asked += [
        f"MATCH (a:{k.source})-[r:{type_}]->(b:{k.target}) "
        f"RETURN a.{NODES[k.source].key} AS a, r, b.{NODES[k.target].key} AS b"
        for type_, relationship in RELATIONSHIPS.items()
        for k in relationship.links
    ]
    return {text: sorted(str(row) for row in graph.query(text).to_pylist()) for text in asked}


def test_every_label_and_type_is_projected(store):
    counts = store.graph.counts()
    assert counts == {
        "Gene": N_GENES + 1, "Cell": 4, "CellType": 2, "Dataset": 1, "Perturbation": 3, "Contrast": 1, "Run": 5,
        "REGULATES": 5, "INTERACTS_WITH": 1, "TRANSITIONS_TO": 1, "NEAR": 1, "IS_A": 2, "CONTAINS": N_GENES + 2,
        "PERTURBS": 3, "CHANGES": 2 * STRONGEST, "CAUSED_BY": STRONGEST, "READ": 4 + 3, "WROTE": 2,
    }  # fmt: skip


def test_parts_have_the_declared_columns_and_nodes_come_first(store, runs):
    found = list(parts(store.lake, runs))
    kinds = [isinstance(part, NodePart) for part in found]
    assert kinds == sorted(kinds, reverse=True)
    for part in found:
        expected = node_schema(part.label) if isinstance(part, NodePart) else relationship_schema(part.type, part.link)
        assert part.rows.schema.equals(expected)
        assert part.rows.num_rows
    assert {part.label for part in found if isinstance(part, NodePart)} == set(NODES)
    assert {part.type for part in found if isinstance(part, RelationshipPart)} == set(RELATIONSHIPS)


def test_small_batches_make_the_same_graph(store, runs, tmp_path, monkeypatch):
    monkeypatch.setattr(projection_source, "BATCH", 7)
    graph = EmbeddedStore(tmp_path)
    found = list(parts(store.lake, runs))
    assert max(part.rows.num_rows for part in found) <= 7
    graph.replace(runs, found)
    assert everything(graph) == everything(store.graph)


def test_run_by_run_and_all_at_once_make_the_same_graph(store, runs, tmp_path):
    graph = EmbeddedStore(tmp_path)
    sync.rebuild(store.lake, graph)
    assert everything(graph) == everything(store.graph)


def test_a_genes_attributes_are_gathered_from_all_runs(store):
    row = store.query("MATCH (g:Gene {symbol: 'G0'}) RETURN g.regulator AS r, g.key AS k").to_pylist()
    assert row == [{"r": True, "k": 0}]
    measured = "MATCH (:Dataset)-[:CONTAINS]->(g:Gene {symbol: 'TF9'}) RETURN g.id AS id"
    assert store.query(measured).num_rows == 0


def test_targets_of_measured_and_of_predicted_perturbations(store, runs):
    asked = (
        "MATCH (p:Perturbation)-[r:PERTURBS]->(g:Gene) "
        "RETURN p.id AS id, p.label AS label, r.run AS run, g.symbol AS symbol ORDER BY id, symbol"
    )
    assert [tuple(row.values()) for row in store.query(asked).to_pylist()] == [
        ("knockdown:G2+G3", "G2+G3", runs[3], "G2"),
        ("knockdown:G2+G3", "G2+G3", runs[3], "G3"),
        ("knockout:G1", "G1-KO", runs[0], "G1"),
    ]


def test_the_strongest_effects_are_kept(store):
    asked = "MATCH (:Perturbation {id: 'knockout:G1'})-[r:CHANGES]->() RETURN r.delta AS delta"
    found = np.sort(store.query(asked)["delta"].to_numpy())
    all_of = np.linspace(-2, 1, N_GENES).astype(np.float32).astype(float)
    assert np.array_equal(found, np.sort(all_of[np.argsort(-np.abs(all_of), kind="stable")[:STRONGEST]]))


def test_causes_and_provenance(store, runs):
    ranks = store.query("MATCH (:Contrast)-[r:CAUSED_BY]->(:Gene) RETURN r.rank AS rank")["rank"].to_pylist()
    assert sorted(ranks) == list(range(1, STRONGEST + 1))
    chain = "MATCH (r:Run {id: $run})-[:READ]->(p:Run) RETURN p.id AS id ORDER BY id"
    assert store.query(chain, {"run": runs[2]})["id"].to_pylist() == runs[:2]
    wrote = "MATCH (r:Run)-[:WROTE]->(d:Dataset) RETURN r.id AS id"
    assert store.query(wrote)["id"].to_pylist() == [runs[0]]


@pytest.mark.parametrize(
    ("text", "mode", "symbols", "dose"),
    [
        ("knockout:STAT1", "knockout", ["STAT1"], None),
        ("knockdown:JAK2+STAT1", "knockdown", ["JAK2", "STAT1"], None),
        ("compound:nutlin@0.5", "compound", ["nutlin"], 0.5),
        ("compound:(+)-JQ1@1e-06", "compound", ["(+)-JQ1"], 1e-6),
        ("compound:a@b", "compound", ["a@b"], None),
        ("activation:HLA-A", "activation", ["HLA-A"], None),
        ("heat shock", None, [], None),
    ],
)
def test_ids_are_read(text, mode, symbols, dose):
    read = read_id(text)
    assert (read["mode"], read["symbols"], read["dose"]) == (mode, symbols, dose)


def test_an_end_that_no_run_holds_is_told(tmp_path):
    store = Store(tmp_path / "store")
    edge = {
        "dataset": "d",
        "source": "human:X",
        "target": "human:Y",
        "source_key": 0,
        "target_key": 1,
        "weight": 1.0,
        "sign": 1,
    }
    with (
        pytest.raises(GraphError, match=r"REGULATES of run .* Gene node.* such as 'human:X'"),
        store.run("infer") as run,
    ):
        run.write("regulation", rows_of("regulation", [edge]))
    assert sync.status(store.lake, store.graph)["behind"] == [run.id]


def test_a_predicted_knockout_of_an_unknown_gene_is_told(tmp_path):
    store = Store(tmp_path / "store")
    with pytest.raises(GraphError, match=r"no complete run holds a gene 'NOPE'"), store.run("predict") as run:
        gene = run.register_genes(["A"], organism="human")["gene"][0]
        effect = {
            "dataset": "d",
            "perturbation": "knockout:NOPE",
            "context": "all",
            "gene": gene,
            "delta": 1.0,
            "observed": False,
        }
        run.write("effects", rows_of("effects", [effect]))


def test_symbols_shared_by_organisms_go_to_the_predicted_data_sets_own(tmp_path):
    store = Store(tmp_path / "store")
    with store.run("ingest", datasets=["m"]) as run:
        run.register_genes(["Trp53"], organism="human")
        mouse = run.register_genes(["Trp53"], organism="mouse")["gene"][0]
        run.write(
            "datasets",
            rows_of(
                "datasets",
                [
                    {
                        "dataset": "m",
                        "organism": "mouse",
                        "n_cells": 0,
                        "n_genes": 1,
                        "expression_unit": "u",
                        "raw_state": "r",
                    }
                ],
            ),
        )
    with store.run("predict", datasets=["m"]) as run:
        effect = {
            "dataset": "m",
            "perturbation": "knockout:Trp53",
            "context": "all",
            "gene": mouse,
            "delta": 1.0,
            "observed": False,
        }
        run.write("effects", rows_of("effects", [effect]))
    found = store.query("MATCH (:Perturbation)-[:PERTURBS]->(g:Gene) RETURN g.organism AS o")
    assert found["o"].to_pylist() == ["mouse"]


def test_no_runs_make_no_parts(tmp_path):
    assert list(parts(Store(tmp_path / "store").lake, [])) == []


def test_effects_of_exactly_nothing_are_no_changes(tmp_path):
    store = Store(tmp_path / "store")
    with store.run("predict") as run:
        genes = run.register_genes(["A", "B", "C"], organism="human")["gene"]
        run.write(
            "effects",
            rows_of(
                "effects",
                [
                    {
                        "dataset": "d",
                        "perturbation": "knockout:A",
                        "context": "all",
                        "gene": gene,
                        "delta": delta,
                        "observed": False,
                    }
                    for gene, delta in zip(genes, [0.0, -0.0, -1.0], strict=True)
                ],
            ),
        )
    found = store.query("MATCH ()-[r:CHANGES]->(g:Gene) RETURN g.symbol AS s, r.delta AS d").to_pylist()
    assert found == [{"s": "C", "d": -1.0}]
