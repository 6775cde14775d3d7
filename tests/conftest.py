"""What every test may ask for: the Neo4j server and the real data sets."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# Tests are imported by path (import mode importlib), so this folder has to be named for the plugin to be found;
# last in the list, so that tests/platform and its like shadow nothing.
sys.path.append(str(Path(__file__).parent))

pytest_plugins = ["neo4j_server.plugin"]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real data sets: beside the checkout, or named by PERTURBOME_TEST_DATA."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PERTURBOME_TEST_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"the real data sets are not at {folder}; set PERTURBOME_TEST_DATA to their folder")
    return folder
