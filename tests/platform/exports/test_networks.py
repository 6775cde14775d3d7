"""Networks out and back: each format is read by the library that made it known, or parsed."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from perturbome.ingest.priors.formats import read_prior
from perturbome.platform.exports.write import export
from perturbome.platform.store import Store

from .conftest import ENSEMBL

STAT1, IRF1, MYC = ENSEMBL


def test_graphml_is_read_by_networkx(store: Store, tmp_path: Path) -> None:
    networkx = pytest.importorskip("networkx")
    written = export(store, "regulation", tmp_path / "net.graphml")
    graph = networkx.read_graphml(written.path)
    assert written.rows == graph.number_of_edges() == 4
    assert graph.is_directed()
    assert graph.nodes[STAT1]["symbol"] == "STAT1"
    weights = sorted((s, t, round(d["weight"], 4), d["sign"]) for s, t, d in graph.edges(data=True))
    expected = [(STAT1, IRF1, 0.9, 1), (STAT1, IRF1, 0.7, 1), (STAT1, MYC, -0.5, -1), (MYC, MYC, 0.2, 1)]
    assert weights == sorted(expected)
    stabilities = [d.get("stability") for _, _, d in graph.edges(data=True)]
    assert stabilities.count(None) == 1  # a null is left out, never written as a number


def test_graphml_of_associations_is_undirected(store: Store, tmp_path: Path) -> None:
    networkx = pytest.importorskip("networkx")
    graph = networkx.read_graphml(export(store, "priors", tmp_path / "ppi.graphml", prior="ppi").path)
    assert not graph.is_directed()
    assert graph.edges[IRF1, MYC]["evidence"] == 'PMID 1 <&"> '  # XML has no room for control characters


def test_graphml_of_both_kinds_says_which(store: Store, tmp_path: Path) -> None:
    networkx = pytest.importorskip("networkx")
    graph = networkx.read_graphml(export(store, "priors", tmp_path / "priors.graphml").path)
    assert graph.is_directed()
    assert {d["prior"]: d["directed"] for _, _, d in graph.edges(data=True)} == {"toy": True, "ppi": False}


def test_sif(store: Store, tmp_path: Path) -> None:
    written = export(store, "regulation", tmp_path / "net.sif")
    lines = {tuple(line.split("\t")) for line in written.path.read_text().splitlines()}
    assert lines == {("STAT1", "activates", "IRF1"), ("STAT1", "represses", "MYC"), ("MYC", "activates", "MYC")}
    assert written.rows == 3
    prior = export(store, "priors", tmp_path / "ppi.sif", prior="ppi").path
    assert prior.read_text() == "IRF1\tinteracts\tMYC\n"


def test_cytoscape_json(store: Store, tmp_path: Path) -> None:
    elements = json.loads(export(store, "regulation", tmp_path / "net.cyjs").path.read_text())["elements"]
    nodes = {n["data"]["id"]: n["data"]["name"] for n in elements["nodes"]}
    assert nodes == {STAT1: "STAT1", IRF1: "IRF1", MYC: "MYC"}
    ids = [e["data"]["id"] for e in elements["edges"]]
    assert len(ids) == len(set(ids)) == 4
    assert all(e["data"]["source"] in nodes and e["data"]["target"] in nodes for e in elements["edges"])
    assert {e["data"]["interaction"] for e in elements["edges"]} == {"activates", "represses"}


def test_adjacencies_are_read_by_our_own_prior_reader(store: Store, tmp_path: Path) -> None:
    written = export(store, "regulation", tmp_path / "net.csv", format="adjacencies")
    chosen, _, parsed = read_prior(written.path)
    assert chosen.name == "adjacencies"
    named = parsed.named().sort("score", descending=True)
    assert list(zip(named["source"], named["target"], strict=True)) == [
        ("STAT1", "IRF1"),
        ("STAT1", "MYC"),
        ("MYC", "MYC"),
    ]
    assert written.path.read_text().splitlines()[:2] == ["TF,target,importance", "STAT1,IRF1,0.9"]


@pytest.mark.parametrize("ending", ["adj.tsv", "adj.csv"])
def test_adjacencies_by_ending(store: Store, tmp_path: Path, ending: str) -> None:
    written = export(store, "regulation", tmp_path / f"net.{ending}")
    assert written.format == "adjacencies"
    assert read_prior(written.path)[2].rows.height == 3


def test_symbols_of_two_genes_become_ids(store: Store, tmp_path: Path) -> None:
    """Human and mouse may share a symbol: a name must mean one gene."""
    with store.run("ingest", name="prior other", configuration={"prior": "other"}) as run:
        genes = run.register_genes(["STAT1", "IRF1"], organism="mouse")
        edge = {"prior": "other", "source": genes["gene"][0], "target": genes["gene"][1], "directed": True}
        keys = {"source_key": genes["key"][0], "target_key": genes["key"][1], "sign": 0, "score": 1.0}
        run.write("priors", pl.DataFrame([edge | keys]))
    names = {line.split("\t")[0] for line in export(store, "priors", tmp_path / "p.sif").path.read_text().splitlines()}
    assert names == {STAT1, IRF1, "mouse:STAT1"}
