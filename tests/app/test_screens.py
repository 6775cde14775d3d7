"""Every screen on a small real store: what a link shows, what it says, and that errors are sentences."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from perturbome.platform.graph import sync
from perturbome.platform.store import Store

Opens = Callable[..., AppTest]
Said = Callable[[AppTest], str]


@pytest.fixture
def regulator(small: Store) -> str:
    """A knocked-out gene with targets in the network."""
    done = set(small.lake.scan("perturbations").select(pl.col("targets").list.first()).collect()["targets"])
    edges = small.lake.scan("regulation").filter(pl.col("source") != pl.col("target")).collect()
    sources = edges.group_by("source").len().sort("len", "source", descending=[True, False])["source"]
    gene = next(source for source in sources if source in done)
    return str(small.find_gene(gene)["symbol"])


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_the_overview_counts_what_is_in_the_store(small: Store, opens: Opens, said: Said) -> None:
    app = opens(small)
    shown = metrics(app)
    assert shown["Cells"] == "400"
    assert shown["Genes"] == f"{small.genes().height:,}"
    assert shown["Regulatory edges"] == f"{small.lake.scan('regulation').collect().height:,}"
    assert shown["Runs"] == "3"
    assert "embedded" in said(app)


@pytest.mark.parametrize("screen", [None, "gene", "knockout", "targets", "runs"])
def test_an_empty_store_says_which_command_to_run(screen: str | None, tmp_path: Path, opens: Opens, said: Said) -> None:
    app = opens(tmp_path / "nothing", screen)
    assert "perturbome ingest experiment" in said(app)
    assert not app.error


@pytest.mark.parametrize("screen", [None, "gene", "runs"])
def test_what_is_no_store_is_a_sentence(screen: str | None, tmp_path: Path, opens: Opens) -> None:
    (tmp_path / "holiday.jpg").touch()
    (error,) = opens(tmp_path, screen).error
    assert "holds something else than a perturbome store" in error.value


def test_a_gene_shows_its_regulators_and_targets(small: Store, opens: Opens, said: Said, regulator: str) -> None:
    app = opens(small, "gene", gene=regulator)
    assert app.title[0].value == regulator
    above, below = (small.ask(name, gene=regulator, limit=2000) for name in ("regulators_of", "targets_of"))
    assert [table.value.shape[0] for table in app.dataframe[:2]] == [above.num_rows, below.num_rows]
    assert app.dataframe[1].value["symbol"].tolist() == below["symbol"].to_pylist()
    assert "MATCH (g:Gene {id: $gene})" in said(app)  # the Cypher that was asked
    assert f"perturbome query targets_of -p gene={regulator}" in said(app)


def test_the_filters_of_a_link_hold(small: Store, opens: Opens, regulator: str) -> None:
    times = small.lake.scan("regulation").select(pl.col("time").drop_nulls().unique().sort()).collect()["time"]
    assert len(times) > 1
    app = opens(small, "gene", gene=regulator, time=f"{times[-1]:g}", edges="20", priors="yes", between="yes")
    below = small.ask("targets_of", gene=regulator, time=times[-1], limit=2000)
    assert app.dataframe[1].value.shape[0] == below.num_rows
    assert app.query_params["edges"] == "20"
    assert app.query_params["priors"] == "yes"
    assert app.query_params["time"] == f"{times[-1]:g}"


def test_what_is_chosen_goes_into_the_url(small: Store, opens: Opens, regulator: str) -> None:
    app = opens(small, "gene")
    app.selectbox(key="gene").set_value(regulator).run()
    assert app.title[0].value == regulator
    assert app.query_params["gene"] == regulator
    app.query_params["gene"] = small.genes()["symbol"][0]  # a link followed in the same session, or the back button
    app.run()
    assert app.title[0].value == small.genes()["symbol"][0]
    assert app.selectbox(key="gene").value == small.genes()["symbol"][0]


def test_without_a_gene_some_are_offered(small: Store, opens: Opens) -> None:
    app = opens(small, "gene")
    offered = app.button[0].label
    app.button[0].click().run()
    assert app.title[0].value == offered


def test_a_gene_that_is_not_there_gets_the_nearest_names(small: Store, opens: Opens, regulator: str) -> None:
    (error,) = opens(small, "gene", gene=regulator + "X").error
    assert "No gene" in error.value
    assert regulator in error.value


def test_the_first_letters_of_a_gene_offer_those_that_begin_so(
    small: Store, opens: Opens, said: Said, regulator: str
) -> None:
    start = regulator[:-1].lower()
    beginning = sorted(symbol for symbol in small.genes()["symbol"] if symbol.lower().startswith(start))
    app = opens(small, "gene", gene=start)
    assert not app.error
    assert f"begin with '{start}'" in said(app)
    offered = [button for button in app.button if (button.key or "").startswith("begins-")]
    assert sorted(button.label for button in offered) == beginning
    assert regulator in beginning


def test_more_genes_than_can_be_offered_are_told(small: Store, opens: Opens, said: Said) -> None:
    app = opens(small, "gene", gene="human:")
    assert not app.error
    assert len([button for button in app.button if (button.key or "").startswith("begins-")]) == 24
    assert "These are 24 of them; type more letters" in said(app)


def test_a_link_to_something_unknown_is_told_so(small: Store, opens: Opens, regulator: str) -> None:
    app = opens(small, "gene", gene=regulator, network="2020-no-such-run")
    assert "2020-no-such-run" in app.warning[0].value
    assert app.query_params["network"] == small.runs("infer")[0].id


def test_a_measured_knockout_is_judged_against_its_baseline(
    small: Store, opens: Opens, said: Said, regulator: str
) -> None:
    app = opens(small, "knockout", genes=regulator)
    shown = metrics(app)
    model, baseline = (next(value for label, value in shown.items() if label.startswith(w)) for w in ("Model", "Base"))
    closer = model != "–" and (baseline == "–" or float(model) > float(baseline))
    if model != baseline:  # equal to the two digits shown: either sentence is right
        assert bool(app.success) == closer
    assert shown["90 % interval"] in ("calibrated", "not calibrated")
    assert {"delta", "lower", "upper", "baseline", "measured"} <= set(app.dataframe[0].value.columns)
    assert f"{regulator} itself" in said(app)
    assert len(app.get("plotly_chart")) == 1


def test_a_knockout_nobody_measured_says_so(small: Store, opens: Opens) -> None:
    done = small.lake.scan("perturbations").select(pl.col("targets").list.explode()).collect()["targets"]
    network = small.lake.scan("regulation").filter(~pl.col("source").is_in(done.to_list())).collect()
    gene = small.find_gene(network["source"][0])["symbol"]
    app = opens(small, "knockout", genes=gene)
    assert "Nobody measured this perturbation here" in app.info[0].value
    assert not app.metric


def test_two_genes_and_another_mode_come_from_the_url(small: Store, opens: Opens, regulator: str) -> None:
    other = next(s for s in small.genes()["symbol"] if s != regulator)
    app = opens(small, "knockout", genes=[regulator, other], mode="activation")
    assert not app.error
    assert app.multiselect(key="genes").value == [regulator, other]
    assert app.selectbox(key="mode").value == "activation"


def test_a_knockout_of_an_unknown_gene_is_a_sentence(small: Store, opens: Opens) -> None:
    (error,) = opens(small, "knockout", genes="NOSUCHGENE").error
    assert "No gene" in error.value


def test_targets_show_where_the_true_one_stands(small: Store, opens: Opens, regulator: str) -> None:
    app = opens(small, "targets", before="control", after=regulator)
    shown = metrics(app)
    table = app.dataframe[0].value
    rank = int(table.loc[table["symbol"] == regulator, "rank"].iloc[0])
    assert shown[f"Rank of the true target, {regulator}"] == f"{rank} of {len(table)}"
    assert shown["Best candidate"] == table["symbol"].iloc[0]
    assert "Its q-value" in shown


def test_targets_of_a_change_in_time_have_no_true_one(small: Store, opens: Opens) -> None:
    app = opens(small, "targets", before="control & time=0", after="control & time=48")
    assert not app.error
    assert not any("true target" in label for label in metrics(app))


def test_groups_that_do_not_exist_are_a_sentence(small: Store, opens: Opens) -> None:
    (error,) = opens(small, "targets", before="control", after="NOSUCHGENE").error
    assert "No group of cells" in error.value


def test_runs_are_listed_newest_first_and_one_is_shown(small: Store, opens: Opens, said: Said) -> None:
    runs = small.runs()
    app = opens(small, "runs")
    assert app.dataframe[0].value["run"].tolist() == [run.id for run in reversed(runs)]
    app = opens(small, "runs", run=runs[0].id)
    assert runs[0].id in said(app)
    values = [value for table in app.dataframe[1:] for value in table.value["value"].tolist()]
    assert next(iter(runs[0].inputs.values())) in values  # the hash of the input
    assert metrics(app)["Kind"] == "ingest"


def test_runs_of_one_kind(small: Store, opens: Opens) -> None:
    app = opens(small, "runs", kind="infer")
    assert set(app.dataframe[0].value["kind"]) == {"infer"}


def test_a_failed_run_is_shown_with_its_reason_when_asked_for(tmp_path: Path, opens: Opens) -> None:
    store = Store(tmp_path / "store")
    with store.run("ingest", name="well") as well:
        well.metrics["cells"] = 1
    with pytest.raises(ValueError, match="too bad"), store.run("infer", name="ill") as ill:
        raise ValueError("too bad")
    assert opens(store, "runs").dataframe[0].value["run"].tolist() == [well.id]
    app = opens(store, "runs", failed="yes", run=ill.id)
    assert app.dataframe[0].value["run"].tolist() == [ill.id, well.id]
    assert "too bad" in app.error[0].value


def test_a_store_with_priors_alone_says_what_is_missing(tmp_path: Path, small: Store, opens: Opens, said: Said) -> None:
    from perturbome.ingest.priors.add import add_prior

    store = Store(tmp_path / "store")
    add_prior(store, small.path.parent / "truth.tsv", organism="human")
    assert "No experiment is in this store yet" in said(opens(store))


def test_read_only_offers_no_writing(small: Store, opens: Opens, regulator: str) -> None:
    app = opens(small, "knockout", genes=regulator)
    assert not [button for button in app.button if button.key == "keep"]


def test_a_prediction_can_be_kept_as_a_run(
    tmp_path: Path, small: Store, opens: Opens, regulator: str, monkeypatch
) -> None:
    import shutil

    shutil.copytree(small.path, tmp_path / "copy")
    app = opens(tmp_path / "copy", "knockout", genes=regulator)
    monkeypatch.setenv("PERTURBOME_APP_READ_ONLY", "")
    app.run()
    app.button(key="keep").click().run()
    assert not app.exception
    assert [run.kind for run in Store(tmp_path / "copy").runs()][-1] == "predict"
    assert any("Kept as" in success.value for success in app.success)


@pytest.mark.neo4j
def test_a_graph_server_answers_the_same_screen(
    small: Store, opens: Opens, said: Said, regulator: str, neo4j_server, neo4j_store, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = opens(small, "gene", gene=regulator)
    sync.rebuild(small.lake, neo4j_store)
    monkeypatch.setenv("PERTURBOME_GRAPH", neo4j_server.address)
    monkeypatch.setenv("PERTURBOME_NEO4J_USER", neo4j_server.user)
    monkeypatch.setenv("PERTURBOME_NEO4J_PASSWORD", neo4j_server.password)
    server = opens(small, "gene", gene=regulator)
    for one, other in zip(embedded.dataframe[:2], server.dataframe[:2], strict=True):
        assert one.value["symbol"].tolist() == other.value["symbol"].tolist()
        assert one.value["weight"].tolist() == pytest.approx(other.value["weight"].tolist())
    assert "neo4j engine" in said(opens(small))


def test_an_unreachable_graph_server_is_a_sentence(
    small: Store, opens: Opens, regulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERTURBOME_GRAPH", "bolt://localhost:1")
    monkeypatch.setenv("PERTURBOME_NEO4J_PASSWORD", "no matter")
    (error,) = opens(small, "gene", gene=regulator).error
    assert "bolt://localhost:1" in error.value
