"""`perturbome ingest experiment` as a person and as a script run it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from perturbome.platform.cli import main; main()", "ingest", "experiment"]
    return subprocess.run([*program, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def screen(h5ad: Write) -> Path:
    return h5ad({"perturbation": ["control", "MYC"] * 30})


def test_it_says_what_it_did_and_gives_json(screen: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    told = run(screen, "--store", store)
    assert told.returncode == 0
    assert "60 cells x 10 genes, 30 controls, 1 perturbation (run" in told.stdout
    assert "raw counts" in told.stderr
    again = run(screen, "--store", store, "--dataset", "b", "--json")
    assert json.loads(again.stdout)["perturbations"] == ["knockout:MYC"]


def test_errors_have_their_exit_code_and_no_traceback(screen: Path, tmp_path: Path) -> None:
    bad = run(screen, "--store", tmp_path / "store", "--perturbation-column", "perturb")
    assert bad.returncode == 3
    assert "Did you mean 'perturbation'" in bad.stderr
    assert "Traceback" not in bad.stderr
    assert run(tmp_path / "none.h5ad", "--store", tmp_path / "store").returncode == 3


def test_help_shows_an_example() -> None:
    shown = run("--help")
    assert shown.returncode == 0
    assert "Example: perturbome ingest experiment" in shown.stdout
