"""The screen that compares two networks: what a link shows, what it says, and that errors are sentences."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from perturbome.ingest.comparison.compare import compare_networks
from perturbome.ingest.regulation.infer import infer_regulation
from perturbome.platform.store import Store

Opens = Callable[..., AppTest]
Said = Callable[[AppTest], str]


@pytest.fixture(scope="module")
def two(small: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The small store with a second network, by cell type and from fewer regulators."""
    folder = tmp_path_factory.mktemp("compare") / "store"
    shutil.copytree(small.path, folder)
    store = Store(folder)
    regulators = store.lake.run(small.runs("infer")[0].id).configuration["regulators"]
    infer_regulation(store, "small", regulators=regulators[1:], n_bootstraps=0, min_cells=20)
    return store


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_the_newest_two_networks_are_compared_where_nothing_was_chosen(two: Store, opens: Opens, said: Said) -> None:
    app = opens(two, "compare")
    before, after = (run.id for run in two.runs("infer"))
    assert (app.query_params["before"], app.query_params["after"]) == (before, after)
    found = compare_networks(two, before, after, pooled=True)
    numbers = found.groups[0].numbers
    shown = metrics(app)
    assert shown["Gained"] == f"{numbers.gained:,}"
    assert shown["Lost"] == f"{numbers.lost:,}"
    assert app.dataframe[0].value.shape[0] == found.edges.height
    assert app.dataframe[0].value["target_symbol"].tolist() == found.edges["target_symbol"].to_list()
    assert app.dataframe[1].value["source_symbol"].tolist() == found.regulators["source_symbol"].to_list()
    assert "candidate regulators differ" in said(app)
    assert numbers.only_possible_before
    assert f"{numbers.only_possible_before:,} edge" in said(app)


def test_a_link_holds(two: Store, opens: Opens) -> None:
    before, after = (run.id for run in two.runs("infer"))
    gene = compare_networks(two, before, after, pooled=True).regulators["source_symbol"][0]
    app = opens(two, "compare", before=after, after=before, gene=gene, edges="20", kept="no")
    assert app.query_params["before"] == after
    found = compare_networks(two, after, before, pooled=True)
    assert metrics(app)["Gained"] == f"{found.groups[0].numbers.gained:,}"
    table = app.dataframe[0].value
    assert ((table["source_symbol"] == gene) | (table["target_symbol"] == gene)).all()
    assert app.query_params["edges"] == "20"
    assert app.toggle(key="kept").value is False


def test_one_network_is_compared_with_itself_at_another_time(small: Store, opens: Opens) -> None:
    run = small.runs("infer")[0].id
    times = small.lake.scan("regulation").collect()["time"].unique().sort().to_list()
    app = opens(small, "compare")
    assert (app.query_params["before_time"], app.query_params["after_time"]) == (f"{times[0]:g}", f"{times[-1]:g}")
    found = compare_networks(small, run, run, time=(times[0], times[-1]))
    assert metrics(app)["Gained"] == f"{found.groups[0].numbers.gained:,}"


def test_the_same_network_on_both_sides_is_told(small: Store, opens: Opens) -> None:
    time = opens(small, "compare").query_params["after_time"]
    app = opens(small, "compare", before_time=time, after_time=time)
    assert any("same network" in info.value for info in app.info)
    assert metrics(app)["Gained"] == "0"


def test_another_network_without_the_cell_type_chosen_takes_every_one(two: Store, opens: Opens) -> None:
    together, by_type = (run.id for run in two.runs("infer"))
    kind = two.lake.scan("regulation", [by_type]).collect()["cell_type"].unique().sort()[0]
    app = opens(two, "compare", before=by_type, after=by_type, before_cell_type=kind)
    assert app.selectbox(key="before_cell_type").value == kind
    app.selectbox(key="before").set_value(together).run()
    assert not app.exception
    assert not app.error
    assert app.query_params["before"] == together


def test_a_gene_that_is_not_there_is_a_sentence(two: Store, opens: Opens) -> None:
    (error,) = opens(two, "compare", gene="NOSUCHGENE").error
    assert "No gene" in error.value


def test_a_link_to_something_unknown_is_told_so(two: Store, opens: Opens) -> None:
    app = opens(two, "compare", before="2020-no-such-run")
    assert "2020-no-such-run" in app.warning[0].value


def test_an_empty_store_says_which_command_to_run(tmp_path: Path, opens: Opens, said: Said) -> None:
    app = opens(tmp_path / "nothing", "compare")
    assert "perturbome ingest experiment" in said(app)
    assert not app.error
