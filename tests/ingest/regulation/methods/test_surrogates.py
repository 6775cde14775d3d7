"""Surrogates keep what a gene does over time and nothing of what it has in common with others."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from perturbome.ingest.regulation.methods.surrogates import (
    FEW_SERIES,
    exchanged_series,
    series_of,
    shuffled_within,
    times_alike,
)

GENES = ("a", "b", "c")


def test_values_stay_in_their_group_and_leave_their_neighbours() -> None:
    rng = np.random.default_rng(0)
    X = np.repeat(rng.normal(size=(600, 1)), 3, axis=1)
    groups = rng.integers(0, 4, 600)
    shuffled = shuffled_within(X, groups, GENES, (0, 1))
    for group in range(4):
        for gene in range(3):
            np.testing.assert_array_equal(np.sort(shuffled[groups == group, gene]), np.sort(X[groups == group, gene]))
    assert np.abs(np.corrcoef(shuffled.T)[np.triu_indices(3, 1)]).max() < 0.2
    np.testing.assert_array_equal(shuffled_within(X[:, ::-1], groups, GENES[::-1], (0, 1)), shuffled[:, ::-1])


def test_series_are_told_from_cells_with_several_successors() -> None:
    chain = sparse.csr_matrix(([1.0, 1.0, 1.0], ([0, 1, 3], [1, 2, 4])), (5, 5))
    series = series_of(chain)
    assert series is not None
    np.testing.assert_array_equal(series[[0, 0, 3]], series[[1, 2, 4]])
    assert series[0] != series[3]
    assert series_of(sparse.csr_matrix([[0, 0.5, 0.5], [0, 0, 1], [0, 0, 0]])) is None
    assert series_of(sparse.csr_matrix([[0.0, 0, 1], [0, 0, 1], [0, 0, 0]])) is None


def test_series_are_exchanged_whole() -> None:
    n_series, length = 12, 7
    time = np.tile(np.arange(length), n_series)
    series = np.repeat(np.arange(n_series), length)
    X = (100.0 * series + time)[:, None].repeat(3, axis=1)
    exchanged = exchanged_series(X, series, time.astype(float), GENES, (0,))
    np.testing.assert_array_equal(exchanged % 100, X % 100)
    from_ = (exchanged // 100).reshape(n_series, length, 3)
    assert (from_ == from_[:, :1]).all()
    assert all(sorted(from_[:, 0, gene]) == list(range(n_series)) for gene in range(3))
    assert not np.array_equal(exchanged[:, 0], exchanged[:, 1])
    few = series < FEW_SERIES - 1
    turned = exchanged_series(X[few], series[few], time[few].astype(float), GENES, (0,))
    assert not np.array_equal(turned % 100, X[few] % 100)


def test_times_and_kinds_are_told_apart() -> None:
    time = np.array([1.0, 1, 2, 2, np.nan, np.nan])
    groups = times_alike(time, np.array([0, 1, 0, 0, 0, 0]))
    assert [int((groups == g).sum()) for g in groups] == [1, 1, 2, 2, 2, 2]
    continuous = times_alike(np.random.default_rng(0).uniform(size=400), np.zeros(400, int))
    assert np.bincount(continuous).tolist() == [20] * 20
