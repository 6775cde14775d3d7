"""Mean, spread and detection against numpy, whole and put together from pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse

from perturbome.ingest.regulation import summary
from perturbome.ingest.regulation.summary import Summary, nothing, summarise

values = arrays(np.float64, (11, 4), elements=st.floats(-100, 100).map(lambda v: round(v, 3) if abs(v) > 30 else 0.0))


def assert_agrees(found: Summary, X: np.ndarray) -> None:
    assert found.n == X.shape[0]
    np.testing.assert_allclose(found.mean, X.mean(0), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.sd, X.std(0), rtol=1e-6, atol=1e-5)
    np.testing.assert_array_equal(found.seen, (X != 0).sum(0))


@given(X=values, cut=st.integers(0, 11))
@settings(max_examples=50, deadline=None)
def test_against_numpy_whole_and_from_two_pieces(X: np.ndarray, cut: int) -> None:
    for form in (np.asarray, sparse.csr_matrix, sparse.csr_array):
        assert_agrees(summarise(form(X)), X)
        assert_agrees(nothing(4) + summarise(form(X[:cut])) + summarise(form(X[cut:])), X)


def test_many_portions_make_the_same_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.random.default_rng(0).poisson(1.0, (50, 6)).astype(np.float32)
    monkeypatch.setattr(summary, "AT_ONCE", 7)
    assert_agrees(summarise(X), X.astype(np.float64))
    assert_agrees(summarise(sparse.csr_matrix(X)), X.astype(np.float64))


def test_a_spread_that_is_small_beside_the_mean_survives_in_pieces() -> None:
    X = 1e6 + np.random.default_rng(0).normal(size=(1000, 3))
    pieces = [summarise(part) for part in np.array_split(X, 7)]
    found = sum(pieces[1:], pieces[0])
    np.testing.assert_allclose(found.sd, X.std(0), rtol=1e-9)


def test_stored_zeros_and_doubled_entries_are_what_they_mean() -> None:
    X = sparse.csr_matrix((np.array([1.0, 2.0, 0.0, 5.0]), np.array([0, 0, 1, 2]), np.array([0, 3, 4])), shape=(2, 3))
    assert_agrees(summarise(X), np.array([[3.0, 0.0, 0.0], [0.0, 0.0, 5.0]]))
    assert X.nnz == 4, "the matrix given is left as it is"
