"""The referee's table: every cell is what judging by hand gives, nothing is run twice, and a refusal stops nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy import sparse

from perturbome.models.bench import bench as module
from perturbome.models.bench.bench import FOLDER, bench, stored
from perturbome.models.bench.plan import CEILING, Cell, default_models, is_baseline
from perturbome.models.bench.report import report_remarks
from perturbome.models.data.build import perturbation_data
from perturbome.models.data.control_halves import PREDICTION
from perturbome.models.data.split_choice import choose_splits
from perturbome.models.data.splits import Split
from perturbome.models.predictors.features import Features, GeneGraph
from perturbome.models.predictors.features_from_store import features_from_store
from perturbome.models.predictors.registry import make_predictor
from perturbome.models.referee.cell_scores import energy_distance
from perturbome.models.referee.judging import judge
from perturbome.models.referee.shifted_cells import shifted_cells
from perturbome.platform.errors import InputError, ModelError, UnknownName
from perturbome.platform.interruption import LOST, interrupted

MODELS = ("no change", "perturbed mean", "bilinear ridge")


@pytest.fixture(scope="module")
def found(store):
    return bench(store, "toy", models=MODELS, split="4-fold", seeds=2)


def test_every_cell_is_what_judging_by_hand_gives(store, found):
    data = perturbation_data(store, "toy", min_cells=10, seed=1)
    for split in choose_splits(data.conditions, "4-fold", seeds=[1]):
        shown = data.with_split(split)
        for model in MODELS:
            predictor = make_predictor(model)
            predictor.fit(shown.hidden(), features_from_store(store, shown), 1)
            by_hand = judge(shown, predictor.predict(shown.test.conditions))
            mine = found.scores.filter(model=model, seed=1, split=split.name).select("condition", "metric", "value")
            assert_frame_equal(mine, by_hand)


def test_models_know_what_training_lets_them_know_how_genes_go_along_in_control_cells(store):
    one = bench(store, "toy", models=["prior kernel"], split="4-fold")
    fitted = [outcome for cell, outcome in one.cells if cell.model == "prior kernel"]
    assert all(any("control loadings" in name for name in outcome.numbers) for outcome in fitted)


def test_every_condition_is_tested_once_a_seed_and_the_ceiling_stands_beside(found):
    one = found.scores.filter(metric="RMSE")
    assert one.group_by("model", "seed", "condition").len()["len"].unique().to_list() == [1]
    assert set(one["model"]) == {*MODELS, CEILING}
    assert one["condition"].n_unique() == found.n_conditions == 8
    means = dict(one.group_by("model").agg(pl.col("value").mean()).iter_rows())
    assert means[CEILING] < min(means[model] for model in MODELS)


def test_the_run_holds_the_scores_and_what_was_said(store, found):
    kept = store.lake.scan("scores", [found.run]).collect()
    assert kept.height == found.scores.height
    assert set(kept["dataset"]) == {"toy"}
    order = ["model", "split", "seed", "condition", "metric"]
    assert_frame_equal(
        kept.select(*order, "value").sort(order), found.scores.with_columns(pl.col("value").fill_nan(None)).sort(order)
    )
    run = store.lake.run(found.run)
    assert run.kind == "benchmark"
    assert len(run.metrics["cells"]) == 2 * 4 * (len(MODELS) + 1)
    assert not (store.path / FOLDER).exists()


def test_interrupted_it_goes_on_and_gives_the_same(store, monkeypatch):
    asked = {"models": MODELS[:2], "split": "4-fold", "seeds": 1, "min_cells": 11}
    ran = []
    run_cell = module.run_cell
    monkeypatch.setattr(module, "run_cell", lambda cell, *a, **k: ran.append(cell.name) or run_cell(cell, *a, **k))

    def stop(cell, outcome):
        if len(ran) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench(store, "toy", **asked, told=stop)
    assert (
        interrupted() == "Interrupted. 5 finished fits are kept: the same command goes on with those that are missing."
    )
    n_runs = len(store.lake.runs("benchmark"))
    heard = []
    again = bench(store, "toy", **asked, told=lambda cell, outcome: heard.append(outcome.taken))
    assert len(ran) == len(set(ran)) == 12
    assert heard == [True] * 5 + [False] * 7
    said = "5 of 12 fits were taken from before an interruption; their seconds and memory are of then."
    assert said in report_remarks(again)
    assert said in report_remarks(stored(store, again.run))
    assert len(store.lake.runs("benchmark")) == n_runs + 1
    whole = bench(store, "toy", **asked)
    assert_frame_equal(whole.scores, again.scores)
    assert not any("interruption" in sentence for sentence in report_remarks(whole))


def test_interrupted_before_any_fit_nothing_is_kept(store, monkeypatch):
    def stop(*asked, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run_cell", stop)
    with pytest.raises(KeyboardInterrupt):
        bench(store, "toy", models=["no change"], split="4-fold")
    assert interrupted() == f"Interrupted. {LOST}"


def test_what_is_known_of_genes_is_read_once_for_each_seed_of_controls(store, monkeypatch):
    """The same as read for every split: without regulation runs no split changes it."""
    data = perturbation_data(store, "toy", min_cells=10, cells=True)
    hashes = {features_from_store(store, data.with_split(s)).hash for s in choose_splits(data.conditions, "4-fold")}
    read = []

    def reading(*asked, **more):
        read.append(features_from_store(*asked, **more))
        return read[-1]

    monkeypatch.setattr(module, "features_from_store", reading)
    found = bench(store, "toy", models=["no change"], split="4-fold", seeds=2, cells=True)
    assert len(read) == 2
    assert hashes == {read[0].hash} != {read[1].hash}
    assert {cell.features_hash for cell, _ in found.cells if cell.seed == 0} == hashes


def test_a_model_that_refuses_leaves_a_reason_and_the_rest_goes_on(store, monkeypatch):
    made = module.make_predictor

    class Refuses:
        name = "no change"

        def fit(self, data, features=None, seed=0):
            raise ModelError("Too few conditions for this one.")

    from perturbome.models.bench import run

    monkeypatch.setattr(run, "make_predictor", lambda name: Refuses() if name == "no change" else made(name))
    found = bench(store, "toy", models=MODELS[:2], split="4-fold", n_genes=39)
    failed = [outcome for cell, outcome in found.cells if cell.model == "no change"]
    assert [o.failed for o in failed] == ["Too few conditions for this one."] * 4
    assert set(found.scores["model"]) == {"perturbed mean", CEILING}


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"models": ["perturbed maen"]}, UnknownName, "perturbed mean"),
        ({"split": "none"}, InputError, "something held out"),
        ({"split": "unseen-contexts"}, InputError, "one context"),
        ({"seeds": 0}, InputError, "one seed or more"),
        ({"min_cells": 10_000}, Exception, "10000|10,000"),
    ],
)
def test_what_cannot_be_judged_is_told_before_any_work(store, asked, error, words):
    with pytest.raises(error, match=words):
        bench(store, "toy", **{"models": MODELS, **asked})
    assert not (store.path / FOLDER).exists()


def test_by_default_it_runs_every_baseline_that_has_what_it_needs(store):
    data = perturbation_data(store, "toy", min_cells=10)
    split = choose_splits(data.conditions, "4-fold")[0]
    shown = data.with_split(split)
    names = default_models(shown.hidden(), features_from_store(store, shown))
    assert {"no change", "perturbed mean", "bilinear ridge", "linear additive", "prior kernel"} < set(names)
    assert not {"mean shift", "sum of single effects", "feature kernel ridge"} & set(names)
    assert [n for n in names if not is_baseline(n)] == ["prior kernel", "gated prior kernel"]


def test_with_shuffled_labels_nothing_is_right_but_by_chance_and_gates_are_closed(store):
    """Pearson-delta is 0 within three standard errors, and what is behind a gate says no more than its baseline."""
    models = ["perturbed mean", "bilinear ridge", "gated bilinear ridge"]
    found = bench(store, "toy", models=models, split="4-fold", seeds=3, shuffle=True)
    for model in models[:2]:
        each = found.scores.filter(model=model, metric="Pearson-delta")["value"].drop_nans().to_numpy()
        assert abs(each.mean()) < 3 * each.std(ddof=1) / np.sqrt(len(each))
    gated = [outcome for cell, outcome in found.cells if cell.model == models[2]]
    closed = [all(v == 0 for name, v in o.numbers.items() if name.startswith("gamma")) for o in gated]
    assert np.mean(closed) >= 0.9


def test_what_decides_the_result_decides_the_name_of_what_is_kept(store):
    data = perturbation_data(store, "toy", min_cells=10)
    split = choose_splits(data.conditions, "4-fold")[0]
    cell = Cell("no change", split, 0, data.hash, "{}", "features")
    others = (
        replace(cell, split=Split(split.name, "given", split.train, (), split.test)), replace(cell, seed=1),
        replace(cell, features_hash="other"), replace(cell, data_hash="other"), replace(cell, model="perturbed mean"),
    )  # fmt: skip
    assert len({cell.key, *(other.key for other in others)}) == 6
    known = GeneGraph(("A", "B"), sparse.csr_matrix([[0.0, 1.0], [1.0, 0.0]]))
    hashes = {Features().hash, Features(networks={"n": known}).hash, Features(networks={"m": known}).hash}
    assert len(hashes) == 3
    assert Features(networks={"n": known}).hash in hashes


def test_where_the_published_scorer_refuses_its_absence_is_said(store, monkeypatch):
    from perturbome.models.referee import cell_eval

    def refuses(*asked, **more):
        raise ModelError("cell-eval2 refused these cells.")

    monkeypatch.setattr(cell_eval, "cell_eval_scores", refuses)
    found = bench(store, "toy", models=["no change"], split="4-fold", published=True)
    said = [o.said for c, o in found.cells if c.model == "no change"]
    assert all("cell-eval2 gave no metrics: cell-eval2 refused these cells." in s for s in said)
    assert found.scores.filter(model="no change").height


def test_conditions_with_too_few_cells_are_named(store):
    sizes = perturbation_data(store, "toy", min_cells=1)
    fewest = int(sizes.treated.n.min())
    gone = [name for name, n in zip(sizes.names, sizes.treated.n, strict=True) if n == fewest]
    said = perturbation_data(store, "toy", min_cells=fewest + 1).said
    assert any("fewer cells than asked for" in s and gone[0] in s for s in said)


def test_cells_are_compared_where_that_is_asked_for(store):
    """The energy distance of shifted control cells by hand; without the option it is not there."""
    asked = {"models": ["no change", "perturbed mean"], "split": "4-fold"}
    found = bench(store, "toy", **asked, cells=True)
    data = perturbation_data(store, "toy", min_cells=10, cells=True)
    shown = data.with_split(choose_splits(data.conditions, "4-fold")[0])
    name = shown.test.names[0]
    row = int(data.rows([name])[0])
    control = data.cells.expression[data.cells.control_rows(0, PREDICTION)].toarray()
    drawn = shifted_cells(control, np.zeros(len(data.genes)), int(data.treated.n[row]), np.random.default_rng((0, row)))
    genes = [j for j in range(len(data.genes)) if j not in data.targets[row]]
    measured = data.cells.expression[data.cells.rows(row)].toarray().astype(float)
    expected = energy_distance(drawn[:, genes], measured[:, genes])
    mine = found.scores.filter(model="no change", condition=name, metric="energy distance")["value"].item()
    assert mine == pytest.approx(expected)
    assert {"MMD", "SD misfit"} < set(found.scores["metric"])
    assert "energy distance" not in set(bench(store, "toy", **asked).scores["metric"])
