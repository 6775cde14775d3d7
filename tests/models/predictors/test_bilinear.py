"""B5 against brute force and scikit-learn; without an embedding it is B1 to the last bit that matters."""

import numpy as np
import pytest

from perturbome.models.data import Condition
from perturbome.models.predictors.averages import PerturbedMean
from perturbome.models.predictors.bilinear import Bilinear, bilinear, gene_scores
from perturbome.models.predictors.features import Features, GeneMatrix
from perturbome.platform.errors import UnknownName

from .conftest import GENES, divided, hidden_features, simulate


def ask(predictor, data, features=None, conditions=None):
    predictor.fit(data.hidden(), features)
    return predictor.predict(data.test.conditions if conditions is None else conditions)


def test_kernel_solves_the_penalised_problem():
    rng = np.random.default_rng(1)
    y, g, p = rng.normal(size=(12, 7)), rng.normal(size=(12, 3)), rng.normal(size=(2, 7))
    by_hand = np.linalg.inv(g.T @ g + 0.1 * np.eye(3)) @ g.T @ y @ p.T @ np.linalg.inv(p @ p.T + 0.1 * np.eye(2))
    assert np.allclose(bilinear(y, g, p, 0.1), by_hand)
    ridge = pytest.importorskip("sklearn.linear_model").Ridge(alpha=0.1, fit_intercept=False)
    left = ridge.fit(g, y).coef_.T  # [3, 7]
    assert np.allclose(bilinear(y, g, p, 0.1), ridge.fit(p.T, left.T).coef_, atol=1e-10)


def test_gene_scores_are_principal_scores():
    decomposition = pytest.importorskip("sklearn.decomposition")
    x = np.random.default_rng(2).normal(size=(20, 6))
    theirs = decomposition.PCA(3, svd_solver="full").fit_transform(x)
    assert np.allclose(np.abs(gene_scores(x, 3)), np.abs(theirs))


def test_the_whole_model_by_brute_force(singles):
    train = singles.training
    profiles = np.column_stack([*train.mean, singles.control("A549")])
    u, s, _ = np.linalg.svd(profiles - profiles.mean(axis=0), full_matrices=False)
    g = (u * s)[:, :4]
    p = np.array([g[int(n[10:12])] for n in train.names]).T
    y, b = train.delta.T, train.delta.mean(axis=0)
    k = (
        np.linalg.inv(g.T @ g + 0.3 * np.eye(4))
        @ g.T
        @ (y - b[:, None])
        @ p.T
        @ np.linalg.inv(p @ p.T + 0.3 * np.eye(4))
    )
    found = ask(Bilinear(n_components=4, penalty=0.3), singles)
    for condition, delta in zip(found.conditions, found.delta, strict=True):
        assert np.allclose(delta, b + g @ k @ g[int(condition.targets[0][1:])])
    assert found.said == ()


def test_without_an_embedding_it_is_the_mean(singles):
    found = ask(Bilinear(embedding="none"), singles)
    assert np.array_equal(found.delta, ask(PerturbedMean(), singles).delta)
    assert all("no target has an embedding" in how for how in found.how)


def test_an_embedding_that_decides_effects_beats_the_mean(singles):
    features = Features(embeddings={"text": GeneMatrix(tuple(GENES), hidden_features())})
    truth = singles.test.delta
    error = np.mean((ask(Bilinear(embedding="text"), singles, features).delta - truth) ** 2)
    assert error < 0.5 * np.mean((ask(PerturbedMean(), singles).delta - truth) ** 2)


def test_an_embedding_from_other_contexts_beats_the_mean(transfer):
    truth = transfer.test.delta
    found = ask(Bilinear(embedding="other contexts", n_components=3), transfer)
    assert np.mean((found.delta - truth) ** 2) < np.mean((ask(PerturbedMean(), transfer).delta - truth) ** 2)
    unseen = ask(Bilinear(embedding="other contexts"), transfer, conditions=[Condition.parse("knockout:G25::K562")])
    assert np.allclose(unseen.delta, ask(PerturbedMean(), transfer).delta[:1])
    assert "no target has an embedding" in unseen.said[0]


def test_doubles_are_embedded_as_sums(doubles):
    features = Features(embeddings={"text": GeneMatrix(tuple(GENES), hidden_features())})
    mean = ask(PerturbedMean(), doubles).delta[0]
    asked = [Condition.parse(f"knockout:{t}::A549") for t in ("G20", "G21", "G20+G21")]
    a, b, both = ask(Bilinear(embedding="text"), doubles, features, asked).delta - mean
    assert np.allclose(a + b, both)


def test_the_order_of_genes_does_not_matter():
    arguments = simulate([(), *((i,) for i in range(8))])
    turned = dict(arguments, x=arguments["x"][:, ::-1], genes=arguments["genes"][::-1])
    one, two = (ask(Bilinear(), divided(a, lambda name: "G07" in name)).delta for a in (arguments, turned))
    assert np.allclose(one, two, atol=1e-9)


def test_an_unknown_embedding_is_refused(singles):
    with pytest.raises(UnknownName, match="other contexts"):
        Bilinear(embedding="other context").fit(singles.hidden())


def test_a_tuned_penalty_is_that_of_least_error_on_targets_left_out(singles):
    features = Features(embeddings={"text": GeneMatrix(tuple(GENES), hidden_features())})
    model = Bilinear("text", n_components=3, penalty=None)
    model.fit(singles.hidden(), features)
    chosen, n, error = model.tuned(np.arange(15)), 15, {}
    labels = [c.targets[0] for c in model.table.conditions]
    for penalty in (0.1, 1.0, 10.0, 100.0, 1000.0):
        total = 0.0
        for left in range(10):
            out = [i for i in range(n) if sorted(labels).index(labels[i]) % 10 == left]
            rest = model.table[[i for i in range(n) if i not in out]]
            profiles = np.column_stack([*rest.mean, rest.control[0]])
            g, b = gene_scores(profiles, 3), rest.delta.mean(axis=0)
            embedded = {t: hidden_features()[int(t[1:])] for t in labels}
            p = np.array([embedded[c.targets[0]] for c in rest.conditions]).T
            k = bilinear((rest.delta - b).T, g, p, penalty)
            total += sum(np.sum((model.table.delta[i] - b - g @ k @ embedded[labels[i]]) ** 2) for i in out)
        error[penalty] = total
    assert chosen == min(error, key=error.get)
    assert np.array_equal(
        ask(model, singles, features).delta, ask(Bilinear("text", 3, chosen), singles, features).delta
    )  # fmt: skip


def test_a_tuned_penalty_gives_the_mean_where_the_embedding_is_noise(singles):
    noise = np.random.default_rng(4).normal(size=(30, 3))
    found = ask(Bilinear("text", penalty=None), singles, Features({"text": GeneMatrix(tuple(GENES), noise)}))
    assert np.mean((found.delta - singles.training.delta.mean(axis=0)) ** 2) < 0.1 * np.mean(singles.test.delta**2)
