"""Scores over genes against scipy and scikit-learn, row by row, and what must not change them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.spatial import distance
from scipy.stats import pearsonr

from perturbome.models.referee import gene_scores as gs

sk = pytest.importorskip("sklearn.metrics")


def sides(seed=0, n=7, n_genes=40, shared=0.5):
    """Predicted and true values [n, n_genes] that are alike, and which genes count."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n, n_genes))
    predicted = shared * truth + rng.normal(size=(n, n_genes))
    return predicted, truth, rng.random((n, n_genes)) < 0.8


ORACLES = {
    gs.mean_absolute_error: sk.mean_absolute_error,
    gs.mean_squared_error: sk.mean_squared_error,
    gs.root_mean_squared_error: lambda a, b: np.sqrt(sk.mean_squared_error(a, b)),
    gs.euclidean_distance: distance.euclidean,
    gs.correlation: lambda a, b: pearsonr(a, b).statistic,
    gs.cosine: lambda a, b: 1 - distance.cosine(a, b),
}
ERRORS = [gs.mean_absolute_error, gs.mean_squared_error, gs.root_mean_squared_error, gs.euclidean_distance]
LIKENESS = [gs.correlation, gs.cosine]


@pytest.mark.parametrize("score", ORACLES, ids=lambda f: f.__name__)
def test_as_the_libraries_say(score):
    predicted, truth, counted = sides()
    want = [ORACLES[score](p[c], t[c]) for p, t, c in zip(predicted, truth, counted, strict=True)]
    assert_allclose(score(predicted, truth, counted), want, rtol=1e-12)


@pytest.mark.parametrize("score", ORACLES, ids=lambda f: f.__name__)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 6), n_genes=st.integers(3, 30))
def test_neither_the_order_nor_genes_that_do_not_count_matter(score, seed, n, n_genes):
    predicted, truth, counted = sides(seed, n, n_genes)
    value = score(predicted, truth, counted)
    rng = np.random.default_rng(seed)
    rows, genes = rng.permutation(n), rng.permutation(n_genes)
    again = score(predicted[rows][:, genes], truth[rows][:, genes], counted[rows][:, genes])
    assert_allclose(again, value[rows], rtol=1e-9)
    spoilt = np.where(counted, predicted, 1e6)
    assert_allclose(score(spoilt, truth, counted), value, rtol=1e-9)


@pytest.mark.parametrize("score", ERRORS, ids=lambda f: f.__name__)
def test_errors_are_zero_for_the_truth_and_symmetric(score):
    predicted, truth, counted = sides()
    assert_allclose(score(truth, truth, counted), 0)
    assert_allclose(score(predicted, truth, counted), score(truth, predicted, counted))


@pytest.mark.parametrize("score", LIKENESS, ids=lambda f: f.__name__)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), factor=st.floats(1e-3, 1e3))
def test_the_size_of_a_prediction_does_not_change_its_direction(score, seed, factor):
    predicted, truth, counted = sides(seed)
    assert_allclose(score(factor * predicted, truth, counted), score(predicted, truth, counted), atol=1e-9)
    assert_allclose(score(factor * truth, truth, counted), 1)
    assert_allclose(score(-factor * truth, truth, counted), -1)


def test_a_shift_of_all_genes_is_seen_by_the_cosine_only():
    predicted, truth, counted = sides()
    assert_allclose(gs.correlation(predicted + 5, truth, counted), gs.correlation(predicted, truth, counted))
    assert np.all(np.abs(gs.cosine(predicted + 5, truth, counted) - gs.cosine(predicted, truth, counted)) > 1e-3)


def test_what_does_not_vary_has_no_correlation():
    predicted, truth, counted = sides()
    flat = np.zeros(truth.shape)
    assert np.isnan(gs.correlation(flat, truth, counted)).all()
    assert np.isnan(gs.correlation(flat + 0.1, truth, counted)).all()
    assert np.isnan(gs.correlation(truth, flat, counted)).all()
    assert np.isnan(gs.cosine(flat, truth, counted)).all()
    assert not np.isnan(gs.cosine(flat + 0.1, truth, counted)).any()
    only = np.zeros(counted.shape, dtype=bool)
    only[:, 3] = True
    assert np.isnan(gs.correlation(predicted, truth, only)).all()


def test_what_varies_by_rounding_only_does_not_vary():
    _, truth, counted = sides()
    profile = 5 + truth
    rounded = (profile + 0.1) - 0.1 - profile  # zero but for rounding
    size = np.abs(profile).max(axis=1)
    assert np.abs(rounded).max() > 0
    assert np.isnan(gs.correlation(rounded, truth, counted, (size, None))).all()
    assert np.isnan(gs.cosine(rounded, truth, counted, (size, None))).all()
    assert not np.isnan(gs.correlation(1e-6 * truth, truth, counted, (size, None))).any()


@pytest.mark.parametrize("score", ORACLES, ids=lambda f: f.__name__)
def test_without_genes_there_is_no_score(score):
    predicted, truth, counted = sides()
    assert np.isnan(score(predicted, truth, np.zeros(counted.shape, dtype=bool))).all()


def test_largest_genes_by_hand():
    size = np.array([[5.0, 1, 4, 3, 2], [1, 1, 1, 1, 1], [9, 0, 8, 0, 7]])
    counted = np.array([[False, True, True, True, True], [True] * 5, [True, True, False, True, True]])
    found = gs.largest_genes(size, counted, 2)
    assert found.tolist() == [[False, False, True, True, False], [True] * 5, [True, False, False, False, True]]
    assert (gs.largest_genes(size, counted, 5) == counted).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 40))
def test_largest_genes_are_the_first_of_a_sort(seed, n):
    size, _, counted = sides(seed)
    found = gs.largest_genes(size, counted, n)
    for row in range(len(size)):
        places = np.flatnonzero(counted[row])
        want = places[np.argsort(-size[row, places])][:n]
        assert sorted(want) == np.flatnonzero(found[row]).tolist()


def noisy(seed, n=200, n_genes=300, effect=0.3, error=0.2):
    """True changes, measured changes, and their standard errors [n, n_genes]."""
    rng = np.random.default_rng(seed)
    real = effect * rng.normal(size=(n, n_genes))
    return real, real + error * rng.normal(size=real.shape), np.full(real.shape, error), np.ones(real.shape, dtype=bool)


def test_noise_corrected_error_by_hand():
    predicted, truth, counted = sides()
    error = np.abs(sides(1)[0]) / 5
    context = np.array([0, 0, 0, 1, 1, 1, 1])
    found = gs.noise_corrected_error(predicted, truth, error, counted, context)
    effect = np.array([np.sum((t**2 - e**2)[c]) for t, e, c in zip(truth, error, counted, strict=True)])
    for i in range(7):
        c = counted[i]
        above = np.sum((predicted[i] - truth[i])[c] ** 2) - np.sum(error[i][c] ** 2)
        assert found[i] == pytest.approx(above / effect[context == context[i]].mean())


def test_without_noise_the_corrected_error_is_zero_for_the_truth_and_one_for_no_change():
    real, measured, error, every = noisy(0)
    context = np.zeros(len(real), dtype=np.intp)

    def mean(delta, **more):
        return gs.noise_corrected_error(delta, measured, error, every, context, **more).mean()

    assert mean(np.zeros(real.shape)) == pytest.approx(1, abs=1e-12)
    assert mean(real) == pytest.approx(0, abs=0.02)
    assert mean(measured) == pytest.approx(-0.04 / 0.09, abs=0.03)  # the truth's own noise is no merit
    again = real + 0.2 * np.random.default_rng(9).normal(size=real.shape)
    assert mean(again) == pytest.approx(0.04 / 0.09, abs=0.03)
    assert mean(again, predicted_error=error) == pytest.approx(0, abs=0.03)
    assert mean(again, predicted_error=100 * error) == pytest.approx(0, abs=0.03)  # capped at the truth's


def test_without_an_effect_there_is_no_corrected_error():
    _, _, error, every = noisy(0)
    nothing = np.zeros(error.shape)
    found = gs.noise_corrected_error(nothing, nothing, error / 1000, every, np.zeros(len(error), dtype=np.intp))
    assert np.isnan(found).all()


def test_intervals_by_hand():
    truth = np.array([[0.0, 1.0, 2.0, 3.0]])
    lower, upper = np.array([[-1.0, 1.0, 3.0, np.nan]]), np.array([[1.0, 2.0, 4.0, 9.0]])
    every = np.ones((1, 4), dtype=bool)
    assert gs.coverage(lower, upper, truth, every) == pytest.approx([2 / 3])
    assert gs.interval_width(lower, upper, every) == pytest.approx([4 / 3])
    first = np.array([[True, False, False, False]])
    assert gs.coverage(lower, upper, truth, first) == 1
    assert gs.interval_width(lower, upper, first) == 2


def test_normal_intervals_cover_what_they_say():
    real, measured, error, every = noisy(3)
    found = gs.coverage(real - 1.6448536 * error, real + 1.6448536 * error, measured, every)
    assert found.mean() == pytest.approx(0.9, abs=0.005)
