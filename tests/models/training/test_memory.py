"""Memory of fits: what is finished is found, here or from the folder; what is closed is never learned again."""

import numpy as np
import pytest

from perturbome.models.training.memory import Memory, read_progress, write_progress
from perturbome.platform.errors import StoreError

WEIGHTS = {"a/b": np.arange(3.0), "n": np.array([1, 2], dtype=np.int32)}


def test_what_was_kept_is_found_by_another_process(tmp_path):
    one = Memory(folder=tmp_path / "unfinished")
    assert one.find("key") is None
    write_progress(one.progress("key"), WEIGHTS, {"curve": []})
    one.keep("key", WEIGHTS, {"passes": 3})
    assert not one.progress("key").exists()
    weights, facts = Memory(folder=tmp_path / "unfinished").find("key")
    assert facts == {"passes": 3}
    assert all(weights[k].tobytes() == WEIGHTS[k].tobytes() and weights[k].dtype == WEIGHTS[k].dtype for k in WEIGHTS)


def test_arrays_go_and_come_and_are_then_closed():
    one = Memory()
    one.keep("key1", WEIGHTS, {})
    one.keep("key2", {"n": np.zeros(0)}, {})
    two = Memory.of_arrays(one.arrays())
    assert set(two.finished) == {"key1", "key2"}
    assert np.array_equal(two.find("key1")[0]["a/b"], WEIGHTS["a/b"])
    with pytest.raises(StoreError, match="do not belong"):
        two.find("key3")
    assert one.progress("key1") is None


def test_other_processes_of_one_training_write_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    one = Memory(folder=tmp_path / "unfinished")
    one.keep("key", WEIGHTS, {})
    assert one.find("key") is not None
    assert not (tmp_path / "unfinished").exists()


def test_a_note_is_whole_or_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "note.safetensors"
    write_progress(path, WEIGHTS, {"pass": 1})
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space"):
        write_progress(path, {"n": np.ones(9)}, {"pass": 2})
    monkeypatch.undo()
    assert read_progress(path)[1] == {"pass": 1}
    assert [p.name for p in path.parent.iterdir()] == ["note.safetensors"]


def test_what_is_left_is_told_in_words(tmp_path):
    one = Memory(folder=tmp_path / "unfinished")
    assert Memory().left() is None
    assert one.left() is None
    write_progress(one.progress("key1"), WEIGHTS, {"curve": [{"pass": 1.0}]})
    assert one.left() == "1 pass of a fit"
    one.keep("key1", WEIGHTS, {})
    assert one.left() == "1 whole fit"
    one.keep("key2", WEIGHTS, {})
    write_progress(one.progress("key3"), WEIGHTS, {"curve": [{}] * 7})
    assert one.left() == "2 whole fits and 7 passes of a fit"
