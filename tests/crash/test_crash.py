"""SIGKILL at random moments loses no completed run, shows no partial one and asks for no repair."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from killing import Watch, check, kill_once

from perturbome.ingest import simulate

KILLS = 50
KILLS_WITH_A_SERVER = 8


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    path = tmp_path_factory.mktemp("input") / "small.h5ad"
    simulate(n_cells=300, n_genes=60, n_knockouts=5, seed=1).write(path)
    return path


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_fifty_kills_of_ingest_and_projection(tmp_path, experiment):
    rng, watch = np.random.default_rng(7), Watch()
    for _ in range(KILLS):
        kill_once(tmp_path / "store", experiment, watch, rng)
        check(tmp_path / "store", watch)
    assert watch.kills == KILLS
    assert len(watch.complete) >= KILLS


@pytest.mark.slow
@pytest.mark.neo4j
@pytest.mark.timeout(900)
def test_kills_while_a_server_is_written_to(tmp_path, experiment, neo4j_server, neo4j_store, monkeypatch):
    monkeypatch.setenv("PERTURBOME_NEO4J_PASSWORD", neo4j_server.password)
    rng, watch = np.random.default_rng(8), Watch()
    for _ in range(KILLS_WITH_A_SERVER):
        kill_once(tmp_path / "store", experiment, watch, rng, neo4j_server.address)
        check(tmp_path / "store", watch, neo4j_server.address)
    assert watch.kills == KILLS_WITH_A_SERVER


def test_the_check_itself_notices_a_lost_run(tmp_path, experiment):
    watch = Watch()
    kill_once(tmp_path / "store", experiment, watch, np.random.default_rng(3))
    watch.complete.add("20260101T000000000-never0")
    with pytest.raises(AssertionError, match="lost"):
        check(tmp_path / "store", watch)
