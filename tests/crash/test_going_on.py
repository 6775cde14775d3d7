"""Ctrl-C in a benchmark or a training: what was done is kept, and the same command ends as if never stopped."""

import json
import signal
import subprocess
import sys
import time

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from perturbome.ingest import add_experiment, simulate
from perturbome.models.bench.bench import FOLDER
from perturbome.models.training.kept import FOLDER as MODELS
from perturbome.models.training.kept import load_model
from perturbome.platform import Store

PROGRAM = """
import sys
from perturbome.models.training import passes
from perturbome.platform.cli import main
passes.SAVE_EVERY = 0.0  # so that a watcher sees a pass that is done
main()
"""


@pytest.fixture
def stores(tmp_path):
    """Two stores of the same cells: one where commands are stopped, one where they are not."""
    simulate(n_cells=900, n_genes=40, n_regulators=12, n_knockouts=8, n_times=1, n_types=1, seed=3).write(
        tmp_path / "toy.h5ad"
    )
    made = []
    for name in ("stopped", "whole"):
        with Store(tmp_path / name) as store:
            add_experiment(store, tmp_path / "toy.h5ad", dataset="toy", organism="human")
            made.append(store.path)
    return made


def started(words, store):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words, "--store", store], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def finished(words, store):
    running = started([*words, "--json"], store)
    out, said = running.communicate(timeout=240)
    assert running.returncode == 0, said
    return json.loads(out)


def stopped(words, store, ready):
    """What a command says that gets Ctrl-C when something of it is done."""
    running = started(words, store)
    while not ready() and running.poll() is None:
        time.sleep(0.005)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert "discarded" not in said
    return said


@pytest.mark.slow
def test_a_benchmark_goes_on(stores):
    store, other = stores
    words = ["bench", "toy", "--split", "8-fold", "--model", "bilinear ridge", "--model", "gated prior kernel"]
    said = stopped(words, store, lambda: len(list((store / FOLDER).glob("*.json"))) >= 3)
    assert "finished fits are kept: the same command goes on with those that are missing." in said
    n = len(list((store / FOLDER).glob("*.json")))
    again, whole = finished(words, store), finished(words, other)
    scores = []
    for path, told in ((store, again), (other, whole)):
        with Store(path) as opened:
            assert [run.id for run in opened.runs("benchmark")] == [told["run"]]
            cells = opened.lake.run(told["run"]).metrics["cells"]
            scores.append(opened.lake.scan("scores", [told["run"]]).drop("run").collect())
        assert sum(cell["taken"] for cell in cells) == (n if path == store else 0)
    assert_frame_equal(*scores)
    assert isinstance(scores[0], pl.DataFrame)


@pytest.mark.slow
def test_a_training_goes_on(stores):
    pytest.importorskip("lightning")
    store, other = stores
    words = ["train", "latent additive", "--set", "model.passes=400", "--set", "model.patience=400", "--seed", "2"]
    said = stopped(words, store, lambda: any((store / MODELS).rglob("*.unfinished.safetensors")))
    assert "of a fit. The same command goes on from there." in said
    [again], [whole] = finished(words, store)["trained"], finished(words, other)["trained"]
    assert again["said"][0].startswith("Taken from an earlier training that was interrupted: ")
    assert again["curve"] == whole["curve"]
    with Store(store) as one, Store(other) as two:
        first, second = load_model(one, again["run"]), load_model(two, whole["run"])
        asked = first.data.conditions
        assert first.predictor.predict(asked).delta.tobytes() == second.predictor.predict(asked).delta.tobytes()
