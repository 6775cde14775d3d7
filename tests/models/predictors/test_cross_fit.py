"""Left-out predictions against a loop by hand; truth, prediction and judge share no control cell."""

import numpy as np
import pytest

from perturbome.models.data import from_arrays, unseen_single
from perturbome.models.predictors.averages import NoChange, PerturbedMean
from perturbome.models.predictors.bilinear import Bilinear
from perturbome.models.predictors.cross_fit import cross_fit
from perturbome.models.predictors.prior_kernel import PriorKernel
from perturbome.platform.errors import ModelError, UnknownName

from .conftest import GENES, divided, simulate

WHAT = [(), *((i,) for i in range(16))]
MAKERS = {"mean": PerturbedMean, "none": NoChange}


def screen(x=None):
    arguments = simulate(WHAT, cells=10)
    data = from_arrays(**arguments if x is None else {**arguments, "x": x})
    return data.with_split(unseen_single(data.conditions, seed=2))


def control_part(part):
    """Rows of the control cells of one part."""
    data = screen()
    return np.flatnonzero(data.cells.code == -1 - part)


def test_the_perturbed_mean_by_hand():
    data = screen()
    found = cross_fit(MAKERS, data.hidden())
    rows = data.rows(data.split.train)
    treated, control = data.treated.mean[rows], data.controls.mean
    assert found.table.names == tuple(data.names[i] for i in rows)
    assert np.allclose(found.table.delta, treated - control[2])
    assert np.allclose(found.start, control[3])
    for i in range(len(rows)):
        others = treated[found.fold != found.fold[i]].mean(axis=0)
        assert np.allclose(found.delta["mean"][i], others - control[3])
    assert np.array_equal(found.delta["none"], np.zeros_like(treated))
    assert set(found.how["mean"]) == {"perturbed mean"}
    assert set(found.novelty) == {"single, never seen"}
    assert len(found) == found.n_units == len(rows)


@pytest.mark.parametrize("part", [0, 1])
def test_the_judges_controls_and_test_cells_cannot_matter(part):
    data = screen()
    x = simulate(WHAT, cells=10)["x"].copy()
    x[control_part(part)] += 3
    test = [i for i, p in enumerate(data.cells.code) if p >= 0 and data.names[p] in data.split.test]
    x[test] += 3
    one, two = cross_fit(MAKERS, data.hidden()), cross_fit(MAKERS, screen(x).hidden())
    assert np.array_equal(one.table.delta, two.table.delta)
    assert np.array_equal(one.delta["mean"], two.delta["mean"])


def test_left_out_truth_and_prediction_share_no_control_cell():
    one, x = cross_fit(MAKERS, screen().hidden()), simulate(WHAT, cells=10)["x"]
    truth, start = x.copy(), x.copy()
    truth[control_part(2)] += 3
    start[control_part(3)] += 3
    two, three = cross_fit(MAKERS, screen(truth).hidden()), cross_fit(MAKERS, screen(start).hidden())
    assert np.allclose(two.table.delta, one.table.delta - 3, atol=1e-5)
    assert np.array_equal(two.delta["mean"], one.delta["mean"])
    assert np.array_equal(three.table.delta, one.table.delta)
    assert np.allclose(three.delta["mean"], one.delta["mean"] - 3, atol=1e-5)


def test_one_set_of_targets_is_one_unit_in_all_contexts():
    data = from_arrays(**simulate(WHAT, ("A549", "K562"), cells=4))
    found = cross_fit(MAKERS, data.with_split(unseen_single(data.conditions, seed=0)).hidden())
    assert found.n_units == len(found) / 2
    for unit in range(found.n_units):
        assert len(np.unique(found.fold[found.unit == unit])) == 1
        assert len({c.targets for c, u in zip(found.table.conditions, found.unit, strict=True) if u == unit}) == 1


def test_a_predictor_that_a_fold_is_too_small_for_is_left_out_and_it_is_said():
    data = divided(simulate(WHAT[:7], cells=4), lambda name: "G00" in name or "G01" in name)
    found = cross_fit({**MAKERS, "kernel": PriorKernel}, data.hidden())
    assert set(found.delta) == set(found.how) == set(MAKERS)
    assert "kernel could not be fitted" in found.said[0]
    with pytest.raises(UnknownName):
        cross_fit({"b": lambda: Bilinear("nothing of that name")}, data.hidden())


def test_nothing_to_divide_and_nothing_to_measure_against():
    data = divided(simulate(WHAT[:4], cells=4), lambda name: "G00" not in name)
    assert cross_fit(MAKERS, data.hidden()) is None
    whole = screen()
    with pytest.raises(ModelError, match="halved already"):
        cross_fit(MAKERS, whole.tuning(None).hidden() if whole.split.validation else whole.hidden())


def test_own_targets_are_marked():
    found = cross_fit(MAKERS, screen().hidden())
    own = found.table.own()
    for i, c in enumerate(found.table.conditions):
        assert [GENES[j] for j in np.flatnonzero(own[i])] == list(c.targets)
