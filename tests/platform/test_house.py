"""The house stands: the namespace shadows nothing, imports are cheap, arrows point down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("platform", "ingest", "models", "app")


def python(code: str, **kwargs) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT, **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_folder_platform_never_shadows_pythons_own_module():
    assert python("import platform; print(platform.system())") in {"Linux", "Darwin", "Windows"}


@pytest.mark.parametrize("floor", FLOORS)
def test_no_init_file_breaks_the_namespace(floor):
    assert not (ROOT / floor / "__init__.py").exists()
    assert not (ROOT / floor / "perturbome" / "__init__.py").exists()
    assert (ROOT / floor / "perturbome" / floor / "__init__.py").exists()


@pytest.mark.parametrize("floor", FLOORS)
def test_importing_a_floor_loads_nothing_heavy(floor):
    heavy = {
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
        "scipy",
        "anndata",
        "torch",
        "ladybug",
        "neo4j",
        "streamlit",
        "typer",
    }
    loaded = json.loads(python(f"import sys, json, perturbome.{floor}; print(json.dumps(sorted(sys.modules)))"))
    assert not heavy & set(loaded)


def test_help_loads_nothing_heavy():
    code = (
        "import sys, json, io, contextlib\nsys.argv = ['perturbome', '--help']\n"
        "from perturbome.platform.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n    main()\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    heavy = {"numpy", "pandas", "polars", "pyarrow", "scipy", "anndata", "torch", "ladybug", "neo4j", "streamlit"}
    assert not heavy & set(json.loads(python(code)))


@pytest.mark.parametrize("floor", FLOORS)
def test_every_public_verb_of_a_floor_can_be_imported(floor):
    python(
        f"import perturbome.{floor} as floor\nfor name in dir(floor):\n    getattr(floor, name)\n"
        "assert len(dir(floor)) > 0"
    )


def test_no_test_or_source_reads_a_pickle():
    for path in (p for floor in FLOORS for p in (ROOT / floor).rglob("*.py")):
        assert "import pickle" not in path.read_text(), path
