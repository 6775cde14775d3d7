"""Keys to positions against numpy.unique."""

from __future__ import annotations

import numpy as np
import pytest

from perturbome.platform.slices.dense import densify


@pytest.mark.parametrize(("low", "high", "n"), [(0, 5, 400), (0, 900, 60), (7_000, 7_050, 40), (10**11, 10**12, 30)])
@pytest.mark.parametrize("ordered", [True, False])
def test_positions_and_keys_are_those_of_unique(low: int, high: int, n: int, ordered: bool) -> None:
    keys = np.random.default_rng(n).integers(low, high, (2, n))
    if ordered:
        keys[0].sort()
    expected, positions = np.unique(keys, return_inverse=True)
    for bound in [None] if low else [None, high, high + 50]:
        found, edge_index = densify(*keys, bound)
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(edge_index, positions.reshape(2, n))
        assert found.dtype == edge_index.dtype == np.int64


def test_a_key_missing_at_either_end_or_within_is_noticed() -> None:
    for keys in ([[0, 2], [2, 0]], [[1, 2], [2, 1]], [[0, 1], [1, 0]], [[3, 3], [3, 3]]):
        found, edge_index = densify(*np.array(keys), bound=5)
        np.testing.assert_array_equal(found[edge_index], keys)
        assert edge_index.max() == len(found) - 1


def test_large_input_is_indexed_in_place_without_mixing_rows() -> None:
    keys = np.random.default_rng(1).integers(0, 50_000, (2, 300_000)) * 3
    found, edge_index = densify(*keys)
    np.testing.assert_array_equal(found[edge_index], keys)


def test_nothing_gives_nothing() -> None:
    found, edge_index = densify(*np.empty((2, 0), np.int64))
    assert found.shape == (0,)
    assert edge_index.shape == (2, 0)
