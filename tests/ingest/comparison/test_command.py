"""`perturbome compare` as a shell sees it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner

from perturbome.ingest.commands import register
from perturbome.platform.errors import NothingFound
from perturbome.platform.store import Store

Network = Callable[..., str]
GROUPS = {("T", 0.0): [("A", "B", 1.0), ("A", "C", 2.0)], ("T", 6.0): [("A", "B", -1.0), ("B", "C", 0.5)]}


def run(*arguments: object) -> str:
    program = typer.Typer()
    register(program)
    done = CliRunner().invoke(program, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def runs(store: Store, network: Network) -> list[str]:
    return [network(store, "one", GROUPS, ["A", "B"]), network(store, "two", {("T", 0.0): [("A", "E", 1.0)]}, ["A"])]


def test_json_for_a_script(store: Store, runs: list[str]) -> None:
    told = json.loads(run("compare", runs[0], runs[0], "--time", 0, "--after-time", 6, "--limit", 1, "--json",
                          "--store", store.path))  # fmt: skip
    assert (told["before"], told["after"]) == (runs[0], runs[0])
    assert (told["n_edges"], len(told["edges"])) == (3, 1)
    assert told["edges"][0]["change"] == "sign flipped"
    [group] = told["groups"]
    assert (group["flipped"], group["gained"], group["lost"], group["time_after"]) == (1, 1, 1, 6.0)
    assert group["spearman_shared"] is None  # of one edge there is no correlation
    assert told["regulators"][0]["source_symbol"] == "A"


def test_tables_for_a_reader(store: Store, runs: list[str]) -> None:
    shown = run("compare", *runs, "--pooled", "--limit", 4, "--store", store.path)
    assert "4 of 4" in shown
    assert "ruled out" in shown
    assert "target not" in shown


def test_errors_are_the_verbs(store: Store, runs: list[str]) -> None:
    with pytest.raises(NothingFound, match="holds no regulation"):
        run("compare", store.runs("ingest")[0].id, runs[0], "--store", store.path)
