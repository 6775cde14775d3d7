"""Times, text and the roles of columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from perturbome.ingest.experiment.columns import ROLES, as_text, find_column, read_times


@pytest.mark.parametrize(
    ("values", "name", "expected", "unit"),
    [
        ([0, 24], "time", [0, 24], None),
        ([0, 24], "hours", [0, 24], "hour"),
        ([10, 10.5], "day", [10, 10.5], "day"),
        (["24h", "0 hr"], "time", [24, 0], "hour"),
        (["day 10", "D2.5"], "timepoint", [10, 2.5], "day"),
        (["E8.5", "E8.75"], "stage", [8.5, 8.75], "day"),
        (["0", None], "time", [0, np.nan], None),
        (["T0", "t3"], "time_h", [0, 3], "hour"),
        (["6 weeks", "8wk"], "time", [6, 8], "week"),
        (pd.Categorical([10.0, 10.5]), "day", [10, 10.5], "day"),
        (pd.Categorical(["1d", None]), "time", [1, np.nan], "day"),
    ],
)
def test_times_are_read(values: object, name: str, expected: list[float], unit: str | None) -> None:
    found = read_times(pd.Series(values, name=name))
    np.testing.assert_array_equal(found.values, expected)
    assert (found.unit, found.unreadable) == (unit, None)


@pytest.mark.parametrize("values", [["Rest", "Stim8hr"], ["1h", "2d"], ["early", "late"]])
def test_what_is_no_time_is_said(values: list[str]) -> None:
    assert read_times(pd.Series(values, name="time")).unreadable


def test_text_of_any_column() -> None:
    assert as_text(pd.Series([1.0, 2.5, np.nan])).tolist() == ["1", "2.5", None]
    assert as_text(pd.Series(pd.Categorical(["a", None, "b"]))).tolist() == ["a", None, "b"]
    assert as_text(pd.Series([b"x", "y"])).tolist() == ["x", "y"]
    assert as_text(pd.Series([], dtype=object)).tolist() == []


def test_the_first_name_in_order_wins_and_the_rest_is_said() -> None:
    obs = pd.DataFrame(
        {"leiden": ["1", "2"], "CellType": ["B", "T"], "empty": [None, None], "celltype_fine": ["b", "t"]}
    )
    column, said = find_column(obs, ROLES["cell_type"], None, "x")
    assert column == "CellType"
    assert "leiden" in said
    assert "--cell-type-column" in said
