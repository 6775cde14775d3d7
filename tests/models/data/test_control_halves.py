"""Control cells are divided by their names: disjoint, equal, the same in every order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from perturbome.models.data.control_halves import PARTS, control_parts
from perturbome.models.data.fingerprint import name_hashes

sizes = st.lists(st.integers(0, 23), min_size=1, max_size=4)


def keys_of(group):
    return name_hashes([f"cell{i}" for i in range(len(group))])


@given(sizes, st.integers(0, 5))
def test_parts_and_halves_are_equal_to_within_one_cell(counts, seed):
    group = np.repeat(np.arange(len(counts)), counts)
    part = control_parts(keys_of(group), group, seed)
    for g, n in enumerate(counts):
        per_part = np.bincount(part[group == g], minlength=PARTS)
        assert per_part.sum() == n
        assert np.ptp(per_part) <= 1
        assert np.ptp(per_part.reshape(2, 2).sum(axis=1)) <= 1


@given(sizes, st.randoms(use_true_random=False))
def test_the_order_of_cells_does_not_matter(counts, random):
    group = np.repeat(np.arange(len(counts)), counts)
    order = np.array(random.sample(range(len(group)), len(group)), dtype=int)
    keys = keys_of(group)
    np.testing.assert_array_equal(control_parts(keys, group, 1)[order], control_parts(keys[order], group[order], 1))


def test_a_cell_listed_twice_stays_in_one_part():
    keys, group = keys_of(np.zeros(30)), np.zeros(30, dtype=int)
    once = control_parts(keys, group, 0)
    twice = control_parts(np.r_[keys, keys], np.r_[group, group], 0)
    np.testing.assert_array_equal(twice, np.r_[once, once])


def test_another_seed_divides_otherwise():
    group = np.zeros(40, dtype=int)
    assert (control_parts(keys_of(group), group, 0) != control_parts(keys_of(group), group, 1)).any()
