"""Pseudobulk against numpy on dense matrices, in one piece and in many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from perturbome.ingest.features.pseudobulk import group_pseudobulk


def pseudobulk(X: np.ndarray, groups: np.ndarray, n_pieces: int = 1, n_groups: int = 3) -> np.ndarray:
    cuts = np.array_split(np.arange(len(X)), n_pieces)
    return group_pseudobulk(lambda: ((sparse.csr_matrix(X[c]), groups[c]) for c in cuts), n_groups, X.shape[1])


@given(st.integers(0, 2**31), st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_it_is_numpys(seed: int, n_pieces: int) -> None:
    rng = np.random.default_rng(seed)
    X = (rng.normal(1, 2, (50, 6)) * (rng.random((50, 6)) < 0.5)).astype(np.float32)
    groups = rng.integers(-1, 2, 50)
    found = pseudobulk(X, groups, n_pieces)
    assert found.shape == (6, 3, 4)
    for group in range(2):
        mine = X[groups == group].astype(np.float64)
        expected = [mine.mean(0), mine.std(0), (mine != 0).mean(0), np.full(6, len(mine))]
        np.testing.assert_allclose(found[:, group], np.transpose(expected), rtol=1e-12, atol=1e-12)
    assert np.isnan(found[:, 2, :3]).all()  # nobody is in the third group
    assert (found[:, 2, 3] == 0).all()


def test_order_and_doubling_of_cells_and_order_of_genes() -> None:
    rng = np.random.default_rng(1)
    X = (rng.normal(1, 2, (40, 5)) * (rng.random((40, 5)) < 0.5)).astype(np.float32)
    groups = rng.integers(0, 3, 40)
    expected = pseudobulk(X, groups, 4)
    cells, genes = rng.permutation(40), rng.permutation(5)
    np.testing.assert_allclose(pseudobulk(X[cells][:, genes], groups[cells], 3), expected[genes])
    twice = pseudobulk(np.repeat(X, 2, 0), np.repeat(groups, 2))
    np.testing.assert_allclose(twice[..., :3], expected[..., :3])
    np.testing.assert_allclose(twice[..., 3], 2 * expected[..., 3])


def test_a_large_constant_has_no_spread() -> None:
    X = np.full((1000, 1), 1e6 + 1 / 3, np.float32)
    assert pseudobulk(X, np.zeros(1000, int), 7, 1)[0, 0, 1] == pytest.approx(0, abs=1e-6)
