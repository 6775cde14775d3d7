"""From a laptop to a server and back: the same questions, the same rows, the same graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from perturbome.ingest import add_experiment, add_prior, infer_regulation, infer_transitions, simulate
from perturbome.models import knockout, measure_effects, rank_targets
from perturbome.platform import Store
from perturbome.platform.graph.catalogue import catalogue
from perturbome.platform.graph.embedded import EmbeddedStore
from perturbome.platform.schema import NODES, RELATIONSHIPS

pytestmark = [pytest.mark.neo4j, pytest.mark.slow]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    experiment = simulate(n_cells=400, n_genes=60, n_knockouts=5, seed=4)
    experiment.write(folder / "study.h5ad")
    with Store(folder / "store") as store:
        add_experiment(store, folder / "study.h5ad", dataset="study", organism="human")
        add_prior(store, folder / "study.network.csv", name="truth", organism="human")
        infer_regulation(store, "study", n_bootstraps=5)
        infer_regulation(store, "study", n_bootstraps=5, by_cell_type=False, time_bins=1)
        infer_transitions(store, "study")
        measure_effects(store, "study")
        knockout(store, [experiment.knockouts[0]], dataset="study", n_bootstraps=5)
        rank_targets(store, "control", experiment.knockouts[0], dataset="study")
    return folder / "store", experiment


def questions(store: Store, genes: list[str]) -> dict[str, dict[str, object]]:
    """Parameters for every query of the catalogue: what must be given, and what makes the answer worth comparing."""
    before, after = [run for run in store.runs("infer") if store.lake.has("regulation", [run.id])]
    given = {
        "gene": genes[0],
        "regulator": genes[0],
        "other": genes[1],
        "target": store.ask("targets_of", gene=genes[0])["symbol"][0].as_py(),
        "text": "TF",
        "contrast": store.lake.scan("contrasts").collect()["contrast"][0],
        "perturbation": store.lake.scan("effects").collect()["perturbation"][0],
        "before_run": before.id,
        "after_run": after.id,
    }
    asked = {}
    for query in catalogue().values():
        wanted = [p.name for p in query.parameters if p.required or p.name in ("before_run", "after_run")]
        asked[query.name] = {name: given[name] for name in wanted}
    return asked


def whole(store) -> dict[str, list[dict[str, object]]]:
    """Every node and relationship of a graph."""
    found = {label: store.query(f"MATCH (n:{label}) RETURN n AS n ORDER BY n.{node.key}", row_limit=None).to_pylist()
             for label, node in NODES.items()}  # fmt: skip
    for name, relationship in RELATIONSHIPS.items():
        for link in relationship.links:
            s, t = NODES[link.source].key, NODES[link.target].key
            rows = store.query(
                f"MATCH (a:{link.source})-[r:{name}]->(b:{link.target}) RETURN a.{s} AS a, b.{t} AS b, r AS r",
                row_limit=None, time_limit=120,
            ).to_pylist()  # fmt: skip
            found[f"{name} {link}"] = sorted(rows, key=str)
    return found


def test_every_question_has_the_same_answer_on_both_engines(study, neo4j_server, neo4j_store, monkeypatch):
    folder, experiment = study
    monkeypatch.setenv("PERTURBOME_NEO4J_PASSWORD", neo4j_server.password)
    with Store(folder) as laptop, Store(folder, graph=neo4j_server.address) as server:
        server.rebuild()
        answered = 0
        for name, parameters in questions(laptop, experiment.knockouts).items():
            here, there = laptop.ask(name, **parameters), server.ask(name, **parameters)
            assert here.column_names == there.column_names, name
            assert here.to_pylist() == there.to_pylist(), name
            answered += bool(here.num_rows)
        assert answered >= len(catalogue()) - 1, "the questions are about something"


def test_a_copy_to_the_server_and_back_is_equal(study, neo4j_server, neo4j_store, monkeypatch, tmp_path):
    from typer.testing import CliRunner

    from perturbome.platform.cli import build

    folder, _ = study
    monkeypatch.setenv("PERTURBOME_NEO4J_PASSWORD", neo4j_server.password)

    def run(*arguments: object) -> None:
        done = CliRunner().invoke(build(), [str(a) for a in arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output

    run("graph", "copy", "--to", neo4j_server.address, "--store", folder)
    monkeypatch.setenv("PERTURBOME_GRAPH", neo4j_server.address)
    run("graph", "copy", "--to", tmp_path / "back", "--store", folder)
    monkeypatch.delenv("PERTURBOME_GRAPH")
    back = EmbeddedStore(Path(tmp_path / "back"), read_only=True)
    with Store(folder) as laptop:
        original = whole(laptop.graph)
        assert sum(map(len, original.values())) > 1000
        assert whole(neo4j_store) == original
        assert whole(back) == original
    back.close()
