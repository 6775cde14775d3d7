"""`simulate`, `infer regulation` and `infer transitions` as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from perturbome.ingest.commands import register
from perturbome.ingest.experiment.add import add_experiment
from perturbome.platform.errors import UnreadableFile
from perturbome.platform.store import Store


@pytest.fixture(scope="module")
def program() -> typer.Typer:
    app = typer.Typer()
    register(app)
    return app


def run(program: typer.Typer, *arguments: object) -> str:
    done = CliRunner().invoke(program, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_simulate_then_infer(program: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "toy.h5ad"
    options = ("--cells", 300, "--genes", 30, "--knockouts", 4, "--times", 2, "--seed", 3, "--spatial", "--json")
    told = json.loads(run(program, "simulate", file, *options))
    assert told["n_knockouts"] == 4
    assert all(Path(told[name]).is_file() for name in ("experiment", "network", "effects", "regulators"))
    with Store(tmp_path / "store") as store:
        add_experiment(store, file)
    at = ("--store", tmp_path / "store")
    told = json.loads(
        run(program, "infer", "regulation", "toy", "--regulators", told["regulators"], "--bootstraps", 3, "--json", *at)
    )
    assert told["n_edges"] == sum(group["n_edges"] for group in told["groups"])
    assert "edges" in run(program, "infer", "regulation", "toy", "--regulators", "TF01,TF02", "--together", *at)
    assert json.loads(run(program, "infer", "transitions", "toy", "--json", *at))["n_edges"] > 0


def test_bad_options_are_refused_before_any_work(program: typer.Typer, tmp_path: Path) -> None:
    refused = CliRunner().invoke(program, ["infer", "regulation", "toy", "--cells", "some"])
    assert refused.exit_code == 2
    with pytest.raises(UnreadableFile, match=r"No file nowhere\.txt"):
        run(program, "infer", "regulation", "toy", "--regulators", "nowhere.txt", "--store", tmp_path / "s")
