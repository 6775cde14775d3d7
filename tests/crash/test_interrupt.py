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
@pytest.mark.parametrize("moment", [0.0, 0.05, 0.2, 0.4, 0.8])
def test_ctrl_c_at_any_time(tmp_path, experiment, moment):
    store = tmp_path / "store"
    command = [PROGRAM, "ingest", "experiment", experiment, "--dataset", "d", "--store", store]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not (store / "store.json").exists() and running.poll() is None:
        time.sleep(0.005)
    time.sleep(moment)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=120)
    with Store(store) as opened:
        complete = opened.runs()
        # The signal's own end is Python's, where the command was done and only its process was not.
        assert running.returncode in (0, 130, -signal.SIGINT), said
        if running.returncode == 130:
            assert "Interrupted" in said
            assert "Traceback" not in said
        # Interrupted before the last commit nothing is there; after it everything is, and stays.
        cells = 4000 * len(complete)
        assert opened.query("MATCH (c:Cell) RETURN count(*) AS n").to_pylist() == [{"n": cells}]
        assert opened.lake.scan("cells").collect().height == cells
        assert add_experiment(opened, experiment, dataset="d", replace=True).n_cells == 4000
        assert opened.expression("d").shape[0] == 4000


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
