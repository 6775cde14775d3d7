"""Fixtures `neo4j_server` and `neo4j_store`; loaded for the whole suite by tests/conftest.py."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from neo4j_server.server import Neo4jServer, ServerMissing

from perturbome.platform.graph.neo4j import Neo4jStore


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jServer]:
    """A real Neo4j server, started once; `.kill()` and `.restart()` are there for crash tests."""
    try:
        server = Neo4jServer(tmp_path_factory.mktemp("neo4j"))
    except ServerMissing as missing:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(f"CI must test against a real Neo4j server: {missing}")
        pytest.skip(f"no Neo4j server here: {missing}")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def neo4j_store(neo4j_server: Neo4jServer) -> Iterator[Neo4jStore]:
    """A Neo4jStore on an empty database."""
    if not neo4j_server.alive:  # a crash test before this one left it dead
        neo4j_server.restart()
    store = Neo4jStore(neo4j_server.address, neo4j_server.user, neo4j_server.password)
    store.replace([], [])
    yield store
    store.close()
