"""Snapshots are published whole or not at all."""

import json
import multiprocessing
import os
import signal

import pytest

from perturbome.platform.errors import GraphError, StoreBusy, StoreTooNew
from perturbome.platform.graph.snapshots import Published, Snapshots
from perturbome.platform.schema.tables import SCHEMA_VERSION


@pytest.fixture
def snapshots(tmp_path):
    return Snapshots(tmp_path)


def publish(snapshots, text, runs=("r1",)):
    path = snapshots.new_snapshot()
    path.write_text(text)
    snapshots.publish(path, runs, {"Gene": 1}, "0")
    return path


def test_nothing_is_published_at_first_and_reading_makes_nothing(snapshots, tmp_path):
    assert snapshots.published() is None
    assert list(tmp_path.iterdir()) == []


def test_what_is_published_is_read_back_by_another_reader(snapshots, tmp_path):
    path = publish(snapshots, "one", ("r1", "r2"))
    said = Snapshots(tmp_path).published()
    assert (said.runs, said.counts, said.current) == (("r1", "r2"), {"Gene": 1}, True)
    assert snapshots.path(said) == path


def test_a_reader_notices_the_next_one(snapshots, tmp_path):
    publish(snapshots, "one")
    reader = Snapshots(tmp_path)
    assert reader.path(reader.published()).read_text() == "one"
    publish(snapshots, "two")
    assert reader.path(reader.published()).read_text() == "two"


def test_one_superseded_snapshot_is_kept_and_older_ones_go(snapshots, tmp_path):
    paths = [publish(snapshots, str(number)) for number in range(4)]
    assert sorted(tmp_path.glob("snapshot-*")) == sorted(paths[-2:])


def test_a_sweep_takes_leftovers_and_nothing_else(snapshots, tmp_path):
    kept = publish(snapshots, "one")
    stranger = tmp_path / "notes.txt"
    stranger.write_text("mine")
    snapshots.new_snapshot().write_text("torn")
    (tmp_path / f"{snapshots.new_snapshot().name}.wal").write_text("torn")
    (tmp_path / "staging-1").mkdir()
    (tmp_path / "published.json.ab12").write_text("{")
    snapshots.sweep()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([kept.name, "notes.txt", "published.json"])


def test_a_staging_folder_goes_even_after_an_error_and_its_name_fits_a_copy(tmp_path):
    snapshots = Snapshots(tmp_path / "it's [a] *store{1}")
    snapshots.folder.mkdir()
    with pytest.raises(KeyError), snapshots.staging() as folder:
        (folder / "x").write_text("x")
        assert not set(str(folder)) & set("'[]*{}")
        raise KeyError
    assert list(snapshots.folder.iterdir()) == []


def test_a_damaged_pointer_says_how_to_mend_it(snapshots):
    publish(snapshots, "one")
    snapshots.pointer.write_text('{"snapshot": ')
    with pytest.raises(GraphError, match="graph rebuild"):
        Snapshots(snapshots.folder).published()


def test_a_pointer_of_a_later_version_is_told(snapshots):
    publish(snapshots, "one")
    said = json.loads(snapshots.pointer.read_text()) | {"schema_version": SCHEMA_VERSION + 1, "novelty": 1}
    snapshots.pointer.write_text(json.dumps(said))
    with pytest.raises(StoreTooNew, match="newer perturbome"):
        Snapshots(snapshots.folder).published()


def test_a_snapshot_of_another_schema_is_not_current():
    assert not Published("s", (), {}, schema="other").current


def hold(folder, ready):
    with Snapshots(folder).lock("holding it"):
        ready.set()
        signal.pause()


def test_a_second_writer_hears_who_is_writing_and_the_lock_dies_with_its_holder(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=hold, args=(tmp_path, ready))
    holder.start()
    try:
        assert ready.wait(60)
        with (
            pytest.raises(StoreBusy, match=rf"process {holder.pid} \(holding it, since"),
            Snapshots(tmp_path).lock("second", wait=0.05),
        ):
            pass
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.join()
    with Snapshots(tmp_path).lock("third", wait=1):
        pass
