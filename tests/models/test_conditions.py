"""Conditions read from a store, the halves of their cells, and the SD that weights are given in."""

import numpy as np
import polars as pl
import pytest

from perturbome.models.conditions import choose_dataset, halves, read_conditions
from perturbome.models.spread import read_strata
from perturbome.platform.errors import NothingFound, UnknownName


def test_conditions_are_the_means_of_their_cells(shared_study):
    data = read_conditions(shared_study, "study")
    expression = shared_study.expression("study")
    control = expression.cells["control"].to_numpy()
    np.testing.assert_allclose(data.control.mean[0], expression.X[control].toarray().mean(axis=0), rtol=1e-5)
    row = data.ids.index("knockout:REG3")
    carries = (expression.cells["perturbation"] == "knockout:REG3").to_numpy()
    np.testing.assert_allclose(data.treated.mean[row], expression.X[carries].toarray().mean(axis=0), rtol=1e-5)
    assert data.targets[row] == (3,)
    assert data.own()[row].nonzero()[0].tolist() == [3]
    assert data.too_few == {"knockout:G50": 2}


def test_halves_are_disjoint_equal_and_seeded():
    group = np.repeat([-1, 0, 1, 2], [7, 10, 11, 1])
    half = halves(group, seed=1)
    for g in range(3):
        ones = (half[group == g] == 1).sum()
        assert ones == (group == g).sum() // 2
    assert (half == halves(group, seed=1)).all()
    assert (half != halves(group, seed=2)).any()


def test_both_halves_make_the_whole(shared_study):
    data = read_conditions(shared_study, "study", seed=4)
    assert abs(data.controls.n[0] - data.controls.n[1]) <= 1
    np.testing.assert_allclose((data.delta(0) + data.delta(1)) / 2, data.delta(), atol=1e-6)


def test_a_context_is_its_cell_type(shared_study):
    data = read_conditions(shared_study, "study", "two")
    cells = shared_study.expression("study").cells
    assert data.control.n[0] == cells.filter(pl.col("control") & (pl.col("cell_type") == "two")).height


def test_a_context_without_controls_says_which_have_some(shared_study):
    with pytest.raises(
        NothingFound, match=r"no control cells in the context 'three'.*Contexts with controls: one, two"
    ):
        read_conditions(shared_study, "study", "three")


def test_unknown_names_list_the_known(shared_study):
    with pytest.raises(UnknownName, match="Known: all, one, three, two"):
        read_conditions(shared_study, "study", "seven")
    with pytest.raises(UnknownName, match="Did you mean 'study'"):
        choose_dataset(shared_study, "studdy")
    assert choose_dataset(shared_study, None) == "study"


@pytest.mark.parametrize("by", [[], ["cell_type"], ["time"], ["cell_type", "time"]], ids="-".join)
@pytest.mark.parametrize("control_only", [False, True])
def test_spread_is_within_the_groups_asked_for(shared_study, by, control_only):
    expression = shared_study.expression("study")
    strata = read_strata(expression, np.ones(expression.shape[0], dtype=bool))
    found = strata.sd(by_cell_type="cell_type" in by, by_time="time" in by, control_only=control_only)
    x = pl.DataFrame(expression.X.toarray()[:, :3].astype(float))
    frame = pl.concat([expression.cells, x], how="horizontal").filter(pl.col("control") | (not control_only))
    groups = frame.with_columns(one=1).group_by("one", *by)
    squares = groups.agg(((pl.col(name) - pl.col(name).mean()) ** 2).sum() for name in x.columns)
    total = squares.select(x.columns).sum().to_numpy()[0]
    np.testing.assert_allclose(found[:3], np.sqrt(total / (frame.height - squares.height)), rtol=1e-5)
