"""The program as a person or a script uses it: every command on a real store, exit codes that mean something."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("perturbome")


def perturbome(*arguments: object, store: Path | None = None, code: int = 0, cwd: Path | None = None) -> str:
    """Run the program; returns stdout, or stderr where it is expected to fail."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PERTURBOME_")}
    if store is not None:
        environment["PERTURBOME_STORE"] = str(store)
    done = subprocess.run(
        [str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, env=environment, cwd=cwd, check=False
    )
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a simulated experiment and a store that holds it, its truth as a prior, and its network."""
    folder = tmp_path_factory.mktemp("commands")
    store = folder / "store"
    perturbome("simulate", folder / "tour.h5ad", "--cells", 600, "--genes", 60, "--knockouts", 6, "--seed", 3)
    perturbome("ingest", "experiment", folder / "tour.h5ad", "--dataset", "tour", "--organism", "human", store=store)
    perturbome("ingest", "prior", folder / "tour.network.csv", "--name", "truth", "--organism", "human", store=store)
    perturbome("infer", "regulation", "tour", store=store)
    perturbome("infer", "transitions", "tour", store=store)
    perturbome("effects", "tour", store=store)
    return folder


@pytest.fixture
def store(folder) -> Path:
    return folder / "store"


def test_every_command_has_a_help_with_an_example():
    import typer

    from perturbome.platform.cli import build

    def walk(command, name):
        for sub_name, sub in getattr(command, "commands", {}).items():
            if hasattr(sub, "commands"):
                yield from walk(sub, f"{name} {sub_name}")
            else:
                yield f"{name} {sub_name}", sub

    found = dict(walk(typer.main.get_command(build()), "perturbome"))
    expected = (
        "ingest experiment|ingest prior|infer regulation|infer transitions|infer features|compare|knockout|"
        "targets|query|graph rebuild|graph copy|graph status|runs list|runs show|runs remove|export|simulate|demo|"
        "doctor|app"
    )
    assert {f"perturbome {name}" for name in expected.split("|")} <= set(found)
    for name, command in found.items():
        assert f"Example: {name}" in (command.help or ""), name


def test_a_query_by_name_and_in_cypher(store):
    rows = json.loads(perturbome("query", "MATCH (g:Gene) RETURN count(*) AS genes", "--json", store=store))
    assert rows == [{"genes": 60}]
    regulator = json.loads(
        perturbome(
            "query",
            "MATCH (a:Gene)-[:REGULATES]->(:Gene) RETURN a.symbol AS s, count(*) AS n ORDER BY n DESC, s LIMIT 1",
            "--json",
            store=store,
        )
    )[0]["s"]
    targets = json.loads(perturbome("query", "targets_of", f"gene={regulator}", "--json", store=store))
    assert targets
    assert {"target", "symbol", "weight", "run"} <= set(targets[0])
    assert "regulators_of" in perturbome("query", "--list", store=store)


def test_a_knock_out_and_its_cause(folder, store):
    truth = json.loads(perturbome("query", "list_perturbations", "--json", store=store))
    gene = truth[0]["label"]
    effects = json.loads(perturbome("knockout", gene, "--dataset", "tour", "--json", store=store))
    assert effects
    causes = json.loads(
        perturbome("targets", "--from", "control", "--to", gene, "--dataset", "tour", "--json", store=store)
    )
    assert causes


def test_runs_are_listed_shown_and_removed(folder, tmp_path):
    store = tmp_path / "store"
    perturbome("ingest", "prior", folder / "tour.network.csv", "--name", "truth", "--organism", "human", store=store)
    [run] = json.loads(perturbome("runs", "list", "--json", store=store))
    shown = json.loads(perturbome("runs", "show", run["run"][:15], store=store))
    assert shown["kind"] == "ingest"
    assert list(shown["inputs"]) == [str(folder / "tour.network.csv")]
    perturbome("runs", "remove", run["run"], "--yes", store=store)
    assert json.loads(perturbome("runs", "list", "--json", store=store)) == []
    rows = perturbome("query", "MATCH (:Gene)-[r:INTERACTS_WITH]->(:Gene) RETURN count(*) AS n", "--json", store=store)
    assert json.loads(rows) == [{"n": 0}]


def test_the_graph_is_rebuilt_and_copied(store, tmp_path):
    before = json.loads(perturbome("graph", "status", "--json", store=store))
    assert before["behind"] == []
    perturbome("graph", "rebuild", store=store)
    assert json.loads(perturbome("graph", "status", "--json", store=store))["counts"] == before["counts"]
    perturbome("graph", "copy", "--to", tmp_path / "other", store=store)
    assert (tmp_path / "other").is_dir()


@pytest.mark.parametrize("name", ["network.graphml", "network.sif", "network.csv", "network.parquet", "network.cyjs"])
def test_a_network_goes_out_in_every_format(store, tmp_path, name):
    perturbome("export", "regulation", tmp_path / name, store=store)
    assert (tmp_path / name).stat().st_size > 100
    assert "--force" in perturbome("export", "regulation", tmp_path / name, store=store, code=3)


def test_the_doctor_is_content_with_a_healthy_store_and_names_what_is_wrong(store, tmp_path):
    findings = json.loads(perturbome("doctor", "--json", store=store))
    assert {f["what"] for f in findings} >= {"perturbome", "core", "store" if not store.exists() else "lake", "graph"}
    assert not [f for f in findings if f["state"] == "wrong"]
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "store.json").write_text("{")
    assert "damaged" in json.dumps(_doctor_of_a_bad_store(tmp_path / "damaged"))


def _doctor_of_a_bad_store(store: Path) -> list[dict[str, str]]:
    environment = {**os.environ, "PERTURBOME_STORE": str(store)}
    done = subprocess.run([PROGRAM, "doctor", "--json"], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 5
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["query", "MATCH (g:Gene) DELETE g"], 5, "read"),
        (["query", "MATCH (g:Gene RETURN g"], 5, ""),
        (["query", "targets_off", "-p", "gene=X"], 4, "targets_of"),
        (["query", "targets_of", "-p", "gene=NOSUCHGENE9"], 4, "No gene"),
        (["query", "targets_of", "-p", "gene"], 3, "name=value"),
        (["knockout", "NOSUCHGENE9", "--dataset", "tour"], 4, "No gene"),
        (["knockout", "G1", "--dataset", "tuor"], 4, "Did you mean 'tour'"),
        (["targets", "--from", "control", "--to", "control", "--dataset", "tour"], None, ""),
        (["ingest", "experiment", "absent.h5ad"], 3, "absent.h5ad"),
        (["ingest", "prior", "absent.tsv"], 3, "absent.tsv"),
        (["infer", "regulation", "nothing"], 4, "nothing"),
        (["runs", "show", "9999"], 4, "9999"),
        (["export", "everything", "x.csv"], None, "everything"),
        (["nosuchcommand"], 2, ""),
        (["query", "--row-limit", "many", "x"], 2, ""),
    ],
)
def test_bad_input_gets_a_clear_word_and_a_telling_exit_code(store, arguments, code, says):
    environment = {**os.environ, "PERTURBOME_STORE": str(store)}
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == code if code is not None else done.returncode in {3, 4, 6}, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_of_something_else_is_not_taken_for_a_store(tmp_path):
    (tmp_path / "thesis.docx").write_text("x")
    assert "something else" in perturbome("runs", "list", "--store", tmp_path, code=3)
    assert "is a file" in perturbome("runs", "list", "--store", tmp_path / "thesis.docx", code=3)


def test_a_store_of_a_later_version_is_refused(tmp_path):
    (tmp_path / "store.json").write_text('{"schema": 999}')
    assert "newer perturbome" in perturbome("runs", "list", "--store", tmp_path, code=5)


def test_a_second_writer_is_told_who_is_writing(store):
    from perturbome.platform.lake.lock import writer_lock

    with writer_lock(store / "writer.lock", "a long ingest"):
        complaint = perturbome("graph", "rebuild", store=store, code=5)
    assert f"process {os.getpid()} (a long ingest" in complaint


def test_a_reader_is_never_kept_waiting_by_a_writer(store):
    from perturbome.platform.lake.lock import writer_lock

    with writer_lock(store / "writer.lock", "a long ingest"):
        assert json.loads(perturbome("query", "MATCH (g:Gene) RETURN count(*) AS n", "--json", store=store)) == [
            {"n": 60}
        ]


def test_an_unreachable_server_is_named_before_any_work(folder, tmp_path):
    environment = {**os.environ, "PERTURBOME_STORE": str(tmp_path / "s"), "PERTURBOME_GRAPH": "bolt://127.0.0.1:9"}
    done = subprocess.run(
        [PROGRAM, "ingest", "experiment", folder / "tour.h5ad"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 5
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
