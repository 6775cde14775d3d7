"""A run takes another's place in the moment it is complete: there is never both, never neither."""

from __future__ import annotations

import polars as pl
import pytest

from perturbome.platform.lake import Lake, RunWriter
from perturbome.platform.lake.writing import sweep


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path / "lake")


def sets(gene_set: str) -> pl.DataFrame:
    return pl.DataFrame({"collection": ["c"], "gene_set": [gene_set], "gene": ["human:A"]})


def write(lake: Lake, gene_set: str, **kwargs) -> str:
    with RunWriter(lake, "ingest", **kwargs) as run:
        run.write("gene_sets", sets(gene_set))
    return run.id


def visible(lake: Lake) -> list[str]:
    return lake.scan("gene_sets").collect()["gene_set"].to_list()


def test_killed_right_after_completion_only_the_new_run_is_visible(lake):
    old = write(lake, "old")
    new = write(lake, "new", configuration={"replaces": [old]})  # nothing is swept here, as after a SIGKILL
    assert visible(lake) == ["new"]
    assert [run.id for run in lake.runs()] == [new]
    sweep(lake)
    assert {run.id: run.status for run in lake.all_runs()} == {old: "removed", new: "complete"}
    assert lake.scan("gene_sets", as_of=old).collect()["gene_set"].to_list() == ["old"]


def test_a_replacement_that_fails_leaves_the_old_run(lake):
    old = write(lake, "old")
    with pytest.raises(KeyboardInterrupt), RunWriter(lake, "ingest", configuration={"replaces": [old]}) as run:
        run.write("gene_sets", sets("new"))
        raise KeyboardInterrupt
    sweep(lake)
    assert visible(lake) == ["old"]


def test_an_interruption_after_the_last_commit_cannot_undo_it(lake, monkeypatch):
    from perturbome.platform.lake import writing

    logged = writing._log

    def interrupted(lake, run):
        logged(lake, run)
        if run.status == "complete":
            raise KeyboardInterrupt

    monkeypatch.setattr(writing, "_log", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(lake, "whole")
    monkeypatch.undo()
    sweep(lake)
    assert visible(lake) == ["whole"]
    assert [run.status for run in lake.all_runs()] == ["complete"]
