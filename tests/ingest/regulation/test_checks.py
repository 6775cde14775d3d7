"""What is asked of an inference of regulation must mean something, and the method must make use of it."""

from __future__ import annotations

import pytest

from perturbome.ingest.regulation.checks import check_numbers, check_uses, taking_part
from perturbome.ingest.regulation.infer import infer_regulation
from perturbome.ingest.regulation.registry import METHODS, find_method
from perturbome.platform.errors import BadValues, InputError, UnknownName
from perturbome.platform.store import Store

NUMBERS = {
    "max_edges": 1, "n_bootstraps": 0, "max_q": 1.0, "n_trees": 1, "time_bins": None, "min_cells": 2, "penalty": None,
}  # fmt: skip
USES = {"members": (), "prior": (), "mask": "soft", "n_trees": 500, "penalty": None, "dask": None}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("max_edges", 0, r"max_edges is 0; it must be 1 at least \(--max-edges\)"),
        ("max_edges", -5, "max_edges is -5"),
        ("n_bootstraps", -1, r"n_bootstraps is -1; it must be 0 at least \(--bootstraps\)"),
        ("n_trees", 0, r"n_trees is 0; it must be 1 at least \(--trees\)"),
        ("time_bins", 0, r"time_bins is 0; it must be 1 at least \(--time-bins\)"),
        ("min_cells", 1, r"min_cells is 1; it must be 2 at least \(--min-cells\)"),
        ("max_q", 0.0, r"max_q is 0, .* above 0 and up to 1 \(--max-q\)"),
        ("max_q", 1.5, "max_q is 1.5"),
        ("max_q", float("nan"), "max_q is nan"),
        ("penalty", -0.1, r"penalty is -0.1; it must be 0 or more.* \(--penalty\)"),
        ("penalty", float("nan"), "penalty is nan"),
        ("penalty", float("inf"), "penalty is inf"),
    ],
)
def test_numbers_without_meaning(name: str, value: float, said: str) -> None:
    check_numbers(**NUMBERS)
    with pytest.raises(BadValues, match=said):
        check_numbers(**{**NUMBERS, name: value})


def test_the_least_and_the_most_that_mean_something() -> None:
    check_numbers(max_edges=1, n_bootstraps=0, max_q=1e-9, n_trees=1, time_bins=1, min_cells=2, penalty=0.0)


@pytest.mark.parametrize(
    ("method", "asked", "said"),
    [
        ("ridge", {"mask": "hard"}, r"hard mask.* no prior.*--prior"),
        ("ridge", {"members": ("trees",)}, r"'ridge' has no members.*--method consensus"),
        ("ridge", {"members": ("nonsense",)}, r"'ridge' has no members"),
        ("ridge", {"n_trees": 80}, r"'ridge' grows no trees.*--trees.*--method trees"),
        ("consensus", {"members": ("ridge",), "n_trees": 80}, r"ridge grows no trees.*--member trees"),
        ("trees", {"penalty": 0.1}, "'trees' takes no penalty.*ridge"),
        ("consensus", {"members": ("trees", "correlation"), "penalty": 3.0}, r"trees, correlation.* no penalty"),
        ("trees", {"dask": "local"}, "'trees' looks at all cells at once"),
    ],
)
def test_what_nothing_would_look_at(method: str, asked: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_uses(find_method(method), **{**USES, **asked})


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        *((name, {}) for name in METHODS),
        ("ridge", {"mask": "hard", "prior": ("string",), "dask": "local", "penalty": 0.1}),
        ("trees", {"n_trees": 80}),
        ("consensus", {"n_trees": 80, "penalty": 0.1}),
        ("consensus", {"members": ("trees", "ridge"), "n_trees": 80, "penalty": 0.1}),
    ],
)
def test_what_something_looks_at_passes(method: str, asked: dict[str, object]) -> None:
    check_uses(find_method(method), **{**USES, **asked})


def test_who_takes_part() -> None:
    def names(method: str, *members: str) -> list[str]:
        return [m.name for m in taking_part(find_method(method), members)]

    assert names("ridge") == ["ridge"]
    assert names("consensus") == ["ridge", "trees", "dynamic", "interventional"]
    assert names("consensus", "correlation", "ridge", "ridge") == ["correlation", "ridge"]
    with pytest.raises(UnknownName, match="No method 'nonsense'"):
        names("consensus", "nonsense")


def test_the_verb_checks_before_it_looks_at_anything(tmp_path: object) -> None:
    with Store(tmp_path) as store:
        for wrong in ({"max_edges": 0}, {"mask": "hard"}, {"members": ["trees"]}, {"n_trees": 80}):
            with pytest.raises(InputError, match=next(iter(wrong)).split("_")[-1].rstrip("s")):
                infer_regulation(store, "nowhere", **wrong)
