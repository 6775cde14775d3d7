"""Asking a trained model: the table, what answered, what is stored, and questions it cannot take."""

import numpy as np
import polars as pl
import pytest

from perturbome.models import predict, train
from perturbome.models.training.kept import load_model
from perturbome.platform.errors import InputError, NothingFound, StoreError, UnknownName

from .conftest import tiny

KNOWN = ["knockout:A", "knockout:B", "knockout:C", "knockout:A+B", "activation:D"]


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A store with two trained models: B8 with everything, and B3."""
    store = tiny(tmp_path_factory.mktemp("predict") / "tiny", KNOWN)
    [additive] = train(store, "linear-additive", settings=["model.penalty=0"])
    [singles] = train(store, "sum-of-single-effects")
    return store, additive.run, singles.run


def test_the_table_is_the_models_answer_largest_change_first(asked):
    store, run, _ = asked
    found = predict(store, run, "A", write=False)
    model = load_model(store, run)
    row = model.data.names.index("knockout:A::all")
    expected = dict(zip(model.data.genes, model.predictor.predict([model.data.conditions[row]]).delta[0], strict=True))
    assert dict(found.table.select("gene", "delta").iter_rows()) == expected
    assert found.table["delta"].abs().is_sorted(descending=True)
    assert found.table.columns == [
        "perturbation", "context", "gene", "symbol", "delta", "lower", "upper", "baseline",
    ]  # fmt: skip
    assert found.how == {"knockout:A::all": "linear additive"}
    assert found.table["baseline"].null_count() == 0
    assert found.table["lower"].null_count() == found.table.height
    assert any("gives no interval; 'gated linear additive'" in s for s in found.said)


def test_the_baseline_of_a_pair_is_the_sum_of_its_singles(asked):
    store, run, _ = asked
    found = predict(store, run, ["B", "A"], write=False)
    table = load_model(store, run).data.training
    single = {c.perturbation.label: d for c, d in zip(table.conditions, table.delta, strict=True)}
    beside = found.table.sort("gene")["baseline"].to_numpy()
    order = np.argsort(table.genes)
    assert np.allclose(beside, (single["A"] + single["B"])[order])
    assert found.baseline_how == {"knockout:A+B::all": "sum of single effects"}


def test_a_prediction_is_a_run_whose_parent_is_the_training(asked):
    store, run, _ = asked
    found = predict(store, run, each=["A", "A+C", "A"])
    stored = store.lake.run(found.run)
    assert (stored.kind, stored.parents, stored.datasets) == ("predict", [run], ["tiny"])
    assert stored.configuration["perturbations"] == ["knockout:A", "knockout:A+C"]
    assert stored.metrics["how"] == found.how
    rows = store.lake.scan("effects", [found.run]).collect()
    assert set(rows["perturbation"]) == {"knockout:A", "knockout:A+C"}
    assert set(rows["model"]) == {"linear additive"}
    assert not rows["observed"].any()
    joined = rows.join(found.table, on=["perturbation", "context", "gene"])
    assert joined.height == found.table.height
    assert joined.select((pl.col("delta") - pl.col("delta_right")).abs().max()).item() < 1e-6
    answer = store.query("MATCH (:Perturbation {id: 'knockout:A+C'})-[c:CHANGES]->(:Gene) RETURN count(*) AS n")
    assert answer.to_pylist()[0]["n"] > 0


def test_what_falls_back_is_said_and_the_newest_model_is_asked_by_default(asked):
    store, _, newest = asked
    found = predict(store, None, ["A", "C", "D"], write=False)
    assert found.trained == newest
    [how] = found.how.values()
    assert "as a single effect was not measured" in how
    assert any("conditions were answered by" in s for s in found.said)


def test_the_mode_is_that_of_most_training_conditions_unless_told(asked):
    store, run, _ = asked
    told = predict(store, run, "D", write=False)
    assert list(told.how) == ["knockout:D::all"]
    assert any("as most training conditions are (4; also 1 activation)" in s for s in told.said)
    assert list(predict(store, run, "D", mode="activation", dose=2.0, write=False).how) == ["activation:D@2::all"]


def test_genes_by_other_names_and_genes_nobody_knows(asked):
    store, run, _ = asked
    gene = store.find_gene("A")["gene"]
    by_id = predict(store, run, gene, write=False)
    assert list(by_id.how) == ["knockout:A::all"]
    with store.run("ingest", name="more genes") as more:
        more.register_genes(["ELSEWHERE"], organism="human")
    stranger = predict(store, run, "ELSEWHERE", write=False)
    assert any("ELSEWHERE is in none of the model's lists" in s for s in stranger.said)
    assert "no target was perturbed in training" in stranger.how["knockout:ELSEWHERE::all"]
    with pytest.raises(UnknownName, match=r"No gene 'NOWHERE' in the lists of the model 'linear additive'"):
        predict(store, run, "NOWHERE")


def test_bad_questions(asked, tmp_path):
    store, run, _ = asked
    with pytest.raises(UnknownName, match=r"No train run 'abc'.*linear additive on tiny"):
        predict(store, "abc", "A")
    with pytest.raises(
        InputError, match=rf"begins the ids of 2 train runs: {run} \(linear .*; .* \(sum of .*more of the id"
    ):
        predict(store, run[:4], "A")
    ingest = store.runs("ingest")[0].id
    with pytest.raises(UnknownName, match="It is a run of kind ingest, complete"):
        predict(store, ingest, "A")
    with pytest.raises(UnknownName, match="context"):
        predict(store, run, "A", context="B cells")
    with pytest.raises(InputError, match="Known: knockout, knockdown"):
        predict(store, run, "A", mode="knock")
    for genes, each in ((None, None), ("A", ["B"]), ("+", None), (None, ["A", ""])):
        with pytest.raises(InputError):
            predict(store, run, genes, each=each)
    empty = tiny(tmp_path / "empty", KNOWN)
    with pytest.raises(NothingFound, match="no trained model yet"):
        predict(empty, None, "A")


def test_a_model_whose_folder_is_gone(tmp_path):
    store = tiny(tmp_path / "tiny", KNOWN)
    [one] = train(store, "no-change")
    (one.folder / "state.safetensors").write_bytes(b"something else")
    with pytest.raises(StoreError, match=r"state\.safetensors in .* changed"):
        predict(store, one.run, "A")
