"""What every predictor promises: finite answers of the right shape, blind to tests and to order, none in silence."""

import numpy as np
import pytest

from perturbome.models.contracts import FitReport
from perturbome.models.data import Condition
from perturbome.models.predictors.features import Features, GeneMatrix
from perturbome.models.predictors.registry import PREDICTORS, find_predictor, predictors
from perturbome.platform.errors import UnknownName

from .conftest import GENES, divided, hidden_features, simulate

FEATURES = Features(embeddings={"text": GeneMatrix(tuple(GENES[:25]), hidden_features()[:25])})
WHAT = [(), *((i,) for i in range(8)), (0, 1), (2, 3), (4, 5), (0, 2)]
HELD = {"knockout:G07::K562", "knockout:G06::A549", "knockout:G00+G01::A549"}
STRANGE = ("knockout:G27::A549", "knockout:G28+G29::K562", "activation:G01::A549", "compound:JQ1@1::K562")


def data(**changes):
    arguments = simulate(WHAT, ("A549", "K562"), cells=8)
    return divided({**arguments, **changes}, lambda name: name in HELD)


@pytest.fixture(scope="module")
def screen():
    return data()


def fitted(name, data):
    predictor = find_predictor(name).factory()
    report = predictor.fit(data.hidden(), FEATURES, seed=1)
    return predictor, report


@pytest.mark.parametrize("name", PREDICTORS)
def test_answers_are_finite_of_the_right_shape_and_units(name, screen):
    predictor, report = fitted(name, screen)
    found = predictor.predict(screen.test.conditions)
    assert isinstance(report, FitReport)
    assert report.n_perturbations == len(screen.training)
    assert found.delta.shape == (3, len(GENES)) == (len(found.how), len(GENES))
    assert np.isfinite(found.delta).all()
    assert np.abs(found.delta).max() < 10 * np.abs(screen.training.delta).max()
    assert found.variance is None or (found.variance >= 0).all()


@pytest.mark.parametrize("name", PREDICTORS)
def test_what_cannot_be_answered_is_said_of_each_condition(name, screen):
    predictor, _ = fitted(name, screen)
    asked = [Condition.parse(n) for n in STRANGE]
    found = predictor.predict(asked)
    assert np.isfinite(found.delta).all()
    for condition, how in zip(asked, found.how, strict=True):
        if how != predictor.name:
            assert any(condition.name in sentence for sentence in found.said)
    if name != "no change":
        assert all(how != predictor.name for how in found.how[2:])  # another kind is never answered as if it were known


@pytest.mark.parametrize("name", PREDICTORS)
def test_order_of_conditions_asked_and_of_cells_does_not_matter(name, screen):
    predictor, _ = fitted(name, screen)
    asked = screen.test.conditions
    there, back = predictor.predict(asked), predictor.predict(asked[::-1])
    assert np.allclose(there.delta, back.delta[::-1], atol=1e-10)
    arguments = simulate(WHAT, ("A549", "K562"), cells=8)
    order = np.random.default_rng(0).permutation(len(arguments["x"]))
    turned = {k: [arguments[k][i] for i in order] for k in ("perturbation", "cell_type", "names")}
    again, _ = fitted(name, data(x=arguments["x"][order], **turned))
    assert np.allclose(there.delta, again.predict(asked).delta, atol=1e-3)


@pytest.mark.parametrize("name", PREDICTORS)
def test_what_is_held_out_cannot_matter(name, screen):
    """Other expression in the cells of the test conditions changes nothing."""
    arguments = simulate(WHAT, ("A549", "K562"), cells=8)
    label = [f"{p}::{t}" for p, t in zip(arguments["perturbation"], arguments["cell_type"], strict=True)]
    x = np.where(np.isin(label, list(HELD))[:, None], arguments["x"] + 3, arguments["x"])
    one, _ = fitted(name, screen)
    two, _ = fitted(name, data(x=x))
    asked = screen.test.conditions
    assert np.array_equal(one.predict(asked).delta, two.predict(asked).delta)


def test_records_are_complete_and_named_as_the_predictors_name_themselves():
    assert {r.id for r in PREDICTORS.values()} == {"B0", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "K"}
    for record in PREDICTORS.values():
        assert record.meaning
        assert record.source
        assert record.name.startswith(record.factory().name)


def test_found_by_name_or_by_what_there_is():
    assert find_predictor("prior-kernel").id == "K"
    assert {r.id for r in PREDICTORS.values()} - {r.id for r in predictors(without=("features",))} == {"B6"}
    with pytest.raises(UnknownName, match="bilinear ridge"):
        find_predictor("bilinear rigde")
