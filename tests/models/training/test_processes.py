"""Two processes learn one network: the same weights in both, near those of a single one; one of them writes the run."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

from perturbome.models.training.kept import load_model
from perturbome.models.training.memory import read_progress

from .conftest import tiny

SCRIPT = """
import os, sys
import numpy as np
from perturbome.models.data import Split, from_arrays
from perturbome.models.predictors.latent_additive import LatentAdditive
from perturbome.models.training.memory import Memory, write_progress
from pathlib import Path

def fitted(learn_from):
    rng = np.random.default_rng(0)
    what = ["control"] + [f"knockout:G{i}" for i in range(9)]
    labels = [w for w in what for _ in range(24)]
    shift = {w: rng.normal(size=12) * (w != "control") for w in what}
    x = np.array([5 + shift[w] for w in labels]) + 0.3 * rng.normal(size=(len(labels), 12))
    data = from_arrays(x, labels, [f"G{i}" for i in range(12)], n_genes=None)
    data = data.with_split(Split("told", "given", data.names[:8], (), data.names[8:]))
    memory = Memory()
    predictor = LatentAdditive(learn_from=learn_from, width=16, n_latent=4, dropout=0.0, passes=6, batch_size=4
                               if learn_from == "means" else 32, memory=memory)
    report = predictor.fit(data.hidden(), seed=1)
    [weights] = memory.finished.values()
    return weights, {"curve": [dict(row) for row in report.curve], "said": list(report.said)}

if __name__ == "__main__":
    for learn_from in ("means", "cells"):
        weights, facts = fitted(learn_from)
        write_progress(Path(sys.argv[1]) / f"{learn_from}-{os.environ['RANK']}.safetensors", weights, facts)
"""


def run(*words, processes=None, **variables):
    """Run a Python program, under torchrun where `processes` are asked for."""
    before = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] if processes else []
    hidden = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PERTURBOME_")}
    done = subprocess.run(
        [sys.executable, *before, *map(str, words)], capture_output=True, text=True, check=False, timeout=240,
        env={**kept, **hidden, **variables},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path):
    script = tmp_path / "fit.py"
    script.write_text(SCRIPT)
    fitted = runpy.run_path(str(script))["fitted"]
    run(script, tmp_path, processes=2)
    for learn_from in ("means", "cells"):
        (first, told), (second, _) = (read_progress(tmp_path / f"{learn_from}-{who}.safetensors") for who in "01")
        alone, facts = fitted(learn_from)
        assert "in 2 processes" in told["said"][0]
        for name, a in first.items():
            assert np.isfinite(a).all()
            assert np.array_equal(a, second[name])
            # Means are shared exactly; cells come in other batches.
            if learn_from == "means":
                assert np.allclose(a, alone[name], atol=2e-3)
        last, single = told["curve"][-1]["loss"], facts["curve"][-1]["loss"]
        assert last == pytest.approx(single, rel=0.01 if learn_from == "means" else 0.25)


@pytest.mark.slow
def test_one_of_two_processes_writes_the_run(tmp_path):
    store = tiny(tmp_path / "tiny", [f"knockout:{g}" for g in "ABCD"])
    program = Path(sys.executable).with_name("perturbome")
    words = ["train", "latent-additive", "--store", store.path, "--set", "model.passes=4", "--set", "model.width=8"]
    told = run(program, *words, "--json", processes=2)
    [one] = json.loads(told)["trained"]
    assert [r.id for r in store.runs("train")] == [one["run"]]
    assert any("in 2 processes" in s for s in one["said"])
    assert len(load_model(store, one["run"]).configuration["fit"]["curve"]) == 4
