"""Which clock orders the cells, and what is said of it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from perturbome.ingest.transitions.clock import are_points, choose_clock
from perturbome.platform.errors import InputError

NOTHING = [None] * 4
RISING = [0.1, 0.2, 0.3, 0.4]


def cells(time: list, pseudotime: list) -> pl.DataFrame:
    kinds = {"time": pl.Float32, "pseudotime": pl.Float32}
    return pl.DataFrame({"time": time, "pseudotime": pseudotime}, schema=kinds)


def test_the_clock_is_chosen_aloud() -> None:
    both = cells([0, 0, 6, 6], RISING)
    assert choose_clock(both, "toy", "auto")[0] == "time"
    assert choose_clock(both, "toy", "pseudotime")[0] == "pseudotime"
    assert choose_clock(both, "toy", "dpt")[0] == "dpt"
    name, values, said = choose_clock(cells([6, 6, 6, 6], RISING), "toy", "auto")
    assert name == "pseudotime"
    np.testing.assert_allclose(values, RISING, rtol=1e-6)
    assert "one time point only" in said[0]
    assert "4 distinct" in said[1]


def test_without_an_order_one_is_computed() -> None:
    assert choose_clock(cells(NOTHING, NOTHING), "toy", "auto")[0::2] == ("dpt", [])
    name, _, said = choose_clock(cells([6, 6, 6, 6], NOTHING), "toy", "auto")
    assert name == "dpt"
    assert "one time point only" in said[0]
    assert choose_clock(cells([6, 6, 6, 6], [float("nan")] * 4), "toy", "auto")[0] == "dpt"


def test_what_was_asked_for_and_is_not_there_is_an_error_that_says_how_to_mend_it() -> None:
    with pytest.raises(InputError, match=r"has no pseudotime.*--time time takes.*--pseudotime-column"):
        choose_clock(cells([0, 0, 6, 6], NOTHING), "toy", "pseudotime")
    with pytest.raises(InputError, match=r"has no time.*--time dpt computes"):
        choose_clock(cells(NOTHING, NOTHING), "toy", "time")
    _, _, said = choose_clock(cells([6, 6, 6, 6], NOTHING), "toy", "time")
    assert "the graph has no edges" in said[1]


def test_few_measured_times_are_points() -> None:
    assert are_points("time", np.repeat([0.0, 6, 12], 5))
    assert not are_points("time", np.arange(101.0))
    assert not are_points("pseudotime", np.repeat([0.0, 0.5, 1], 5))
