"""`perturbome ingest prior` as a shell sees it."""

from __future__ import annotations

import json

import typer
from typer.testing import CliRunner

from perturbome.ingest.commands_prior import register_prior


def program() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    register_prior(app)
    return app


def test_json_answer(tmp_path, string_links) -> None:
    arguments = ["prior", str(string_links), "--min-score", "0.5", "--json", "--store", str(tmp_path / "store")]
    result = CliRunner().invoke(program(), arguments)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["kind"], answer["n_edges"], answer["unmapped"]) == ("string", 1, ["9606.ENSP9"])


def test_help_shows_an_example() -> None:
    assert "Example: perturbome ingest prior" in CliRunner().invoke(program(), ["prior", "--help"]).output
