"""docker-compose.yml says what it should; its `config` is checked where the program is present (CI installs it)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path):
    program = shutil.which("docker-compose")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("docker-compose is missing; .ci/run installs it")
        pytest.skip("docker-compose is not installed: apt-get install docker-compose")
    yaml = pytest.importorskip("yaml")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "neo4j_auth").write_text("neo4j/secret-word")
    answer = subprocess.run([program, "config"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "secret-word" not in answer.stdout, "the password stays in its file"
    return yaml.safe_load(answer.stdout)


def test_neo4j_has_a_volume_a_health_check_and_its_password_from_a_secret_file(config):
    neo4j = config["services"]["neo4j"]
    assert neo4j["image"].startswith("neo4j:5.26")
    assert any(volume.startswith("neo4j-data:/data") for volume in neo4j["volumes"])
    assert "cypher-shell" in str(neo4j["healthcheck"]["test"])
    assert neo4j["environment"]["NEO4J_AUTH_FILE"] == "/run/secrets/neo4j_auth"
    assert all(port.startswith("127.0.0.1:") for port in neo4j["ports"])


def test_the_app_waits_for_a_healthy_graph_and_reads_the_same_secret(config):
    app = config["services"]["app"]
    assert app["depends_on"]["neo4j"]["condition"] == "service_healthy"
    assert app["environment"]["PERTURBOME_NEO4J_AUTH_FILE"] == "/run/secrets/neo4j_auth"
    assert app["environment"]["PERTURBOME_GRAPH"] == "bolt://neo4j:7687"


def test_every_folder_the_image_copies_exists():
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY"):
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source
