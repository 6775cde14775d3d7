"""A run's rows become visible all at once, or never."""

from __future__ import annotations

import errno

import polars as pl
import pyarrow as pa
import pytest

from perturbome.platform.errors import DiskFull, StoreError, UnknownName
from perturbome.platform.lake import Lake, RunWriter
from perturbome.platform.lake import writing as writing_module
from perturbome.platform.lake.writing import remove_run, sweep


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def edges(n: int, weight: float = 1.0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "dataset": ["d"] * n,
            "time": [float(i) for i in range(n)],
            "source": [f"human:G{i}" for i in range(n)],
            "target": ["human:T"] * n,
            "source_key": list(range(n)),
            "target_key": [999] * n,
            "weight": [weight] * n,
            "sign": [1] * n,
        }
    )


def write(lake: Lake, n: int, **kwargs) -> str:
    with RunWriter(lake, "infer", **kwargs) as run:
        run.write("regulation", edges(n))
    return run.id


def test_a_complete_run_is_read_back_as_it_was_written(lake):
    run = write(lake, 5, name="five edges", configuration={"lambda": 0.5}, parents=["p"], datasets=["d"])
    rows = lake.scan("regulation").collect()
    assert rows.select("source", "time", "weight").equals(
        edges(5).select("source", pl.col("time").cast(pl.Float32), pl.col("weight").cast(pl.Float32))
    )
    assert rows["run"].unique().to_list() == [run]
    assert rows["p"].null_count() == 5, "a nullable column that was not given is null"
    [found] = lake.runs()
    assert (found.kind, found.name, found.configuration) == ("infer", "five edges", {"lambda": 0.5})
    assert (found.parents, found.datasets, found.metrics) == (["p"], ["d"], {"regulation_rows": 5})
    assert found.finished >= found.started


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
def test_an_exception_discards_every_row_and_goes_on(lake, error):
    with pytest.raises(type(error)), RunWriter(lake, "infer") as run:
        run.write("regulation", edges(3))
        raise error
    assert not lake.has("regulation")
    assert lake.scan("regulation").collect().is_empty()
    assert not list((lake.folder / "regulation").glob("run=*"))
    assert [r.status for r in lake.all_runs()] == ["failed"]


def test_rows_are_invisible_until_the_run_is_complete(lake):
    first = write(lake, 2)
    with RunWriter(lake, "infer") as run:
        run.write("regulation", edges(3))
        assert lake.scan("regulation").collect()["run"].unique().to_list() == [first]
    assert lake.scan("regulation").collect().height == 5


def test_a_run_that_was_never_finished_is_swept_by_the_next_one(lake):
    dead = RunWriter(lake, "infer")
    dead.__enter__()
    dead.write("regulation", edges(3))
    write(lake, 2)
    assert lake.scan("regulation").collect().height == 2
    assert not (lake.folder / "regulation" / f"run={dead.id}").exists()
    assert {r.id: r.status for r in lake.all_runs()}[dead.id] == "failed"
    assert sweep(lake) == []


def test_a_failure_inside_the_stream_of_batches_leaves_nothing(lake):
    def batches():
        yield from edges(10).to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()
        raise ValueError("cell 11 is damaged")

    with pytest.raises(ValueError, match="cell 11"), RunWriter(lake, "infer") as run:
        run.write("regulation", batches())
    assert not list((lake.folder / "regulation").glob("run=*"))


def test_a_full_disk_is_said_in_our_words_and_nothing_is_left(lake, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull, match="Free some space"), RunWriter(lake, "infer") as run:
        monkeypatch.setattr(writing_module.delta.pq, "ParquetWriter", full)
        run.write("regulation", edges(3))
    monkeypatch.undo()
    assert not lake.has("regulation")
    assert write(lake, 1)


def test_time_travel_shows_the_lake_as_it_was_when_a_run_was_complete(lake):
    first = write(lake, 2)
    second = write(lake, 3)
    remove_run(lake, lake.run(first))
    assert lake.scan("regulation").collect().height == 3
    assert lake.scan("regulation", as_of=first).collect().height == 2
    assert lake.scan("regulation", as_of=second).collect().height == 5
    assert [r.id for r in lake.runs(as_of=second)] == [first, second]
    assert lake.scan("priors", as_of=first).collect().is_empty()


def test_time_travel_to_a_run_that_failed_is_refused(lake):
    with pytest.raises(ValueError, match="x"), RunWriter(lake, "infer") as run:
        raise ValueError("x")
    with pytest.raises(StoreError, match="once complete"):
        lake.scan("regulation", as_of=run.id)


def test_a_removed_run_is_gone_from_every_reader(lake):
    keep, drop = write(lake, 2), write(lake, 3)
    remove_run(lake, lake.run(drop))
    assert [r.id for r in lake.runs()] == [keep]
    assert lake.scan("regulation").collect()["run"].unique().to_list() == [keep]


def test_rows_keep_their_order_over_files_and_row_groups(lake, monkeypatch):
    monkeypatch.setattr(writing_module.delta, "ROWS_PER_GROUP", 7)
    monkeypatch.setattr(writing_module.delta, "GROUPS_PER_FILE", 3)
    with RunWriter(lake, "infer") as run:
        run.write("regulation", (b for i in range(10) for b in _batch(i * 10)))
    assert lake.scan("regulation").collect()["source_key"].to_list() == list(range(100)), "files sort by name"


def _batch(start: int) -> list[pa.RecordBatch]:
    frame = edges(10).with_columns(source_key=pl.int_range(start, start + 10, dtype=pl.Int32))
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()


def test_rows_of_the_wrong_shape_are_refused(lake):
    with pytest.raises(ValueError, match="required column 'weight'"), RunWriter(lake, "infer") as run:
        run.write("regulation", edges(2).drop("weight"))
    with pytest.raises(ValueError, match="strength"), RunWriter(lake, "infer") as run:
        run.write("regulation", edges(2).with_columns(strength=1.0))
    with pytest.raises(ValueError, match="already written"), RunWriter(lake, "infer") as run:
        run.write("regulation", edges(2))
        run.write("regulation", edges(2))
    with pytest.raises(UnknownName, match="Did you mean 'regulation'"):
        lake.scan("regulations")


def test_many_runs_stay_quick_to_list_because_the_log_is_compacted(lake, monkeypatch):
    monkeypatch.setattr(writing_module, "RUNS_FILES_BEFORE_COMPACTION", 6)
    ids = [write(lake, 1) for _ in range(8)]
    assert [r.id for r in lake.runs()] == ids
    assert len(list((lake.folder / "runs").glob("*.parquet"))) >= 1
    assert lake.scan("regulation", as_of=ids[2]).collect().height == 3


def test_a_folder_with_spaces_and_odd_characters_works(tmp_path):
    lake = Lake(tmp_path / "my study [1] 50%" / "lake")
    write(lake, 3)
    assert lake.scan("regulation").collect().height == 3


def test_rows_of_a_run_are_put_into_the_tables_order(lake):
    shuffled = edges(50).sample(fraction=1.0, shuffle=True, seed=1)
    with RunWriter(lake, "infer") as run:
        run.write("regulation", shuffled)
    assert lake.scan("regulation").collect()["time"].to_list() == sorted(shuffled["time"].to_list())
