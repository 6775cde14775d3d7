"""`perturbome export` as a shell sees it."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from perturbome.platform.commands_export import register_export
from perturbome.platform.errors import InputError
from perturbome.platform.store import Store


def run(*arguments: str):
    app = typer.Typer()
    app.callback()(lambda: None)
    register_export(app)
    return CliRunner().invoke(app, ["export", *arguments])


def test_json_answer_and_force(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "net.sif"
    arguments = ["regulation", str(path), "--top", "2", "--json", "--store", str(store.path)]
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["format"], answer["rows"], answer["selection"]) == ("sif", 1, {"top": 2})
    assert isinstance(run(*arguments).exception, InputError)
    assert run(*arguments, "--force").exit_code == 0


def test_help_shows_an_example() -> None:
    assert "Example: perturbome export" in run("--help").output
