"""Ctrl-C and a full disk: the command says so, nothing of it is visible, the next command works."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from perturbome.ingest import add_experiment, simulate
from perturbome.platform import Store
from perturbome.platform.errors import DiskFull

PROGRAM = Path(sys.executable).with_name("perturbome")


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    path = tmp_path_factory.mktemp("input") / "large.h5ad"
    simulate(n_cells=4000, n_genes=150, n_knockouts=5, seed=1).write(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.2, 0.8, 1.2, 1.6, 2.0])
def test_ctrl_c_at_any_time(tmp_path, experiment, moment):
    store = tmp_path / "store"
    command = [PROGRAM, "ingest", "experiment", experiment, "--dataset", "d", "--store", store]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    time.sleep(moment)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    if running.returncode == 0:
        pytest.skip("the command was done before it could be interrupted")
    assert running.returncode in (130, -signal.SIGINT)  # the latter while Python itself is still starting
    with Store(store) as opened:
        assert opened.runs() == []
        assert opened.query("MATCH (c:Cell) RETURN count(*) AS n").to_pylist() == [{"n": 0}]
        assert add_experiment(opened, experiment, dataset="d").n_cells == 4000


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 40 MB; needs the right to mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", disk], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("mounting a small file system is not permitted here")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_disk_that_is_really_full(small_disk, experiment):
    with Store(small_disk / "store") as store:
        before = write_something(store)
        with pytest.raises(DiskFull, match=r"disk is full|No space left"):
            for number in range(100):
                add_experiment(store, experiment, dataset=f"d{number}")
        runs = {run.id for run in store.runs()}
        assert before in runs
        assert set(store.lake.scan("cells").collect()["run"].unique()) <= runs
        assert store.graph.query("MATCH (g:Gene) RETURN count(*) AS n")["n"][0].as_py() >= 10


def write_something(store: Store) -> str:
    """A small complete run."""
    with store.run("infer", name="small") as run:
        run.register_genes([f"G{i}" for i in range(10)], organism="human")
    assert np.isin("human:G3", store.genes()["gene"].to_numpy())
    return run.id


def test_a_disk_with_no_room_at_all(small_disk, experiment):
    (small_disk / "ballast").write_bytes(b"")
    with (small_disk / "ballast").open("wb") as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(b"x" * (1 << 16))
            file.flush()
    done = subprocess.run(
        [PROGRAM, "ingest", "experiment", experiment, "--store", small_disk / "store"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 5
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
