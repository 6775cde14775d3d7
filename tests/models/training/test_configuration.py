"""One resolved configuration: defaults, preset, flags, settings; presets as files of ours and of anyone."""

import json

import pytest

from perturbome.models.predictors.registry import PREDICTORS
from perturbome.models.training.configuration import resolve
from perturbome.models.training.making import make, options_of
from perturbome.models.training.preset_files import presets, read_preset
from perturbome.platform.errors import InputError, UnknownName, UnreadableFile


def test_defaults_are_the_predictors_own():
    assert resolve("linear additive").options["penalty"] == 0.1
    assert resolve("bilinear ridge, tuned").options["penalty"] is None
    assert resolve("bilinear ridge across contexts").options["embedding"] == "other contexts"
    assert resolve("copied shift").options["way"] == "copy"


@pytest.mark.parametrize("name", PREDICTORS)
def test_every_predictor_is_made_of_its_resolved_options(name):
    configuration = resolve(name)
    assert make(configuration.model, configuration.options).name == PREDICTORS[name].factory().name
    assert json.loads(json.dumps(configuration.stored())) == configuration.stored()


def test_options_reach_the_predictor():
    configuration = resolve("linear-additive", texts=["model.penalty=2"])
    assert make(configuration.model, configuration.options).penalty == 2.0
    assert options_of("linear additive")["penalty"].default == 0.1


def test_a_gated_name_takes_the_options_of_what_is_inside():
    configuration = resolve("gated-linear-additive", texts=["model.penalty=2"])
    assert configuration.model == "gated linear additive"
    assert configuration.options["penalty"] == 2.0
    assert make(configuration.model, configuration.options).name.startswith("gated linear additive")


def test_the_hash_changes_with_what_decides_numbers_only(tmp_path):
    path = tmp_path / "same.toml"
    path.write_text('[preset]\nmodel = "linear additive"\n[model]\npenalty = 0.1\n')
    plain, same = resolve("linear additive"), resolve(None, preset=read_preset(str(path)))
    assert same.preset == "same"
    assert plain.hash == same.hash
    assert plain.hash != resolve("linear additive", texts=["model.penalty=2"]).hash
    assert plain.hash != resolve("linear additive", texts=["data.n_genes=7"]).hash
    assert plain.hash != resolve("linear additive", seed=1).hash


def test_preset_then_flags_then_settings(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"model": {"penalty": 3}, "data": {"n_genes": 100, "min_cells": 4}}))
    found = resolve(
        "linear additive", preset=read_preset(str(path)), flags={"data": {"n_genes": 50}}, texts=["model.penalty=4"]
    )
    assert (found.options["penalty"], found.data.n_genes, found.data.min_cells) == (4.0, 50, 4)


def test_our_own_presets_fit_their_models():
    for name in presets():
        preset = read_preset(name)
        assert preset.meaning
        assert preset.source
        assert resolve(None, preset=preset).preset == name


def test_bad_presets(tmp_path):
    with pytest.raises(UnknownName, match="latent-additive-norman"):
        read_preset("latent-additiv-norman")
    with pytest.raises(UnreadableFile, match=r"absent\.toml"):
        read_preset(str(tmp_path / "absent.toml"))
    path = tmp_path / "bad.toml"
    for text, error, said in (
        ("penalty = ", UnreadableFile, "cannot be read"),
        ("penalty = 3", InputError, "tables of settings"),
        ("[preset]\nfor = 'x'", InputError, "knows model, meaning and source"),
    ):
        path.write_text(text)
        with pytest.raises(error, match=said):
            read_preset(str(path))
    path.write_text('[preset]\nmodel = "prior kernel"\n')
    with pytest.raises(InputError, match="is for 'prior kernel'"):
        resolve("linear additive", preset=read_preset(str(path)))
    path.write_text("[model]\npenalti = 1\n")
    with pytest.raises(InputError, match=r"bad.toml.* Did you mean 'model.penalty'"):
        resolve("linear additive", preset=read_preset(str(path)))


def test_a_model_must_be_named_and_known():
    with pytest.raises(InputError, match="No model is named"):
        resolve(None)
    with pytest.raises(UnknownName, match="prior kernel"):
        resolve("prior-kernal")
    with pytest.raises(UnknownName, match="prior kernel"):
        resolve("gated prior-kernal")


@pytest.mark.parametrize(
    "text", ["data.n_genes=-5", "data.min_cells=0", "features.loadings=-3", "features.least_score=-3"]
)
def test_numbers_that_make_no_sense_are_refused(text):
    with pytest.raises(InputError, match=text.split("=", maxsplit=1)[0].replace(".", r"\.")):
        resolve("no change", texts=[text])
