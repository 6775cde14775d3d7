"""Growth rates from a file, and the errors of one that does not fit."""

from __future__ import annotations

import numpy as np
import pytest

from perturbome.ingest.transitions.growth import growth_of, read_growth
from perturbome.platform.errors import BadValues, MissingColumn, UnreadableFile


def test_a_table_of_two_columns(tmp_path) -> None:
    (tmp_path / "g.csv").write_text("cell,growth,note\na,1.5,x\nb,0.5,y\n")
    (tmp_path / "g.tsv").write_text("cell\tgrowth\na\t1.5\nb\t0.5\n")
    for name in ("g.csv", "g.tsv"):
        growth = read_growth(tmp_path / name)
        np.testing.assert_array_equal(growth_of(np.array(["b", "a"], object), growth), [0.5, 1.5])


def test_what_does_not_fit_is_said(tmp_path) -> None:
    (tmp_path / "g.csv").write_text("name,growth\na,1.5\n")
    with pytest.raises(MissingColumn, match=r"'cell'.*Available: name, growth"):
        read_growth(tmp_path / "g.csv")
    (tmp_path / "g.csv").write_text("cell,growth\na,fast\n")
    with pytest.raises(BadValues, match=r"cell 'a' is 'fast'"):
        read_growth(tmp_path / "g.csv")
    with pytest.raises(UnreadableFile, match="cannot be read"):
        read_growth(tmp_path / "none.csv")
    with pytest.raises(BadValues, match=r"1 of 2 cells have no growth rate, such as 'b'"):
        growth_of(np.array(["a", "b"], object), {"a": 1.0})
    with pytest.raises(BadValues, match=r"cell 'b' is -1"):
        growth_of(np.array(["a", "b"], object), {"a": 1.0, "b": -1.0})
