"""Ranks of the right condition: against cell-eval2, scikit-learn and counting; ties; chance; contexts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from perturbome.models.referee.discrimination import discrimination, distances, match_ranks, prediction_rank

pairwise_distances = pytest.importorskip("sklearn.metrics").pairwise_distances

KINDS = ("L1", "L2", "cosine")
SKLEARN = {"L1": "manhattan", "L2": "euclidean", "cosine": "cosine"}


def sides(seed=0, n=12, n_genes=30, shared=0.3):
    """Predicted and true changes that are alike, and each condition's own target."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n, n_genes))
    own = np.zeros((n, n_genes), dtype=bool)
    own[np.arange(n), np.arange(n) % n_genes] = True
    return shared * truth + rng.normal(size=(n, n_genes)), truth, own


def one(n):
    """One context."""
    return np.zeros(n, dtype=np.intp)


@pytest.mark.parametrize("kind", KINDS)
def test_distances_as_scikit_learn(kind):
    a, b, _ = sides()
    a[3] = 0
    assert_allclose(distances(a, b + 5, kind), pairwise_distances(a, b + 5, SKLEARN[kind]), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_as_cell_eval(kind):
    score = pytest.importorskip("cell_eval2.metrics.discrimination").discrimination_score
    predicted, truth, own = sides()
    predicted[5] = 0  # ties all others in the cosine
    genes = [f"P{i:02d}" for i in range(30)]
    names = np.array([*genes[:12], "control"])
    start = np.random.default_rng(3).normal(size=30)
    want = score(
        pred_bulk=(names, np.vstack([predicted + start, start])), real_bulk=(names, np.vstack([truth + start, start])),
        control="control", distance=kind.lower(), rank_denominator="n-1", genes=np.array(genes),
    )  # fmt: skip
    found = discrimination(predicted, truth, own, one(12), kind)
    assert_allclose(found, [want[name] for name in genes[:12]], atol=1e-6)
    assert 0.5 < found.mean() < 1


@pytest.mark.parametrize("kind", KINDS)
def test_by_counting(kind):
    predicted, truth, own = sides(1)
    genes = ~own.any(axis=0)
    d = pairwise_distances(predicted[:, genes], truth[:, genes], SKLEARN[kind])
    farther = [np.sum(np.delete(d[i], i) > d[i, i]) / 11 for i in range(12)]
    assert_allclose(discrimination(predicted, truth, own, one(12), kind), farther)
    nearer = [np.sum(d[:, i] < d[i, i]) / 12 for i in range(12)]
    assert_allclose(prediction_rank(predicted, truth, own, one(12), kind), nearer)


def test_ties_share_the_middle():
    assert_allclose(match_ranks(np.ones((4, 4))), 1.5)
    d = np.array([[2.0, 1, 2], [0, 0, 0], [3, 2, 1]])
    assert_allclose(match_ranks(d), [1.5, 1, 0])
    assert_allclose(match_ranks(d + 1e-14 * np.arange(9).reshape(3, 3)), [1.5, 1, 0])  # rounding makes no order


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_is_first_and_the_same_for_all_is_chance(kind):
    _, truth, own = sides(2)
    assert_allclose(discrimination(truth, truth, own, one(12), kind), 1)
    assert_allclose(prediction_rank(truth, truth, own, one(12), kind), 0)
    same = np.tile(truth.mean(axis=0), (12, 1))
    assert_allclose(prediction_rank(same, truth, own, one(12), kind), 11 / 24)
    assert_allclose(discrimination(same, truth, own, one(12), kind).mean(), 0.5)
    assert_allclose(discrimination(truth, same, own, one(12), kind), 0.5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("score", [discrimination, prediction_rank])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 10))
def test_neither_order_nor_scale_nor_other_contexts_matter(kind, score, seed, n):
    predicted, truth, own = sides(seed, n)
    value = score(predicted, truth, own, one(n), kind)
    rng = np.random.default_rng(seed)
    rows, genes = rng.permutation(n), rng.permutation(30)
    shuffled = [x[rows][:, genes] for x in (predicted, truth, own)]
    assert_allclose(score(*shuffled, one(n), kind), value[rows])
    assert_allclose(score(3 * predicted, 3 * truth, own, one(n), kind), value)
    more = [np.vstack([x, y]) for x, y in zip((predicted, truth, own), sides(seed + 1, 4), strict=True)]
    assert_allclose(score(*more, np.repeat([5, 2], [n, 4]), kind)[:n], value)


def test_targets_of_any_condition_in_the_context_do_not_count():
    predicted, truth, own = sides(4)
    spiked = np.where(own.any(axis=0) & ~own, 50.0, predicted)  # the others' targets, known from their names
    for kind in KINDS:
        assert_allclose(
            discrimination(spiked, truth, own, one(12), kind), discrimination(predicted, truth, own, one(12), kind)
        )


def test_alone_in_its_context_a_condition_has_no_rank():
    predicted, truth, own = sides(5, n=3)
    context = np.array([0, 1, 1])
    assert np.isnan(discrimination(predicted, truth, own, context, "L1")).tolist() == [True, False, False]
    assert np.isnan(prediction_rank(predicted, truth, own, context, "L1")).tolist() == [True, False, False]
