"""B4 against scikit-learn's ridge and by hand; it beats B1 where effects carry over, and says where it cannot."""

import numpy as np
import pytest

from perturbome.models.data import Condition
from perturbome.models.predictors.averages import PerturbedMean
from perturbome.models.predictors.transfer import MeanShift, shrunk_regression
from perturbome.platform.errors import UnknownName

from .conftest import divided, simulate


def ask(predictor, data, conditions=None):
    predictor.fit(data.hidden())
    return predictor.predict(data.test.conditions if conditions is None else conditions)


def test_regression_is_ridge_gene_by_gene():
    linear_model = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(0)
    x, y, new = rng.normal(size=(9, 6)), rng.normal(size=(9, 6)), rng.normal(size=6)
    found = shrunk_regression(x, y, new, 0.7)
    alpha = 0.7 * np.mean(np.sum((x - x.mean(axis=0)) ** 2, axis=0))
    ridge = [linear_model.Ridge(alpha=alpha).fit(x[:, [g]], y[:, g]).predict([[new[g]]])[0] for g in range(6)]
    assert np.allclose(found, ridge, atol=1e-10)
    assert np.allclose(shrunk_regression(x, y, new, 1e12), y.mean(axis=0))


def test_copy_and_average_by_hand():
    data = divided(simulate([(), (0,), (1,)], ("A549", "HeLa", "K562")), lambda name: "G01::K562" in name)
    row = {n[9:]: d for n, d in zip(data.training.names, data.training.delta, strict=True)}
    assert np.allclose(ask(MeanShift("copy", source="HeLa"), data).delta[0], row["G01::HeLa"])
    assert np.allclose(ask(MeanShift("average"), data).delta[0], (row["G01::HeLa"] + row["G01::A549"]) / 2)
    by_hand = shrunk_regression(
        ((row["G00::HeLa"] + row["G00::A549"]) / 2)[None], row["G00::K562"][None],
        (row["G01::HeLa"] + row["G01::A549"]) / 2, 1.0,
    )  # fmt: skip
    assert np.allclose(ask(MeanShift("regression"), data).delta[0], by_hand)


def test_it_beats_the_mean_where_effects_carry_over(transfer):
    truth = transfer.test.delta
    mean = np.mean((ask(PerturbedMean(), transfer).delta - truth) ** 2)
    for way in ("copy", "average", "regression"):
        found = ask(MeanShift(way), transfer)
        assert np.mean((found.delta - truth) ** 2) < mean
        assert found.said == ()


def test_a_context_of_controls_only_takes_the_average_and_says_so():
    data = divided(simulate([(), (0,), (1,)], ("A549", "K562")), lambda name: name.endswith("K562"))
    found = ask(MeanShift("regression"), data)
    assert np.allclose(found.delta, data.training.delta)
    assert set(found.how) == {"mean shift, as no perturbation is shared"}


def test_a_perturbation_seen_nowhere_else_is_the_mean_and_says_so(transfer):
    found = ask(MeanShift(), transfer, [Condition.parse("knockout:G25::K562")])
    here = [c.context.name == "K562" for c in transfer.training.conditions]
    assert np.allclose(found.delta[0], transfer.training.delta[here].mean(axis=0))
    assert "not measured in another context" in found.how[0]
    assert "G25" in found.said[0]


def test_an_unknown_source_is_refused(transfer):
    with pytest.raises(UnknownName, match="A549"):
        MeanShift("copy", source="A540").fit(transfer.hidden())
