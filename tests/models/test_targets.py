"""Causes ranked from a store, and groups of cells named in words."""

import pytest

from perturbome.models import models, rank_targets
from perturbome.models.registry import MODELS, find_model
from perturbome.platform.errors import InputError, MissingColumn, NothingFound, UnknownName


@pytest.mark.parametrize("model", ["inversion", "regulon", "difference"])
@pytest.mark.parametrize("label", ["REG3", "knockout:REG3", "sgREG3"])
def test_the_gene_that_was_cut_ranks_first(shared_study, model, label):
    result = rank_targets(shared_study, "control", label, model=model, write=False)
    top = result.table.row(0, named=True)
    assert (top["symbol"], top["direction"], top["rank"]) == ("REG3", "down", 1)
    assert top["q"] < 0.05
    assert (result.n_before, result.n_after) == (400, 80)


def test_a_ranking_is_written_as_contrast_and_targets(study):
    result = rank_targets(study, "control", "REG3")
    contrast = study.lake.scan("contrasts", [result.run]).collect().row(0, named=True)
    assert (contrast["contrast"], contrast["n_after"]) == ("study: control -> REG3", 80)
    targets = study.lake.scan("targets", [result.run]).collect()
    assert targets["rank"].sort().to_list() == list(range(1, 61))
    assert study.lake.run(result.run).kind == "rank"
    caused = study.query(
        "MATCH (:Contrast)-[c:CAUSED_BY]->(g:Gene) WHERE c.run = $run AND c.rank = 1 RETURN g.symbol AS symbol",
        {"run": result.run},
    )
    assert caused.to_pylist() == [{"symbol": "REG3"}]


def test_candidates_can_be_given(shared_study):
    result = rank_targets(shared_study, "control", "REG3", genes=["G10", "REG5", "REG3"], write=False)
    assert result.table["rank"].to_list() == [1, 2, 3]
    assert result.table["symbol"][0] == "REG3"


def test_groups_may_be_columns_and_conditions_together(shared_study):
    result = rank_targets(shared_study, "control & time=0", "REG2 & time=0", context="one", write=False)
    assert result.table["symbol"][0] == "REG2"
    assert rank_targets(shared_study, "time=0", "time=1", write=False).n_before > 400
    assert rank_targets(shared_study, "cell_type=one", "cell_type=two", write=False).table.height == 60


@pytest.mark.parametrize(
    ("before", "after", "error", "message"),
    [
        ("control", "control", InputError, "the same cells"),
        ("control", "time=0", InputError, "in both"),
        ("control", "REG33", UnknownName, "Did you mean 'REG3'"),
        ("control", "G50", NothingFound, "selects 2 cells"),
        ("control", "sex=f", MissingColumn, "Available: .*cell_type"),
        ("control", "cell_type=five", UnknownName, "Known: one, three, two"),
        ("control", "time=soon", InputError, "holds numbers"),
    ],
)
def test_bad_groups_get_a_way_to_mend_them(shared_study, before, after, error, message):
    with pytest.raises(error, match=message):
        rank_targets(shared_study, before, after, write=False)


def test_the_simple_statistic_needs_no_network(study):
    study.remove(next(r for r in study.runs("infer")).id)
    assert rank_targets(study, "control", "REG3", model="difference", write=False).table["symbol"][0] == "REG3"
    with pytest.raises(NothingFound, match="perturbome infer regulation"):
        rank_targets(study, "control", "REG3", write=False)


def test_every_record_says_what_it_is():
    for model in models():
        assert model.meaning
        assert model.paper
        assert set(model.needs) <= {"regulation", "measured perturbations"}
    assert {m.name for m in models("target")} == {"inversion", "regulon", "difference"}
    assert any(m.baseline for m in models("effect"))
    assert find_model("gated-propagation", "effect") is MODELS["gated propagation"]
    with pytest.raises(UnknownName, match="target model"):
        find_model("propagation", "target")
