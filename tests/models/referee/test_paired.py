"""The paired bootstrap: against a loop, in any order, and as often right as it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perturbome.models.referee.paired import BLOCK, paired_bootstrap
from perturbome.platform.errors import InputError


def values(seed=0, n=20, n_groups=8):
    """Two models' values of the same conditions, and the conditions' groups."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), 0.3 + rng.normal(size=n), [f"G{g}" for g in rng.integers(n_groups, size=n)]


def test_as_a_loop_over_draws():
    a, b, groups = values()
    found = paired_bootstrap(a, b, groups, draws=BLOCK + 50, level=0.9, seed=7)
    names = sorted(set(groups))
    rng = np.random.default_rng(7)
    means = []
    for block in (BLOCK, 50):
        for drawn in rng.integers(len(names), size=(block, len(names))):
            picked = [a[i] - b[i] for g in drawn for i in range(len(a)) if groups[i] == names[g]]
            means.append(np.mean(picked))
    assert found.difference == pytest.approx(np.mean(a - b))
    assert (found.lower, found.upper) == pytest.approx(tuple(np.quantile(means, [0.05, 0.95])))
    assert (found.n, found.n_groups, found.left_out) == (20, len(names), 0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_order_does_not_matter_and_swapping_turns_the_sign(seed):
    a, b, groups = values(seed)
    found = paired_bootstrap(a, b, groups, draws=300)
    order = np.random.default_rng(seed).permutation(len(a))
    assert paired_bootstrap(a[order], b[order], [groups[i] for i in order], draws=300) == found
    assert paired_bootstrap(a, b, groups, draws=300) == found
    turned = paired_bootstrap(b, a, groups, draws=300)
    assert (turned.difference, turned.lower, turned.upper) == pytest.approx(
        (-found.difference, -found.upper, -found.lower)
    )
    moved = paired_bootstrap(a + 2, b, groups, draws=300)
    assert (moved.difference, moved.lower) == pytest.approx((found.difference + 2, found.lower + 2))


def test_conditions_without_a_value_are_left_out():
    a, b, groups = values()
    a[3], b[5] = np.nan, np.nan
    kept = [i for i in range(20) if i not in (3, 5)]
    found = paired_bootstrap(a, b, groups, draws=100)
    want = paired_bootstrap(a[kept], b[kept], [groups[i] for i in kept], draws=100)
    assert (found.difference, found.lower, found.upper) == (want.difference, want.lower, want.upper)
    assert (found.n, found.left_out) == (18, 2)
    none = paired_bootstrap([np.nan], [1.0], ["A"])
    assert np.isnan([none.difference, none.lower, none.upper]).all()


def test_one_group_has_no_interval():
    found = paired_bootstrap([1.0, 2.0], [0.0, 0.0], ["A", "A"])
    assert found.difference == 1.5
    assert np.isnan([found.lower, found.upper]).all()


def test_conditions_of_one_target_are_one_unit():
    a, b, _ = values(n=12)
    alone = paired_bootstrap(np.tile(a, 10), np.tile(b, 10), [str(i % 12) for i in range(120)])
    once = paired_bootstrap(a, b, [str(i) for i in range(12)])
    assert (alone.lower, alone.upper) == pytest.approx((once.lower, once.upper))  # copies add no certainty
    apart = paired_bootstrap(np.tile(a, 10), np.tile(b, 10), list(range(120)))
    assert apart.upper - apart.lower < 0.5 * (once.upper - once.lower)


@pytest.mark.parametrize(("shared", "low", "high"), [(0.0, 0.90, 0.98), (1.0, 0.90, 0.98)])
def test_covers_as_often_as_it_says(shared, low, high):
    """40 targets in three contexts each, with a part that a target's contexts share."""
    rng, inside = np.random.default_rng(1), []
    groups = np.repeat(np.arange(40), 3)
    for _ in range(300):
        change = 0.2 + shared * rng.normal(size=40)[groups] + rng.normal(size=120)
        found = paired_bootstrap(change, np.zeros(120), groups, draws=400)
        inside.append(found.lower <= 0.2 <= found.upper)
    assert low < np.mean(inside) < high


def test_values_of_other_conditions_are_refused():
    with pytest.raises(InputError, match="3 and 2 values and 3 groups"):
        paired_bootstrap([1, 2, 3], [1, 2], ["A", "B", "C"])
