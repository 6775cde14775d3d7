"""A store written by an earlier version opens in this one, whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from perturbome.ingest import add_prior
from perturbome.platform import Store
from perturbome.platform.schema import TABLES

GOLDEN = sorted(Path(__file__).parent.glob("store-v*"))


@pytest.fixture(params=GOLDEN, ids=lambda path: path.name)
def store(request, tmp_path):
    shutil.copytree(request.param, tmp_path / "store")
    with Store(tmp_path / "store") as store:
        yield store


def test_there_is_a_golden_store():
    assert GOLDEN


def test_every_row_a_run_promised_is_read(store):
    runs = store.runs()
    assert {run.kind for run in runs} >= {"ingest", "infer", "predict", "rank"}
    for table in TABLES:
        if table != "runs":
            promised = sum(run.metrics.get(f"{table}_rows", 0) for run in runs)
            rows = store.lake.scan(table).collect()
            assert rows.height == promised, table
            assert rows.columns == TABLES[table].names
    assert store.lake.scan("cells").collect().height == 120
    assert store.expression("golden").shape == (120, 20)


def test_the_graph_is_made_from_it_and_answers(store):
    assert store.query("MATCH (c:Cell) RETURN count(*) AS n")["n"].to_pylist() == [120]
    edges = store.query("MATCH (:Gene)-[r:REGULATES]->(:Gene) RETURN count(*) AS n")["n"].to_pylist()
    assert edges == [store.lake.scan("regulation").collect().height]
    assert store.ask("list_datasets").num_rows == 1


def test_todays_version_writes_to_it(store, tmp_path):
    prior = tmp_path / "edges.csv"
    symbols = store.genes()["symbol"].to_list()
    prior.write_text(f"Gene1,Gene2\n{symbols[0]},{symbols[1]}\n{symbols[0]},NEW1\n")
    before = store.genes().height
    add_prior(store, prior, name="more", organism="human")
    assert store.genes().height == before + 1
