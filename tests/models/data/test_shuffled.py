"""Shuffled labels: the same cells and numbers of cells, moments of what each label now has, and nothing between."""

from dataclasses import replace

import numpy as np
import pytest

from perturbome.models.data import from_arrays
from perturbome.models.data.control_halves import PARTS
from perturbome.models.data.shuffled import shuffled_labels
from perturbome.platform.errors import ModelError


@pytest.fixture(scope="module")
def arguments():
    rng = np.random.default_rng(0)
    perturbation = ["control"] * 60 + ["A"] * 20 + ["B"] * 30
    labels = [p if p == "control" else f"knockout:{p}" for p in perturbation] * 2
    x = rng.gamma(2, 1, (220, 6)) + 3 * (np.array(labels) == "knockout:A")[:, None]
    return {
        "x": x, "perturbation": labels, "genes": list("ABCDEF"), "cell_type": ["one"] * 110 + ["two"] * 110,
        "names": [f"cell{i}" for i in range(220)], "n_genes": None,
    }  # fmt: skip


@pytest.fixture(scope="module")
def data(arguments):
    return from_arrays(**arguments)


def test_every_label_keeps_its_number_of_cells_and_has_the_moments_of_those_it_got(data):
    drawn = shuffled_labels(data, 1)
    np.testing.assert_array_equal(drawn.treated.n, data.treated.n)
    np.testing.assert_array_equal(drawn.controls.n, data.controls.n)
    x = data.cells.expression.toarray()
    for k in range(len(data.conditions)):
        np.testing.assert_allclose(drawn.treated.mean[k], x[drawn.cells.rows(k)].mean(axis=0), rtol=1e-5)
    total = drawn.treated.total.sum(axis=0) + drawn.controls.total.sum(axis=0)
    np.testing.assert_allclose(total, data.treated.total.sum(axis=0) + data.controls.total.sum(axis=0))


def test_cells_stay_in_their_context(data):
    drawn = shuffled_labels(data, 1)
    context = np.concatenate([data.context, np.repeat(np.arange(2), PARTS)])
    np.testing.assert_array_equal(context[drawn.cells.group], context[data.cells.group])
    assert (drawn.cells.code != data.cells.code).mean() > 0.5


def test_no_effect_is_left_and_seeds_draw_others(data):
    drawn = [shuffled_labels(data, seed) for seed in range(20)]
    size = [abs(d.table(["knockout:A::one"]).delta).mean() for d in drawn]
    assert max(size) < 1.5 < abs(data.table(["knockout:A::one"]).delta).mean()
    assert len({d.hash for d in drawn}) == 20
    np.testing.assert_array_equal(shuffled_labels(data, 3).cells.code, drawn[3].cells.code)


def test_the_order_of_cells_in_the_file_does_not_matter(arguments, data):
    order = np.random.default_rng(5).permutation(220)
    other = dict(arguments)
    for name in ("perturbation", "cell_type", "names"):
        other[name] = [arguments[name][i] for i in order]
    other["x"] = arguments["x"][order]
    np.testing.assert_allclose(
        shuffled_labels(from_arrays(**other), 2).treated.mean, shuffled_labels(data, 2).treated.mean
    )


def test_without_single_cells_nothing_can_be_exchanged(data):
    with pytest.raises(ModelError, match="cells=True"):
        shuffled_labels(replace(data, cells=replace(data.cells, matrix=None)))
