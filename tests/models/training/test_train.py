"""Training from the store: what is kept answers as what was fitted, bit by bit; leaks and bad input are refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from perturbome.models import train
from perturbome.models.data import Split
from perturbome.models.data.audit import LeakFound
from perturbome.models.data.build import list_conditions, perturbation_data
from perturbome.models.data.split_choice import choose_splits
from perturbome.models.predictors.features import GeneMatrix
from perturbome.models.predictors.features_from_store import features_from_store
from perturbome.models.predictors.registry import PREDICTORS
from perturbome.models.training import train as module
from perturbome.models.training.kept import find_train_run, load_folder, load_model, save_folder
from perturbome.models.training.making import make
from perturbome.models.training.memory import Memory
from perturbome.platform.errors import InputError, ModelError, NothingFound, UnknownName
from perturbome.platform.interruption import interrupted

from .conftest import tiny

HERE = ("one", "two")


@pytest.fixture(scope="module")
def cut(shared_study):
    """What `train` cuts, step by step, with prior knowledge so that every predictor has something to say."""
    conditions = list_conditions(shared_study, "study", contexts=HERE, min_cells=2)
    [split] = choose_splits(conditions, "unseen-single")
    data = perturbation_data(shared_study, "study", split, contexts=HERE, min_cells=2, cells=True)
    features = features_from_store(shared_study, data)
    rng = np.random.default_rng(0)
    text = GeneMatrix(data.symbols, sparse.csr_matrix(rng.normal(size=(len(data.symbols), 6))))
    return data, replace(features, embeddings={**features.embeddings, "text": text})


@pytest.mark.parametrize("name", [*PREDICTORS, "gated prior kernel"])
def test_a_loaded_model_answers_as_the_fitted_one_to_the_bit(name, cut, tmp_path):
    data, features = cut
    memory = Memory()
    predictor = make(name, {}, memory)
    fit = predictor.fit(data.hidden(), features, 3)
    settings = {"model": name, "options": {}, "seed": 3, "split": data.split.configuration()}
    save_folder(tmp_path / "run", settings, data.hidden(), features, memory, fit)
    model = load_folder(tmp_path / "run")
    asked = data.test.conditions
    told, found = predictor.predict(asked), model.predictor.predict(asked)
    assert np.isfinite(found.delta).all()
    for array in ("delta", "variance", "lower", "upper", "baseline", "gate"):
        one, two = getattr(told, array), getattr(found, array)
        assert (one is None) == (two is None)
        assert one is None or one.tobytes() == two.tobytes()
    assert told.how == found.how


def test_what_train_keeps_is_what_the_steps_make(study):
    [one] = train(study, "linear-additive", split="unseen-single", contexts=HERE, min_cells=2)
    data = perturbation_data(study, "study", one.split, contexts=HERE, min_cells=2)
    predictor = PREDICTORS["linear additive"].factory()
    predictor.fit(data.hidden())
    model = load_model(study, one.run)
    asked = data.test.conditions
    assert model.predictor.predict(asked).delta.tobytes() == predictor.predict(asked).delta.tobytes()
    assert one.configuration["data_hash"] == data.hash


def test_a_run_holds_everything_resolved(study, tmp_path):
    preset = tmp_path / "mine.toml"
    preset.write_text('[preset]\nmodel = "linear additive"\n[model]\npenalty = 3\n[data]\nn_genes = 20\n')
    [one] = train(
        study, preset=str(preset), split="unseen-single", contexts=HERE, min_cells=2, seed=4,
        settings=["features.loadings=0"],
    )  # fmt: skip
    run = study.lake.run(one.run)
    assert (run.kind, run.status, run.datasets) == ("train", "complete", ["study"])
    stored = json.loads((one.folder / "config.json").read_text())
    assert run.configuration["options"]["penalty"] == stored["options"]["penalty"] == 3.0
    assert run.configuration["data"]["n_genes"] == 20
    assert stored["features"] == {"regulation_runs": [], "least_score": 0.4, "loadings": 0}
    assert stored["split"]["hash"] == one.split.hash == run.configuration["split"]["hash"]
    assert Split.from_configuration(stored["split"]) == one.split
    assert stored["seed"] == one.split.seed == 4
    assert stored["data_hash"]
    assert stored["code_version"] == run.code_version
    assert stored["run"] == one.run
    assert run.metrics["n_train"] == len(one.split.train)
    assert run.metrics["fit: penalty"] == 3.0
    assert run.metrics["fit_seconds"] >= 0
    assert run.parents == [r.id for r in study.runs("ingest")][:1]
    assert [p.suffix for p in sorted(one.folder.iterdir())] == [".json", ".json", ".safetensors"]


def test_the_test_side_is_judged_beside_the_baseline(study):
    [one] = train(study, "no-change", split="unseen-single", contexts=HERE, min_cells=2)
    data = perturbation_data(study, "study", one.split, contexts=HERE, min_cells=2)
    start = np.array([data.control(c.context) for c in data.test.conditions])
    square = np.where(data.test.own(), np.nan, (start - data.test.mean) ** 2)
    metrics = study.lake.run(one.run).metrics
    assert metrics["test: RMSE"] == pytest.approx(np.sqrt(np.nanmean(square, axis=1)).mean(), rel=1e-9)
    assert metrics["test, baseline: RMSE"] != metrics["test: RMSE"]
    assert "test: Pearson-delta" not in metrics  # of no change at all it is not defined
    assert all(np.isfinite(v) for k, v in metrics.items() if k.startswith("test"))


def test_a_training_goes_on_where_it_was_interrupted(study, monkeypatch):
    pytest.importorskip("lightning")
    from perturbome.models.training import passes

    options = {"contexts": HERE, "min_cells": 2, "settings": ["model.passes=8", "model.width=8"], "seed": 2}
    monkeypatch.setattr(passes, "SAVE_EVERY", 0.0)
    note, notes = passes._note, []

    def breaking(*given):
        note(*given)
        notes.append(given)
        if len(notes) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(passes, "_note", breaking)
        with pytest.raises(KeyboardInterrupt):
            train(study, "latent-additive", **options)
    assert study.runs("train") == []
    kept = "Kept of the model that was being fitted: 3 passes of a fit. The same command goes on from there."
    assert interrupted() == f"Interrupted. {kept}"
    [one] = train(study, "latent-additive", **options)
    assert one.said[0] == "Taken from an earlier training that was interrupted: 3 passes of a fit."
    assert any("It went on from pass 3" in s for s in one.said)
    assert [row["pass"] for row in one.fit.curve] == [float(i) for i in range(1, 9)]
    [fresh] = train(study, "latent-additive", **options)
    assert not any("It went on" in s or "earlier training" in s for s in fresh.said)
    assert fresh.fit.curve == one.fit.curve
    first, second = (load_model(study, r.run) for r in (one, fresh))
    asked = first.data.conditions
    assert first.predictor.predict(asked).delta.tobytes() == second.predictor.predict(asked).delta.tobytes()


def test_several_models_and_splits_give_a_run_each(study):
    trained = train(study, ["no-change", "perturbed mean"], split="2-fold", contexts=HERE, min_cells=2)
    assert len(trained) == len({one.run for one in trained}) == 4
    assert {(one.model, one.split.name) for one in trained} == {
        (m, f"fold {i} of 2") for m in ("no change", "perturbed mean") for i in (1, 2)
    }


def test_without_a_split_everything_trains(study):
    [one] = train(study, "perturbed-mean", contexts=HERE, min_cells=2)
    model = load_model(study, one.run)
    assert len(model.data.training) == len(list_conditions(study, "study", contexts=HERE, min_cells=2))
    assert one.metrics["n_test"] == 0
    assert model.data.training.n_control.sum() > 0


def test_a_crash_between_folder_and_listing_leaves_no_run_and_is_swept(study, monkeypatch):
    def crash(models, runs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "sweep_models", crash)
        with pytest.raises(KeyboardInterrupt):
            train(study, "no-change", contexts=HERE, min_cells=2)
    assert study.runs("train") == []
    assert len(list((study.path / "models").iterdir())) == 1
    with pytest.raises(NothingFound, match="no trained model yet"):
        load_model(study)
    [one] = train(study, "no-change", contexts=HERE, min_cells=2)
    assert [p.name for p in (study.path / "models").iterdir()] == [one.run]


def test_removed_runs_lose_their_folders_with_the_next_training(study):
    [first] = train(study, "no-change", contexts=HERE, min_cells=2)
    study.remove(first.run)
    with pytest.raises(NothingFound):
        find_train_run(study, first.run)
    train(study, "no-change", contexts=HERE, min_cells=2)
    assert not first.folder.exists()


def test_a_leak_stops_the_training(study, monkeypatch):
    conditions = list_conditions(study, "study", contexts=HERE, min_cells=2)
    names = [c.name for c in conditions]
    test = [n for n in names if n.startswith("knockout:REG3::one")]
    leaky = Split("leaky", "unseen single", tuple(n for n in names if n not in test), (), tuple(test))
    with pytest.raises(LeakFound, match="same targets"):
        train(study, "no-change", split=leaky, contexts=HERE, min_cells=2)
    assert study.runs("train") == []


def test_bad_input_is_told_before_anything_is_written(study):
    def refused(error, said, *names, **options):
        with pytest.raises(error, match=said):
            train(study, *names, **{"contexts": HERE, "min_cells": 2, **options})

    refused(UnknownName, "Did you mean 'prior kernel'", "prior-kernle")
    refused(UnknownName, "Did you mean 'study'", "no-change", dataset="studie")
    refused(UnknownName, "context", "no-change", contexts=["four"])
    refused(NothingFound, "too few control cells", "no-change", contexts=["three"])
    refused(NothingFound, "Leave them out by naming the others: --context", "no-change", contexts=None)
    refused(InputError, "A split is one of", "no-change", split="unseen-signle")
    refused(InputError, "none of them has a dose", "no-change", split="unseen-dose")
    refused(InputError, "named twice", ["no-change", "no change"])
    refused(InputError, "No model is named")
    refused(UnknownName, "features", "feature-kernel-ridge", settings=["features.loadings=0"])
    refused(ModelError, "penalty of 0 or more", "linear-additive", settings=["model.penalty=-1"])
    refused(NothingFound, "Ask for fewer cells, --min-cells, or for other contexts", "no-change", min_cells=10_000)
    assert study.runs("train") == []


def test_one_condition_trains_without_a_split_and_not_with_one(tmp_path):
    store = tiny(tmp_path / "tiny", ["knockout:A"])
    with pytest.raises(InputError, match="only one condition"):
        train(store, "no-change", split="unseen-single")
    [one] = train(store, "perturbed-mean")
    model = load_model(store, one.run)
    found = model.predictor.predict(model.data.conditions)
    assert np.allclose(found.delta[0], model.data.training.delta[0])
    with pytest.raises(ModelError, match="needs 4 to 2000 training conditions; there are 1"):
        train(store, "prior-kernel")


def test_doubles_without_their_singles_are_answered_and_said(tmp_path):
    store = tiny(tmp_path / "tiny", ["knockout:A", "knockout:B", "knockout:A+B", "knockout:A+D"])
    [one] = train(store, "sum-of-single-effects")
    assert any("1 of 2 combinations lack a single of theirs: knockout:A+D" in s for s in one.said)
    model = load_model(store, one.run)
    found = model.predictor.predict([c for c in model.data.conditions if len(c.targets) == 2])
    assert found.how[0] == "sum of single effects"
    assert "as a single effect was not measured" in found.how[1]
