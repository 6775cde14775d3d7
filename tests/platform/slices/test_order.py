"""The canonical order against numpy's lexsort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perturbome.platform.slices import order as module
from perturbome.platform.slices.order import agreeing, ascending, settle_ties, sorting


@st.composite
def rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n = draw(st.integers(1, 40))
    time = draw(st.lists(st.sampled_from([0.0, 0.5, 2.0, np.nan]), min_size=n, max_size=n))
    ends = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=n, max_size=n))
    return np.array(time, np.float32), *np.array(ends, np.int64).T


@settings(max_examples=60, deadline=None)
@given(rows())
def test_sorting_is_lexsort(edges: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    np.testing.assert_array_equal(sorting(edges), np.lexsort(edges[::-1]))


@settings(max_examples=60, deadline=None)
@given(rows())
def test_ascending_knows_sorted_rows(edges: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    order = np.lexsort(edges[::-1])
    untimed = bool(np.isnan(edges[0]).any()) and len(order) > 1
    equal = ascending([key[order] for key in edges])
    assert (equal is None) == untimed
    if equal is not None:
        np.testing.assert_array_equal(equal, agreeing([key[order] for key in edges]))


def test_ascending_refuses_one_step_back_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 4)
    for n in (2, 4, 5, 8, 9, 13):
        key = np.arange(n)
        assert ascending([key]) is not None
        for at in range(n - 1):
            swapped = key.copy()
            swapped[[at, at + 1]] = swapped[[at + 1, at]]
            assert ascending([swapped]) is None, (n, at)
            assert ascending([np.zeros(n), swapped]) is None, (n, at)


def test_keys_too_wide_to_pack_are_sorted_all_the_same() -> None:
    rng = np.random.default_rng(0)
    keys = [rng.integers(0, 1 << 40, 50), rng.integers(0, 1 << 40, 50)]
    keys[0][:25] = keys[0][25:]
    np.testing.assert_array_equal(sorting(keys), np.lexsort(keys[::-1]))


def test_ties_are_sorted_within_their_stretch_only() -> None:
    key = np.array([0, 1, 1, 1, 2, 2, 3])
    weight = np.array([9, 3, 1, 3, 8, 7, 0], np.float32)
    stability = np.array([0, 2, 5, 1, 3, 4, 6], np.float32)
    settle_ties(agreeing([key]), [weight, stability])
    assert weight.tolist() == [9, 1, 3, 3, 7, 8, 0]
    assert stability.tolist() == [0, 5, 1, 2, 4, 3, 6]
