"""The floor's verbs load when touched, cost nothing before, and stay verbs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from perturbome import ingest


@pytest.mark.parametrize("verb", sorted(dir(ingest)))
def test_verbs_stay_functions(verb: str) -> None:
    """Also after the module behind a verb, or a package of the same name, has been imported."""
    for _ in range(2):
        assert callable(getattr(ingest, verb))
        __import__(getattr(ingest, verb).__module__)
    assert verb in dir(ingest)


def test_unknown_verb_lists_the_known() -> None:
    with pytest.raises(AttributeError, match="add_prior"):
        _ = ingest.add_priors


def test_importing_the_floor_and_its_commands_is_light() -> None:
    heavy = {"polars", "pyarrow", "pandas", "anndata", "scipy", "torch", "ladybug", "neo4j"}
    code = (
        "import sys, typer, perturbome.ingest, perturbome.ingest.commands as c; c.register(typer.Typer());"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
