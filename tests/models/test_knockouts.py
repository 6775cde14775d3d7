"""Knock-outs from a store whose truth is known: predictions, baselines, comparisons, and what is said."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from perturbome.models import compare_with_measured, knockout, knockout_all, measure_effects, rank_targets
from perturbome.models.baselines import baseline_change
from perturbome.models.comparison import score_measured
from perturbome.models.conditions import read_conditions
from perturbome.models.network_model import GATED, PROPAGATION
from perturbome.models.wiring import wire
from perturbome.models.wording import about_interval, about_scores
from perturbome.platform import Store
from perturbome.platform.errors import ModelError, NothingFound, UnknownName
from perturbome.platform.perturbation import Perturbation


def test_a_knockout_is_predicted_written_and_compared(study):
    result = knockout(study, "reg0", n_bootstraps=20)
    assert result.perturbation == Perturbation(("REG0",))
    scores = result.scores["pearson_delta"]
    assert scores["propagation"] > 0.9 > scores["baseline"] + 0.3
    assert scores["replicate"] > 0.9
    assert result.scores["baseline_name"] == "mean of other perturbations"
    assert any("The model in delta (propagation) comes closer than the baseline" in s for s in result.said)
    assert any("not blind" in s for s in result.said)  # the toy regulation run does not say what it learned from
    table = result.table
    assert table["symbol"][0] == "REG0"
    assert (table["lower"] <= table["delta"]).all()
    assert (table["delta"] <= table["upper"]).all()
    # REG0 alone acts over two steps, which the calibration on the others cannot know: see the coverage over all.
    others = [knockout(study, f"REG{i}", n_bootstraps=5, write=False).table for i in range(1, 6)]
    inside = pl.concat(others).select(pl.col("measured").is_between(pl.col("lower"), pl.col("upper")).mean())
    assert inside.item() > 0.85
    assert result.scores["coverage"] == pytest.approx(0.9, abs=0.06)

    rows = study.lake.scan("effects", [result.run]).collect()
    assert rows.height == 60
    assert not rows["observed"].any()
    assert rows["model"].unique().to_list() == [PROPAGATION]
    merged = rows.join(table, on="gene")
    np.testing.assert_allclose(merged["delta"], merged["delta_right"], rtol=1e-5)
    run = study.lake.run(result.run)
    assert run.kind == "predict"
    assert run.metrics["pearson_delta_propagation"] == pytest.approx(scores["propagation"])
    assert run.configuration["regulation"] == run.parents[0]


def test_a_measured_perturbation_does_not_see_itself(study, shared_study):
    """Spoil the measurement of REG5: neither its prediction, its gate nor its baseline may move."""
    data = read_conditions(shared_study, "study")
    wiring = wire(shared_study, data, data.perturbations)
    row = data.ids.index("knockout:REG5")
    spoiled_first = type(data.first)(data.first.n, data.first.total.copy(), data.first.squares)
    spoiled_first.total[row] += 1000
    spoiled = type(data)(**{**data.__dict__, "first": spoiled_first})
    answers = []
    for seen in (data, spoiled):
        model = wiring.model(gated=True, n_bootstraps=5)
        model.fit(seen)
        answers.append(model.predict([data.perturbations[row]], "all"))
    for name in ("delta", "lower", "upper", "baseline"):
        np.testing.assert_array_equal(getattr(answers[0], name), getattr(answers[1], name))


def test_the_same_seed_gives_the_same_numbers(shared_study):
    one, two = (knockout(shared_study, "REG3", n_bootstraps=5, seed=2, write=False).table for _ in range(2))
    assert one.equals(two)


def test_a_double_stands_beside_the_sum_of_its_singles(shared_study):
    result = knockout(shared_study, ["REG3+REG2"], n_bootstraps=0, write=False)
    assert result.perturbation.id == "knockout:REG2+REG3"
    assert result.scores["baseline_name"] == "sum of the single effects"
    singles = [knockout(shared_study, g, n_bootstraps=0, write=False).table.sort("gene") for g in ("REG2", "REG3")]
    np.testing.assert_allclose(
        result.table.sort("gene")["baseline"], singles[0]["measured"] + singles[1]["measured"], atol=1e-9
    )


def test_an_unmeasured_perturbation_has_no_measurement(shared_study):
    result = knockout(shared_study, "REG1", mode="activation", n_bootstraps=0, write=False)
    up = result.table.filter(pl.col("symbol") == "REG1")["delta"].item()
    assert up > 0
    assert result.perturbation.id == "activation:REG1"
    nothing = knockout(shared_study, "G45", n_bootstraps=0, write=False)
    assert nothing.table["measured"].null_count() == 60
    assert "pearson_delta" not in nothing.scores


def test_strength_zero_changes_nothing(shared_study):
    result = knockout(shared_study, "REG1", mode="knockdown", strength=0.0, n_bootstraps=0, write=False)
    assert (result.table["delta"] == 0).all()


def test_a_gene_that_regulates_nothing_says_so(shared_study):
    result = knockout(shared_study, "G45", n_bootstraps=3, write=False)
    assert any("G45 regulates nothing in the inferred network" in s for s in result.said)
    assert result.table.filter(pl.col("delta") != 0)["symbol"].to_list() == ["G45"]


def test_a_gene_that_is_not_measured_enters_through_its_prior_partners(shared_study):
    result = knockout(shared_study, "LIGAND", n_bootstraps=0, write=False)
    assert any("enters through its partners in the priors (REG0)" in s for s in result.said)
    table = dict(result.table.select("symbol", "delta").iter_rows())
    assert table["REG0"] < 0
    assert table["REG1"] == pytest.approx(0.5 * table["REG0"], rel=0.1)


def test_a_gene_that_nothing_joins_to_the_data_is_refused(shared_study):
    with pytest.raises(NothingFound, match="LONELY is not measured in 'study' and no prior joins it"):
        knockout(shared_study, "LONELY", write=False)


def test_too_few_cells_to_compare_with_is_said(shared_study):
    said = knockout(shared_study, "G50", n_bootstraps=0, write=False).said
    assert any("too few cells to compare with: knockout:G50 (2 cells)" in s for s in said)


def test_gated_prediction_reports_its_gate(shared_study):
    result = knockout(shared_study, "REG4", model="gated-propagation", n_bootstraps=0, write=False)
    assert result.scores["gamma"] == pytest.approx(1.0, abs=0.15)
    assert result.scores["pearson_delta"][GATED] > 0.85


def test_every_regulator_at_once_is_each_one_alone(study):
    everything = knockout_all(study, n_bootstraps=4)
    assert everything.table.height == 8
    assert everything.table["symbol"][0] == "REG0"
    for row, perturbation in enumerate(everything.effects.perturbations):
        one = knockout(study, perturbation.label, n_bootstraps=4, write=False).table.sort("gene")
        order = np.argsort(everything.effects.genes)
        np.testing.assert_allclose(everything.effects.delta[row][order], one["delta"], atol=1e-12)
        np.testing.assert_allclose(everything.effects.lower[row][order], one["lower"], atol=1e-5)
    assert study.lake.scan("effects", [everything.run]).collect()["perturbation"].n_unique() == 8
    changed = study.query("MATCH (p:Perturbation)-[c:CHANGES]->(:Gene) WHERE c.run = $run RETURN DISTINCT p.id AS id",
                          {"run": everything.run})  # fmt: skip
    assert changed.num_rows == 8


def test_comparison_has_a_row_per_perturbation(shared_study):
    table = compare_with_measured(shared_study, "study")
    assert not table["blind"].any(), "the toy regulation run does not say what it learned from"
    assert table.height == 10
    regulators = table.filter(pl.col("perturbation").str.starts_with("knockout:REG"))
    assert (regulators["propagation"] > 0.9).all()
    assert (regulators["replicate"] > 0.9).all()
    assert table.filter(perturbation="knockout:G40")["propagation"].item() is None
    assert compare_with_measured(shared_study, "study", ["REG6"])["perturbation"].to_list() == ["knockout:REG6"]
    with pytest.raises(UnknownName, match="measured perturbation"):
        compare_with_measured(shared_study, "study", ["REG99"])


def test_scores_do_not_share_controls(shared_study):
    """A model that returns only the other half's control noise must score about zero."""
    data = read_conditions(shared_study, "study")

    class Noise:
        def predict(self, perturbations, context, half):
            return type("Effects", (), {"delta": np.tile(-data.controls.mean[half], (len(perturbations), 1))})

    found = score_measured(data, {"noise": Noise()}, [data.ids.index("knockout:G40")])
    assert abs(found["noise"][0]) < 0.35


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"genes": "REG"}, UnknownName, "Did you mean"),
        ({"genes": "REG0", "context": "four"}, UnknownName, "No context 'four'"),
        ({"genes": "REG0", "context": "three"}, NothingFound, "no control cells"),
        ({"genes": "REG0", "model": "guess"}, UnknownName, "effect model"),
        ({"genes": "REG0", "model": "no-change"}, ModelError, "is a baseline"),
        ({"genes": "REG0", "steps": 0}, ModelError, "at least 1 step"),
        ({"genes": "REG0", "damping": 2.0}, ModelError, "between 0 and 1"),
        ({"genes": "REG0", "run": "nowhere"}, UnknownName, "regulation run"),
    ],
)
def test_bad_questions_get_a_way_to_mend_them(shared_study, options, error, message):
    with pytest.raises(error, match=message):
        knockout(shared_study, **options, write=False)


def test_without_regulation_says_what_to_run(tmp_path, study):
    regulation = next(r for r in study.runs("infer"))
    study.remove(regulation.id)
    with pytest.raises(NothingFound, match="perturbome infer regulation study"):
        knockout(study, "REG0")
    with pytest.raises(NothingFound, match=r"no data set yet.*ingest experiment"):
        knockout(Store(tmp_path / "empty"), "REG0")


def test_only_what_is_imposed_on_the_target_itself_is_known(shared_study):
    table = knockout(shared_study, "LIGAND", n_bootstraps=0, write=False).table.filter(symbol="REG0")
    assert table["lower"].item() < table["delta"].item() < table["upper"].item()
    table = knockout(shared_study, "REG0", n_bootstraps=0, write=False).table.filter(symbol="REG0")
    assert table.select("lower", "upper").row(0) == (None, None)


def test_intervals_have_the_point_inside_or_an_end_that_is_null(shared_study, monkeypatch):
    """Calibrated or not: no end on the point itself, none below zero expression, and null is explained."""
    data = read_conditions(shared_study, "study")
    mean = dict(zip(data.symbols, data.control.mean[0], strict=True))
    for too_few in (False, True):
        if too_few:
            monkeypatch.setattr("perturbome.models.conformal.FEWEST", 1000)
        result = knockout(shared_study, "REG0", n_bootstraps=20, write=False)
        assert result.scores["calibrated"] != too_few
        table = result.table
        assert table.filter(pl.col("lower") >= pl.col("delta")).is_empty()
        assert table.filter(pl.col("upper") <= pl.col("delta")).is_empty()
        assert all(row["lower"] >= -mean[row["symbol"]] for row in table.drop_nulls("lower").to_dicts())
        said = " ".join(result.said)
        assert "The change of REG0 is imposed" in said
        assert ("no redrawn network reaches" in said) == too_few == ("not calibrated" in said)
        assert table["upper"].null_count() > 1 if too_few else table["upper"].null_count() == 1


def test_both_coverages_and_the_slope_are_reported(shared_study):
    result = knockout(shared_study, "REG0", n_bootstraps=5, write=False)
    assert {"coverage", "coverage_top", "coverage_changed", "magnitude", "inside_top"} <= result.scores.keys()
    assert result.scores["magnitude"] == pytest.approx(1, abs=0.3)
    said = " ".join(result.said)
    assert "of the genes measured to change" in said
    assert "largest predicted changes of each" in said
    assert "Slope of measured on predicted" not in said
    # Edges four times too weak: the sizes are too small, and that is said.
    data = read_conditions(shared_study, "study")
    wiring = wire(shared_study, data, data.perturbations)
    weak = replace(wiring, stored=replace(wiring.stored, network=replace(
        wiring.stored.network, weight=wiring.stored.network.weight / 4)))  # fmt: skip
    model = weak.model(n_bootstraps=0)
    scores = {"n_measured": 10, **model.fit(weak.data).numbers}
    assert scores["magnitude"] == pytest.approx(4, rel=0.4)
    effects = model.predict([Perturbation(("REG0",))], "all")
    assert "the predicted sizes are too small" in " ".join(about_interval(data, effects, scores, 0))


def test_a_knockout_takes_nothing_from_a_stimulation(shared_study):
    """Where nothing but a compound or an activation was measured, the baseline of a knock-out is no change."""
    data = read_conditions(shared_study, "study")
    stimulated = replace(data, perturbations=tuple(Perturbation(p.targets, "compound") for p in data.perturbations))
    names, _, change = baseline_change(stimulated, [Perturbation(("REG0",))])
    assert names == ("no change",)
    assert (change == 0).all()
    wiring = wire(shared_study, data, data.perturbations)
    model = wiring.model(n_bootstraps=0)
    assert model.fit(stimulated, mode="knockout").n_perturbations == 0
    assert not model.predict([Perturbation(("REG0",))], "all").calibrated
    one = replace(data, perturbations=(Perturbation(("REG5",), "activation"), *stimulated.perturbations[1:]))
    assert baseline_change(one, [Perturbation(("REG1",), "knockdown")])[0] == ("no change",)
    assert baseline_change(data, [Perturbation(("REG1",), "knockdown")])[0] == ("mean of other perturbations",)


def test_who_is_closer_names_the_model_and_the_better_one():
    scores = {"model": "propagation", "baseline_name": "no change", "n_cells": 9, "n_measured": 3}
    found = {"propagation": 0.7, "gated propagation": 0.8, "baseline": 0.1, "replicate": 0.5}
    said = " ".join(about_scores(None, scores | {"pearson_delta": found}))
    assert "The model in delta (propagation) comes closer than the baseline (no change): Pearson-delta 0.70" in said
    assert "gated propagation is better than it: 0.80" in said
    assert "gate lowers" not in said
    assert "Replicate: the two halves of these 9 cells" in said
    said = " ".join(about_scores(None, scores | {"pearson_delta": found | {"gated propagation": 0.2}}))
    assert "is better" not in said
    assert "set by squared error" in said
    said = " ".join(about_scores(None, scores | {"pearson_delta": found | {"propagation": None}}))
    assert "does not vary over the other genes" in said


def test_the_unit_is_that_of_the_data_set(shared_study):
    assert knockout(shared_study, "REG0", n_bootstraps=0, write=False).unit == "log1p of counts per 10,000"


@pytest.mark.parametrize(
    "verb",
    [
        lambda study: knockout(study, "REG0", n_bootstraps=2),
        lambda study: knockout_all(study, n_bootstraps=2),
        lambda study: rank_targets(study, "control", "REG3"),
        measure_effects,
    ],
)
def test_a_run_begins_when_its_work_begins(study, verb, monkeypatch):
    opened, open_run, before = [], Store.run, datetime.now(UTC)

    def watched(self, kind, **options):
        opened.append((options["started"], datetime.now(UTC)))
        return open_run(self, kind, **options)

    monkeypatch.setattr(Store, "run", watched)
    verb(study)
    [(started, entered)] = opened
    assert before <= started < entered
