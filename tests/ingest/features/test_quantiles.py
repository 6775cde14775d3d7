"""Quantiles against numpy on dense matrices and against fractions; what cells, genes and pieces must not change."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from perturbome.ingest.features.quantiles import Pieces, group_quantiles, levels
from perturbome.platform.errors import InputError

seeds = st.integers(0, 2**31)


def matrix(seed: int, n: int = 60, n_genes: int = 7, negative: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """A matrix with many zeros, few distinct values and some below zero, and the group of each cell."""
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(0.0 if negative else 3.0, 2.0, (n, n_genes)), 1) * (rng.random((n, n_genes)) < 0.4)
    return X.astype(np.float32), rng.integers(-1, 3, n)


def pieces(X: np.ndarray, groups: np.ndarray, n_pieces: int = 1) -> Pieces:
    cuts = np.array_split(np.arange(len(X)), n_pieces)
    return lambda: ((sparse.csr_matrix(X[rows]), groups[rows]) for rows in cuts)


def quantiles(X: np.ndarray, groups: np.ndarray, size: int, n_pieces: int = 1, **options) -> np.ndarray:
    found = list(group_quantiles(pieces(X, groups, n_pieces), 3, X.shape[1], size, **options))
    assert [first for first, _ in found] == np.cumsum([0, *(len(block) for _, block in found[:-1])]).tolist()
    return np.concatenate([block for _, block in found])


@given(seeds, st.sampled_from([1, 2, 8, 64]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_quantiles_are_numpys_of_the_dense_matrix(seed: int, size: int, negative: bool) -> None:
    X, groups = matrix(seed, negative=negative)
    found = quantiles(X, groups, size)
    for group in range(3):
        mine = X[groups == group]
        if len(mine):
            expected = np.quantile(mine, levels(size), axis=0, method="inverted_cdf").T
            np.testing.assert_array_equal(found[:, group], expected)
        else:
            assert np.isnan(found[:, group]).all()


@given(seeds, st.integers(1, 50), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_levels_are_exact_whatever_the_size(seed: int, size: int, n: int) -> None:
    """With fractions: in floating point n q may miss a whole number by a hair, and with it the cell."""
    X, _ = matrix(seed, n)
    found = quantiles(X, np.zeros(n, int), size)[:, 0]
    for i in range(size):
        k = ceil(Fraction(2 * i + 1, 2 * size) * n) - 1
        np.testing.assert_array_equal(found[:, i], np.sort(X, axis=0)[k])


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_order_of_cells_doubling_them_and_pieces_change_nothing(seed: int) -> None:
    X, groups = matrix(seed)
    rng = np.random.default_rng(seed)
    expected = quantiles(X, groups, 10)
    shuffled = rng.permutation(len(X))
    np.testing.assert_array_equal(quantiles(X[shuffled], groups[shuffled], 10), expected)
    np.testing.assert_array_equal(quantiles(np.repeat(X, 2, 0), np.repeat(groups, 2), 10), expected)
    np.testing.assert_array_equal(quantiles(X, groups, 10, n_pieces=5), expected)
    genes = rng.permutation(X.shape[1])
    np.testing.assert_array_equal(quantiles(X[:, genes], groups, 10), expected[genes])


@pytest.mark.parametrize("at_once", [1, 20, 100, 10_000])
def test_few_entries_at_once_give_the_same(at_once: int) -> None:
    X, groups = matrix(3, n=80, n_genes=13)
    np.testing.assert_array_equal(quantiles(X, groups, 9, 3, at_once=at_once), quantiles(X, groups, 9))


def test_more_genes_than_fit_in_one_answer() -> None:
    X, groups = matrix(4, n=30, n_genes=600)
    found = quantiles(X, groups, 2)
    expected = np.quantile(X[groups == 1], levels(2), axis=0, method="inverted_cdf").T
    np.testing.assert_array_equal(found[:, 1], expected)


def test_stored_zeros_are_zeros() -> None:
    X = sparse.csr_matrix(np.array([[1.0], [2.0], [-1.0], [3.0]], np.float32))
    X.data[[0, 3]] = [0.0, -0.0]
    [(_, found)] = group_quantiles(lambda: iter([(X, np.zeros(4, int))]), 1, 1, 4)
    np.testing.assert_array_equal(found[0, 0], [-1, 0, 0, 2])


def test_too_many_groups_are_refused() -> None:
    with pytest.raises(InputError, match="Take times or cell types together"):
        next(group_quantiles(lambda: iter(()), 1 << 20, 1 << 13, 4))
