"""A control told finds its column, and misspelt columns are named aloud."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from perturbome.ingest.experiment.add import add_experiment
from perturbome.ingest.experiment.choose import near_misses
from perturbome.platform.errors import AmbiguousInput, InputError
from perturbome.platform.store import Store

Write = Callable[..., Path]
Labels = Callable[..., list[str]]


def test_a_control_told_chooses_the_one_column_that_holds_it(store: Store, h5ad: Write, labels: Labels) -> None:
    path = h5ad({"screen": labels("none here", "STAT1"), "donor": labels("d1", "d2", "d3")})
    done = add_experiment(store, path, control="none here")
    assert (done.n_control, done.perturbations) == (30, ["knockout:STAT1"])
    assert any("'screen'" in line and "none here" in line for line in done.said)


def test_a_control_told_overrules_a_column_without_it(store: Store, h5ad: Write, labels: Labels) -> None:
    path = h5ad({"treatment": labels("DMSO", "JQ1"), "screen": labels("blank", "blank", "MYC")})
    assert add_experiment(store, path, control="blank").perturbations == ["knockout:MYC"]


def test_a_control_told_that_is_nowhere(store: Store, h5ad: Write, labels: Labels) -> None:
    path = h5ad({"screen": labels("none here", "STAT1"), "score": [0.5] * 60})
    with pytest.raises(
        InputError, match=r"'blank' in any column.*'screen' \(STAT1, none here\).*--perturbation-column"
    ):
        add_experiment(store, path, control="blank")
    assert store.runs() == []


def test_a_control_told_in_several_columns(store: Store, h5ad: Write, labels: Labels) -> None:
    path = h5ad({"a": labels("blank", "STAT1"), "b": labels("blank", "blank", "MYC")})
    with pytest.raises(AmbiguousInput, match=r"'a' \(STAT1, blank\); 'b'.*--perturbation-column"):
        add_experiment(store, path, control="blank")


def test_all_cells_are_the_control_told(store: Store, h5ad: Write, labels: Labels) -> None:
    done = add_experiment(store, h5ad({"perturbation": labels("blank")}), control="blank")
    assert (done.n_control, done.perturbations) == (60, [])
    assert any("Every cell is a control" in line for line in done.said)
    assert any("blank" in line for line in done.said)


@pytest.mark.parametrize("name", ["pertrubation", "perturbaton", "tretment", "Guide_Identiy"])
def test_misspelt_columns_are_named(store: Store, h5ad: Write, labels: Labels, name: str) -> None:
    done = add_experiment(store, h5ad({name: labels("control", "STAT1")}))
    assert any(f"--perturbation-column {name}" in line and "misspelt" in line for line in done.said)


def test_right_columns_are_no_misspellings() -> None:
    right = [
        "perturbation",
        "perturbation_2",
        "perturbation_type",
        "condition_1",
        "gene_id",
        "n_genes",
        "dose",
        "target",
    ]
    assert near_misses(right) == []
