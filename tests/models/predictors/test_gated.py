"""The gated model is the best baseline unless left-out conditions say that the model is better; then it is better."""

from dataclasses import replace

import numpy as np
import pytest

from perturbome.models.data import Condition, Split, from_arrays, unseen_context, unseen_double
from perturbome.models.predictors.averages import PerturbedMean
from perturbome.models.predictors.feature_regression import FeatureRegression
from perturbome.models.predictors.features import Features, GeneMatrix
from perturbome.models.predictors.gated import Gated
from perturbome.models.predictors.multi_hot import LinearAdditive
from perturbome.models.predictors.prior_kernel import PriorKernel
from perturbome.models.predictors.registry import make_predictor
from perturbome.platform.errors import ModelError, UnknownName

from .conftest import GENES, N_GENES, divided, hidden_features, simulate
from .test_inner_splits import MAKERS
from .test_inner_splits import WHAT as PAIRS_AND_SINGLES

WHAT = [(), *((i,) for i in range(28))]
HELD = {"G24", "G25", "G26", "G27"}


def text(values):
    return Features(embeddings={"text": GeneMatrix(tuple(GENES), values)})


def shuffled(seed):
    return text(hidden_features()[np.random.default_rng(seed).permutation(N_GENES)])


@pytest.fixture(scope="module")
def screen():
    return divided(simulate(WHAT), lambda name: name[9:12] in HELD)


def fitted(data, features=None, model="prior kernel", **options):
    predictor = make_predictor(f"gated {model}", **options)
    return predictor, predictor.fit(data.hidden(), features)


def squared(delta, data):
    return np.mean((delta - data.test.delta)[~data.test.own()] ** 2)


def test_a_model_that_knows_what_decides_effects_opens_the_gate_and_is_better(screen):
    model, report = fitted(screen, text(hidden_features()), base="perturbed mean")
    found = model.predict(screen.test.conditions)
    gamma = report.numbers["gamma, single, never seen"]
    assert 0.5 < gamma <= 1
    assert np.array_equal(found.gate, np.full(4, gamma))
    alone = PriorKernel()
    alone.fit(screen.hidden(), text(hidden_features()))
    plain = alone.predict(screen.test.conditions)
    assert np.allclose(found.delta, found.baseline + gamma * (plain.delta - found.baseline))
    assert np.allclose(found.variance, plain.variance + (1 - gamma) ** 2 * (plain.delta - found.baseline) ** 2)
    assert squared(found.delta, screen) < 0.7 * squared(found.baseline, screen)
    assert report.numbers["error of gated prior kernel"] < 0.7 * report.numbers["error of perturbed mean"]
    assert report.numbers["gain"] > 2 * report.numbers["error of the gain"] > 0
    assert "The gate is open" in " ".join(report.said)
    assert "as asked" in " ".join(report.said)
    assert set(found.how) == {"gated prior kernel"}
    assert found.said == ()
    assert np.all(found.lower < found.delta)
    assert np.all(found.delta < found.upper)


@pytest.mark.parametrize("model", ["prior kernel", "feature kernel ridge", "bilinear ridge"])
def test_closed_it_is_the_baseline_bit_by_bit(model, screen):
    gated, report = fitted(screen, shuffled(1), model)
    found = gated.predict(screen.test.conditions)
    baseline = PerturbedMean()
    baseline.fit(screen.hidden())
    there = baseline.predict(screen.test.conditions).delta
    assert "'perturbed mean' was taken" in " ".join(report.said)
    assert np.array_equal(found.delta, there)
    assert np.array_equal(found.baseline, there)
    assert found.baseline_how == ("perturbed mean",) * 4
    assert not found.gate.any()
    assert found.variance is None
    assert all(h.startswith("perturbed mean, as ") for h in found.how)
    assert "G24" in found.said[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "seeds"),
    [
        ("prior kernel", {}, 8),
        ("feature kernel ridge", {"penalty": 0.3}, 30),
        ("feature elastic net", {"share": 0.03}, 30),
    ],
)
def test_shuffled_labels_keep_it_closed_in_nearly_all_draws(name, options, seeds):
    opened, harm = 0, []
    for seed in range(seeds):
        data = divided(simulate(WHAT, seed=seed), lambda n: n[9:12] in HELD)
        model, _ = fitted(data, text(np.random.default_rng(seed + 500).normal(size=(N_GENES, 3))), name, **options)
        found = model.predict(data.test.conditions)
        opened += bool(found.gate.any())
        harm.append(squared(found.delta, data) / squared(found.baseline, data))
    assert opened <= 1
    assert max(harm) < 1.1


def test_the_baseline_is_chosen_by_left_out_errors_and_it_is_said(screen):
    _, report = fitted(screen, text(hidden_features()), "bilinear ridge")
    errors = {k.removeprefix("error of "): v for k, v in report.numbers.items() if k.startswith("error of ")}
    assert errors["feature kernel ridge"] < 0.6 * errors["perturbed mean"]
    assert any("'feature kernel ridge' was taken" in s for s in report.said)
    pairs = [(i, j) for i in range(9) for j in range(i + 1, 9) if (i + j) % 2]
    data = from_arrays(**simulate([(), *((i,) for i in range(9)), *pairs], noise=0.2))
    data = data.with_split(unseen_double(data.conditions, 2, seed=0))
    model, report = fitted(data, None, "bilinear ridge")
    assert any("'linear additive' was taken" in s for s in report.said)  # it learns from the other pairs as well
    assert report.numbers["error of sum of single effects"] < 0.1 * report.numbers["error of perturbed mean"]
    found, additive = model.predict(data.test.conditions), LinearAdditive()
    additive.fit(data.hidden())
    assert np.array_equal(found.baseline, additive.predict(data.test.conditions).delta)
    assert report.numbers["left-out conditions, combination, all of its targets seen"] > 5


def test_conditions_that_the_model_does_not_answer_are_the_baselines(screen):
    known = Features(embeddings={"text": GeneMatrix(tuple(GENES[:26]), hidden_features()[:26])})
    model, _ = fitted(screen, known, base="perturbed mean")
    found = model.predict(screen.test.conditions)
    assert (found.gate > 0).tolist() == [True, True, False, False]
    assert np.array_equal(found.delta[2:], found.baseline[2:])
    assert "had no answer of its own" in found.how[3]


def test_a_class_that_no_left_out_condition_was_of_stays_closed(screen):
    model, _ = fitted(screen, text(hidden_features()), base="perturbed mean")
    asked = [Condition.parse(n) for n in ("knockout:G25::A549", "knockout:G00+G01::A549")]
    found = model.predict(asked)
    assert found.gate[0] > 0 == found.gate[1]
    assert found.how[1].endswith("as no training condition could be left out as combination, all of its targets seen")
    assert np.array_equal(found.delta[1], found.baseline[1])


def test_one_training_context_cannot_teach_a_gate_for_another():
    data = from_arrays(**simulate(WHAT[:17], ("A549", "K562"), cells=6))
    data = data.with_split(unseen_context(data.conditions, ["K562"]))
    model, report = fitted(data, text(hidden_features()), base="perturbed mean")
    assert any("do not allow" in s for s in report.said)
    assert not model.predict(data.test.conditions).gate.any()


def test_too_few_conditions_close_it_and_it_is_said():
    data = divided(simulate(WHAT[:6], cells=6), lambda name: "G00" not in name)
    model, report = fitted(data, None, "bilinear ridge")
    found = model.predict(data.test.conditions)
    assert "closed" in report.said[-1]
    assert "no intervals" in report.said[-1]
    assert np.array_equal(found.delta, found.baseline)
    assert found.lower is None
    assert set(found.baseline_how) == {"perturbed mean"}


@pytest.mark.parametrize("n", [1, 3])
def test_a_model_that_so_few_conditions_cannot_fit_leaves_the_baseline(n):
    data = divided(simulate([(), *((i,) for i in range(n + 1))]), lambda name: name[9:12] == GENES[n])
    predictor = make_predictor("gated prior kernel")
    report = predictor.fit(data.hidden())
    found = predictor.predict(data.test.conditions)
    np.testing.assert_array_equal(found.delta, found.baseline)
    assert found.gate.max() == 0
    assert any("needs 4 to 2000 training conditions" in s for s in report.said)
    assert found.how[0].endswith("as the prior kernel could not be fitted")
    with pytest.raises(ModelError, match="penalty above 0"):
        make_predictor("gated bilinear ridge", penalty=-1.0).fit(data.hidden())


def test_from_one_context_to_another_nothing_tells_baselines_apart_and_it_is_said():
    what = [(), *((i,) for i in range(10))]
    data = divided(simulate(what, ("A549", "K562"), common=0.0), lambda name: name.endswith("K562"))
    predictor = make_predictor("gated linear additive")
    report = predictor.fit(data.hidden())
    assert predictor.predict(data.test.conditions).baseline_how == ("no change",) * 10
    assert any("10 of 10 test conditions are of a class (seen in another context" in s for s in report.said)


def test_it_sees_neither_the_judges_controls_nor_the_order_of_genes(screen):
    arguments = simulate(WHAT)
    x = arguments["x"].copy()
    x[np.isin(screen.cells.code, [-1, -2])] += 3  # the truth's half
    told = {}
    for name, changes in (("plain", {}), ("other controls", {"x": x}), ("turned", {})):
        given = {**arguments, **changes}
        if name == "turned":
            given |= {"x": x[:, ::-1] * 0 + arguments["x"][:, ::-1], "genes": GENES[::-1]}
        data = divided(given, lambda n: n[9:12] in HELD)
        model, _ = fitted(data, text(hidden_features()))
        told[name] = model.predict(data.test.conditions)
    assert np.array_equal(told["plain"].delta, told["other controls"].delta)
    assert np.array_equal(told["plain"].lower, told["other controls"].lower)
    assert np.allclose(told["plain"].delta, told["turned"].delta, atol=1e-4)
    assert np.allclose(told["plain"].upper, told["turned"].upper, atol=1e-3)


def test_a_number_of_cells_narrows_the_interval(screen):
    model, _ = fitted(screen, text(hidden_features()))
    asked = screen.test.conditions
    few, many = model.predict(asked, [5] * 4), model.predict(asked, [500] * 4)
    assert np.all(few.upper - few.lower > many.upper - many.lower)


def test_made_by_name_with_options_for_gate_and_model(screen):
    model = make_predictor("gated feature kernel ridge", base="no change", level=0.8, penalty=3.0)
    assert (model.name, model.base, model.level, model._model.penalty) == (
        "gated feature kernel ridge", "no change", 0.8, 3.0,
    )  # fmt: skip
    assert make_predictor("gated-prior-kernel").name == "gated prior kernel"
    assert make_predictor("perturbed-mean").name == "perturbed mean"
    for name in ("gated nothing", "nothing", "gated gated prior kernel"):
        with pytest.raises(UnknownName, match="No predictor"):
            make_predictor(name)
    with pytest.raises(UnknownName, match="perturbed mean"):
        make_predictor("gated prior kernel", base="the best one")
    with pytest.raises(ModelError, match="before it was fitted"):
        model.predict(screen.test.conditions)


def test_a_predictor_itself_can_be_gated_and_is_not_touched(screen):
    given = FeatureRegression(penalty=0.5)
    model = Gated(given, base="perturbed mean")
    model.fit(screen.hidden(), text(hidden_features()))
    assert given.data is None
    assert model.predict(screen.test.conditions).gate.all()


def test_the_model_that_is_itself_the_best_baseline_adds_nothing(screen):
    model, report = fitted(screen, text(hidden_features()), "feature kernel ridge")
    assert "said nothing else" in " ".join(report.said)
    found = model.predict(screen.test.conditions)
    assert np.array_equal(found.delta, found.baseline)


def test_data_whose_controls_were_halved_twice_are_refused(screen):
    split = screen.split
    data = screen.with_split(Split("v", "given", split.train[4:], split.train[:4], split.test))
    with pytest.raises(ModelError, match="halved already"):
        fitted(data.tuning().hidden(), replace(Features()))


@pytest.fixture(scope="module")
def lines():
    """Singles and pairs in three cell lines."""
    return from_arrays(**simulate(PAIRS_AND_SINGLES, ("A549", "K562", "U2OS"), cells=5))


@pytest.mark.parametrize("kind", MAKERS)
def test_every_kind_of_split_has_a_baseline_a_gate_and_intervals(kind, lines):
    data = lines.with_split(MAKERS[kind](lines.conditions))
    model, report = fitted(data, None, "bilinear ridge, tuned")
    found = model.predict(data.test.conditions)
    numbers = report.numbers
    assert any("was taken" in s for s in report.said)
    assert np.all((found.gate >= 0) & (found.gate <= 1))
    assert set(found.gate) <= {v for k, v in numbers.items() if k.startswith("gamma, ")} | {0.0}
    closed = found.gate == 0
    assert np.array_equal(found.delta[closed], found.baseline[closed])
    assert np.isfinite(found.delta).all()
    assert np.all(found.lower < found.upper)
    assert 0.8 < numbers["coverage"] < 0.97
    inside = (data.test.delta >= found.lower) & (data.test.delta <= found.upper)
    assert 0.75 < inside[~data.test.own()].mean() <= 1
    assert squared(found.delta, data) < 1.1 * squared(found.baseline, data)
