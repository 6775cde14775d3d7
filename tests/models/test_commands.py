"""The commands, as a script and as a person call them."""

import json
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from perturbome.models.commands import register


@pytest.fixture
def call(study):
    app = typer.Typer()
    register(app)

    def run(*words):
        result = CliRunner().invoke(app, [*words, "--store", str(study.path)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return run


def test_knockout_prints_the_baseline_and_who_is_closer(call):
    output = " ".join(call("knockout", "REG0", "--bootstraps", "3", "--top", "5").output.split())
    assert "Predicted knockout of REG0" in output
    assert "closer than the baseline" in output
    assert "5 of 60 rows shown" in output
    assert "change in log1p of counts per 10,000" in output
    assert "replicate (noisy for few cells)" in output


def test_knockout_json_is_one_document(call):
    answer = json.loads(call("knockout", "REG0", "REG1", "--bootstraps", "0", "--top", "3", "--json").stdout)
    assert answer["perturbation"] == "knockout:REG0+REG1"
    assert answer["unit"] == "log1p of counts per 10,000"
    assert [set(row) >= {"symbol", "delta", "baseline"} for row in answer["genes"]] == [True] * 3
    everything = json.loads(call("knockout", "--all", "--bootstraps", "0", "--json").stdout)
    assert len(everything["knockouts"]) == 8


def test_targets(call):
    assert "REG3" in call("targets", "--from", "control", "--to", "REG3").stdout
    answer = json.loads(call("targets", "--from", "control", "--to", "REG3", "--json", "--top", "1").stdout)
    assert answer["targets"][0]["symbol"] == "REG3"
    assert answer["n_after"] == 80


def test_effects_with_comparison(call):
    output = call("effects", "study", "--compare").output
    assert "Mean Pearson-delta" in " ".join(output.split())
    assert "Measured effects in log1p of counts per 10,000" in " ".join(output.split())
    answer = json.loads(call("effects", "--json", "--compare", "--context", "all").stdout)
    assert len(answer["comparison"]) == 10


def test_genes_or_all_but_not_both(study):
    from perturbome.platform.errors import InputError

    app = typer.Typer()
    register(app)
    with pytest.raises(InputError, match="not both"):
        CliRunner().invoke(app, ["knockout", "--store", str(study.path)], catch_exceptions=False)


def test_commands_import_nothing_heavy():
    code = (
        "import sys, typer; from perturbome.models.commands import register; register(typer.Typer()); "
        "import perturbome.models; "
        "print([m for m in ('polars', 'scipy', 'pyarrow', 'pandas', 'anndata', 'numpy') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
