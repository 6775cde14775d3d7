"""`perturbome train` and `perturbome predict`, as a script and as a person call them."""

import json

import pytest
import typer
from typer.testing import CliRunner

from perturbome.models.commands import register
from perturbome.platform.errors import InputError, UnknownName, UnreadableFile


@pytest.fixture
def call(study):
    app = typer.Typer()
    register(app)

    def run(*words, code=0):
        result = CliRunner().invoke(app, [*words, "--store", str(study.path)], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result

    return run


def test_train_then_predict_as_a_script(call, tmp_path):
    words = ("--context", "one", "--context", "two", "--min-cells", "2", "--split", "unseen-single")
    trained = json.loads(call("train", "linear-additive", *words, "--set", "model.penalty=2", "--json").stdout)
    [one] = trained["trained"]
    assert one["configuration"]["options"]["penalty"] == 2.0
    assert one["metrics"]["n_test"] > 0
    told = json.loads(call("predict", "REG0", "REG1", "--run", one["run"], "--top", "3", "--json").stdout)
    assert told["train_run"] == one["run"]
    assert {row["context"] for row in told["genes"]} == {"one", "two"}
    assert len(told["genes"]) == 6
    listed = tmp_path / "genes.txt"
    listed.write_text("# those of interest\nREG0\nREG2+REG3\n\nREG0\n")
    many = json.loads(call("predict", "--all-genes", str(listed), "--context", "one", "--json").stdout)
    assert list(many["how"]) == ["knockout:REG0::one", "knockout:REG2+REG3::one"]
    output = " ".join(call("predict", "REG0", "--context", "one", "--top", "4").output.split())
    assert "knockout:REG0 in context 'one' by linear additive; change in log1p of counts" in output
    assert "knockout:REG0::one was answered by" in output
    assert "4 of 60 rows shown" in output


def test_bad_words(call, tmp_path):
    with pytest.raises(InputError, match="not both"):
        call("predict")
    empty = tmp_path / "genes.txt"
    empty.write_text("# nothing\n")
    with pytest.raises(UnreadableFile, match="names no perturbation"):
        call("predict", "--all-genes", str(empty))
    call("train", "perturbed-mean", "--context", "one", "--min-cells", "2")
    for wrong, error in (("REG0+NOGENE", UnknownName), ("+", InputError)):
        empty.write_text(f"# those of interest\nREG0\n{wrong}\nREG1\n")
        with pytest.raises(error) as told:
            call("predict", "--all-genes", str(empty))
        assert told.value.__notes__ == [f"'{wrong}' stands in line 3 of {empty}."]
    with pytest.raises(InputError, match="No model is named"):
        call("train")
