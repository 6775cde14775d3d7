"""B0 to B3 against plain means, exact on additive truth, and honest about what was not seen."""

import numpy as np
import pytest

from perturbome.models.data import Condition
from perturbome.models.predictors.averages import Additive, MatchingMean, NoChange, PerturbedMean
from perturbome.platform.errors import ModelError, UnknownName

from .conftest import GENES, divided, simulate


def ask(predictor, data):
    predictor.fit(data.hidden())
    return predictor.predict(data.test.conditions)


def test_no_change_is_zero(singles):
    found = ask(NoChange(), singles)
    assert found.delta.shape == (5, len(GENES))
    assert not found.delta.any()
    assert found.said == ()


def test_mean_over_conditions_and_over_cells(singles):
    train = singles.training
    assert np.allclose(ask(PerturbedMean(), singles).delta, train.delta.mean(axis=0))
    cells = [i for n in train.names for i in singles.cells.rows(singles.names.index(n))]
    by_hand = singles.cells.expression[cells].toarray().mean(axis=0, dtype=np.float64) - singles.control("A549")
    assert np.allclose(ask(PerturbedMean(by_cells=True), singles).delta, by_hand, atol=1e-6)


def test_cells_count_where_conditions_differ_in_cells():
    arguments = simulate([(), (0,), (1,), (2,)])
    small = [p == "knockout:G01" for p in arguments["perturbation"]]
    keep = np.flatnonzero(~np.array(small) | (np.cumsum(small) <= 5))
    arguments["x"] = arguments["x"][keep]
    for what in ("perturbation", "cell_type", "names"):
        arguments[what] = [arguments[what][i] for i in keep]
    data = divided(arguments, lambda name: "G02" in name)
    a, b = data.training.delta
    assert np.allclose(ask(PerturbedMean(), data).delta[0], (a + b) / 2)
    assert np.allclose(ask(PerturbedMean(by_cells=True), data).delta[0], (20 * a + 5 * b) / 25)


def test_a_context_without_training_takes_the_mean_of_others_and_says_so():
    data = divided(simulate([(), (0,), (1,)], ("A549", "HeLa", "K562")), lambda name: name.endswith("K562"))
    found = ask(PerturbedMean(), data)
    assert np.allclose(found.delta, data.training.delta.mean(axis=0))
    assert set(found.how) == {"perturbed mean of other contexts"}
    assert "2 of 2 conditions" in found.said[0]


def test_another_kind_of_perturbation_is_not_averaged(singles):
    predictor = PerturbedMean()
    predictor.fit(singles.hidden())
    found = predictor.predict([Condition.parse("activation:G01::A549")])
    assert not found.delta.any()
    assert found.how == ("no change",)


def test_matching_mean(doubles):
    found = ask(MatchingMean(), doubles)
    train = doubles.training
    single = {n[9:12]: row for n, row in zip(train.names, train.delta, strict=True) if "+" not in n}
    mean = train.delta.mean(axis=0)
    assert [c.targets for c in found.conditions] == [("G00", "G01"), ("G00", "G20"), ("G20", "G21")]
    assert np.allclose(found.delta[0], (single["G00"] + single["G01"]) / 2)
    assert np.allclose(found.delta[1], (single["G00"] + mean) / 2)
    assert np.allclose(found.delta[2], mean)
    assert found.how[0] == "matching mean"
    assert "perturbed mean for a target" in found.how[1]
    assert found.how[2] == "perturbed mean"


def test_additive_sums_singles_and_says_where_it_cannot(doubles):
    found = ask(Additive(), doubles)
    train = doubles.training
    single = {n[9:12]: row for n, row in zip(train.names, train.delta, strict=True) if "+" not in n}
    assert np.allclose(found.delta[0], single["G00"] + single["G01"])
    assert np.allclose(found.delta[1:], train.delta.mean(axis=0))
    assert found.how[0] == "sum of single effects"
    assert all("not measured" in how for how in found.how[1:])
    assert "2 of 3 conditions" in found.said[0]


def test_additive_is_exact_on_additive_truth():
    data = divided(simulate([(), (0,), (1,), (2,), (0, 1), (1, 2)], noise=0), lambda name: "+" in name)
    assert np.allclose(ask(Additive(), data).delta, data.test.delta, atol=1e-5)


def test_the_order_of_conditions_and_genes_does_not_matter(doubles):
    for make in (PerturbedMean, MatchingMean, Additive):
        predictor = make()
        predictor.fit(doubles.hidden())
        asked = doubles.test.conditions
        there, back = predictor.predict(asked), predictor.predict(asked[::-1])
        assert np.array_equal(there.delta, back.delta[::-1])
        assert there.how == back.how[::-1]


def test_asked_too_early_or_elsewhere(singles):
    with pytest.raises(ModelError, match="before it was fitted"):
        Additive().predict(singles.test.conditions)
    predictor = Additive()
    predictor.fit(singles.hidden())
    with pytest.raises(UnknownName, match="A549"):
        predictor.predict([Condition.parse("knockout:G01::A540")])
