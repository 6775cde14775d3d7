"""A model's folder: complete or absent, checked when read, never a pickle."""

import json

import numpy as np
import pytest

from perturbome.models.training import model_folder
from perturbome.models.training.model_folder import read_model, sweep_models, write_model
from perturbome.platform.errors import StoreError, StoreTooNew

ARRAYS = {"a": np.arange(6.0).reshape(2, 3).T, "empty": np.zeros((0, 3)), "bits": np.array([np.nan, -0.0, 1e-310])}


@pytest.fixture
def folder(tmp_path):
    write_model(tmp_path / "run1", {"model": "x", "seed": 3}, {"genes": ["α", "b"]}, ARRAYS)
    return tmp_path / "run1"


def test_what_is_read_is_what_was_written_to_the_bit(folder):
    found = read_model(folder)
    assert (found.configuration["model"], found.configuration["seed"]) == ("x", 3)
    assert found.names == {"genes": ["α", "b"]}
    assert found.arrays.keys() == ARRAYS.keys()
    for name, a in ARRAYS.items():
        assert found.arrays[name].tobytes() == np.ascontiguousarray(a).tobytes()
        assert found.arrays[name].shape == a.shape
    assert {p.name for p in folder.iterdir()} == {"config.json", "names.json", "state.safetensors"}


def test_a_crash_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def crash(path):
        raise OSError("no space left")

    monkeypatch.setattr(model_folder, "_to_disk", crash)
    with pytest.raises(OSError, match="no space"):
        write_model(tmp_path / "run1", {}, {}, ARRAYS)
    assert list(tmp_path.iterdir()) == []


def test_damage_is_told(folder, tmp_path):
    with pytest.raises(StoreError, match="is not there"):
        read_model(tmp_path / "absent")
    (folder / "names.json").write_text('{"genes": ["b", "a"]}')
    with pytest.raises(StoreError, match=r"names.json in .* changed after"):
        read_model(folder)
    (folder / "names.json").unlink()
    with pytest.raises(StoreError, match="damaged"):
        read_model(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        read_model(folder)
    (folder / "config.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(StoreTooNew, match="form 99"):
        read_model(folder)


def test_the_sweep_takes_what_belongs_to_no_run(folder, tmp_path):
    for name in ("run2.abc.part", "run3", "unfinished"):
        (tmp_path / name).mkdir()
    assert sweep_models(tmp_path, {"run1"}) == ["run2.abc.part", "run3"]
    assert {p.name for p in tmp_path.iterdir()} == {"run1", "unfinished"}
