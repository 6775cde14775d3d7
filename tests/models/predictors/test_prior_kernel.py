"""The prior kernel finds what decides effects, ignores what does not, and knows what it does not know."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from perturbome.models.data import Condition, from_arrays, unseen_single
from perturbome.models.predictors.averages import Additive, PerturbedMean
from perturbome.models.predictors.condition_kernels import ELSEWHERE
from perturbome.models.predictors.feature_regression import FeatureRegression
from perturbome.models.predictors.features import Features, GeneGraph, GeneMatrix
from perturbome.models.predictors.gated import Gated
from perturbome.models.predictors.prior_kernel import PriorKernel, signal_classes
from perturbome.models.predictors.transfer import MeanShift
from perturbome.platform.errors import ModelError

from .conftest import GENES, divided, hidden_features, simulate

WHAT = [(), *((i,) for i in range(24))]


def features(seed=0, known=30):
    """The vectors that decide effects (seed 0) or others."""
    return Features(embeddings={"text": GeneMatrix(tuple(GENES[:known]), hidden_features(seed)[:known])})


def held(name):
    return name[9:12] in {"G18", "G19", "G20", "G21", "G22", "G23"}


@pytest.fixture(scope="module")
def screen():
    return divided(simulate(WHAT), held)


def error(predictor, data, features=None):
    predictor.fit(data.hidden(), features)
    return np.mean((predictor.predict(data.test.conditions).delta - data.test.delta) ** 2)


def test_features_that_decide_effects_are_used(screen):
    model = PriorKernel()
    report = model.fit(screen.hidden(), features())
    found = model.predict(screen.test.conditions)
    assert report.numbers["share of embedding text, in all contexts"] > 0.4
    assert report.numbers["noise scale"] == pytest.approx(1, abs=0.5)
    assert np.mean((found.delta - screen.test.delta) ** 2) < 0.5 * error(PerturbedMean(), screen)
    assert found.said == ()


def test_its_variance_is_about_its_squared_error():
    data = divided(simulate(WHAT, seed=5), held)
    model = PriorKernel()
    model.fit(data.hidden(), features(5))
    found = model.predict(data.test.conditions)
    noise = np.mean(data.test.error**2)
    ratio = (np.mean((found.delta - data.test.delta) ** 2) - noise) / found.variance.mean()
    assert 0.3 < ratio < 3


@pytest.mark.parametrize("seed", [11, 12])
def test_features_of_shuffled_labels_get_no_weight_and_the_answer_is_the_mean(screen, seed):
    real = features().embeddings["text"]
    order = np.random.default_rng(seed).permutation(len(GENES))
    model = PriorKernel()
    report = model.fit(screen.hidden(), Features(embeddings={"text": GeneMatrix(real.genes, real.values[order])}))
    found, mean = model.predict(screen.test.conditions).delta, PerturbedMean()
    mean.fit(screen.hidden())
    assert report.numbers["share of embedding text, in all contexts"] < 0.1
    plain = mean.predict(screen.test.conditions).delta
    assert np.mean((found - plain) ** 2) < 0.03 * np.mean((plain - screen.test.delta) ** 2)


def test_a_gene_of_which_nothing_is_known_is_the_mean_with_the_whole_prior_variance(screen):
    model, mean = PriorKernel(), PerturbedMean()
    model.fit(screen.hidden(), features(known=20))
    mean.fit(screen.hidden())
    asked = [Condition.parse(f"knockout:{g}::A549") for g in ("G18", "G22")]
    found = model.predict(asked)
    assert np.allclose(found.delta[1], mean.predict(asked).delta[1])
    assert np.all(found.variance[1] > found.variance[0])
    assert found.how == ("prior kernel", "perturbed mean, as nothing ties it to what was measured")
    assert "G22" in found.said[0]


def test_without_features_singles_of_one_context_are_the_mean(screen):
    assert error(PriorKernel(), screen) == pytest.approx(error(PerturbedMean(), screen), rel=1e-6)


def test_doubles_are_near_the_sum_of_singles():
    pairs = [(i, i + 1) for i in range(0, 12, 2)]
    data = divided(
        simulate([(), *((i,) for i in range(12)), *pairs], noise=0.2), lambda n: "+" in n and n[9:12] < "G06"
    )
    assert error(PriorKernel(), data) < 1.5 * error(Additive(), data)
    assert error(PriorKernel(), data) < 0.3 * error(PerturbedMean(), data)


def test_effects_in_other_contexts_beat_the_mean(transfer):
    found = error(PriorKernel(), transfer)
    assert found < 0.7 * error(PerturbedMean(), transfer)
    assert found < 1.3 * error(MeanShift(), transfer)


def test_the_order_of_genes_does_not_matter():
    arguments = simulate(WHAT[:11])
    turned = dict(arguments, x=arguments["x"][:, ::-1], genes=arguments["genes"][::-1])
    found = []
    for a in (arguments, turned):
        data, model = divided(a, lambda name: "G09" in name), PriorKernel()
        model.fit(data.hidden(), features())
        found.append(model.predict(data.test.conditions))
    assert np.allclose(found[0].delta, found[1].delta, atol=1e-4)


def test_conditions_asked_together_or_alone_get_the_same_answer(screen):
    model = PriorKernel()
    model.fit(screen.hidden(), features())
    together = model.predict(screen.test.conditions)
    for i, condition in enumerate(screen.test.conditions):
        alone = model.predict([condition])
        assert np.allclose(alone.delta[0], together.delta[i])
        assert np.allclose(alone.variance[0], together.variance[i])


def test_classes_hold_every_gene_once():
    y = np.random.default_rng(0).normal(size=(10, 40)) * np.linspace(0.1, 3, 40)
    classes, signal = signal_classes(y, np.full(10, 0.05))
    assert sum(c.shape[1] for _, c in classes) == 40
    assert set(signal) == {s for s, _ in classes}
    assert np.all(signal > 0)


def test_too_few_conditions_are_refused(screen):
    split = replace(screen.split, train=screen.split.train[:3])
    with pytest.raises(ModelError, match="4 to 2000"):
        PriorKernel().fit(screen.with_split(split).hidden())


def test_what_nothing_ties_is_the_perturbed_mean_bit_by_bit(singles):
    """Without features, singles that were never seen are tied to none of training."""
    kernel, mean = PriorKernel(), PerturbedMean()
    for predictor in (kernel, mean):
        predictor.fit(singles.hidden())
    asked = singles.test.conditions
    found = kernel.predict(asked)
    assert all("nothing ties it" in how for how in found.how)
    np.testing.assert_array_equal(found.delta, mean.predict(asked).delta)


def test_where_targets_are_held_out_effects_elsewhere_take_no_credit():
    """In three contexts the features are still found: less error than kernel ridge on the very same vectors."""
    data = from_arrays(**simulate([(), *((i,) for i in range(24))], ("A", "B", "C")))
    data = data.with_split(unseen_single(data.conditions, validation=0))
    features = Features(embeddings={"hidden": GeneMatrix(tuple(GENES), sparse.csr_matrix(hidden_features()))})
    error = {}
    for predictor in (PriorKernel(), FeatureRegression()):
        report = predictor.fit(data.hidden(), features)
        table = data.test
        error[predictor.name] = np.mean((predictor.predict(table.conditions).delta - table.delta) ** 2)
        assert not any(ELSEWHERE in name for name in report.numbers)
    assert error["prior kernel"] < error["feature kernel ridge"]


def direct_effects(seed=0, size=0.7):
    """A regulation whose edges are the whole effect of a knock-out [n_genes, n_genes], and it as a prior."""
    rng = np.random.default_rng(seed)
    signed = size * rng.choice([-1.0, 1.0], (len(GENES), len(GENES))) * (rng.random((len(GENES), len(GENES))) < 0.15)
    np.fill_diagonal(signed, 0)
    return -signed, Features(regulation={"known": GeneGraph(tuple(GENES), sparse.csr_matrix(signed))})


def test_edges_of_regulation_tell_what_unseen_targets_do():
    effects, prior = direct_effects()
    data = divided(simulate(WHAT, effects=effects[None]), held)
    model = PriorKernel()
    report = model.fit(data.hidden(), prior)
    found = model.predict(data.test.conditions)
    assert report.numbers["t of the effect along regulation known"] > 4
    assert np.mean((found.delta - data.test.delta) ** 2) < 0.4 * error(PerturbedMean(), data)
    assert found.said == ()
    silent = replace(prior, regulation={"known": GeneGraph(tuple(GENES), prior.regulation["known"].weights[::-1])})
    assert not any("effect along" in name for name in model.fit(data.hidden(), silent).numbers)


def test_behind_a_gate_the_correction_stands_on_no_change_without_the_mean_it_was_made_around():
    effects, prior = direct_effects(3)
    data = divided(simulate(WHAT, effects=effects[None], seed=3), held)
    gated, kernel = Gated(PriorKernel(), base="no change"), PriorKernel()
    gated.fit(data.hidden(), prior)
    kernel.fit(data.hidden(), prior)
    found, alone = gated.predict(data.test.conditions), kernel.predict(data.test.conditions)
    assert found.gate.min() > 0.5
    np.testing.assert_allclose(found.delta, found.gate[:, None] * (alone.delta - alone.around), atol=1e-12)
    assert np.mean((found.delta - data.test.delta) ** 2) < 0.5 * np.mean(data.test.delta**2)
