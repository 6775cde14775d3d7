"""Random numbers that belong to a name: uniform, apart from one another, and blind to who else is there."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from perturbome.platform.hashing import name_hashes, seeded, uniforms

KEYS = np.arange(20_000, dtype=np.uint64)


@given(st.integers(-(2**63), 2**64 - 1), st.integers(0, 1000))
def test_they_depend_on_the_key_and_the_seed_alone(seed, number):
    some = np.array([7, 3, 19_999], dtype=np.uint64)
    np.testing.assert_array_equal(uniforms(KEYS, seed, number)[some.astype(int)], uniforms(some, seed, number))
    np.testing.assert_array_equal(seeded(some, seed, number), seeded(seeded(some, seed), number))


def test_they_are_uniform_and_inside_the_open_interval():
    for keys in (KEYS, name_hashes([f"cell{i}" for i in range(20_000)])):
        found = uniforms(keys, 0)
        assert stats.kstest(found, "uniform").pvalue > 0.01
        assert found.min() > 0
        assert found.max() < 1


def test_seeds_and_neighbours_are_apart():
    drawn = np.stack([uniforms(KEYS, seed, b) for seed in (0, 1) for b in (0, 1, 2)])
    assert np.abs(np.corrcoef(drawn)[np.triu_indices(6, 1)]).max() < 0.03
    assert abs(np.corrcoef(drawn[0, 1:], drawn[0, :-1])[0, 1]) < 0.03
