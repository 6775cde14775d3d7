"""The class gate against formulas by hand; closed for noise, open for signal, and class by class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perturbome.models.predictors.class_gate import Shared, errors_of, fit_class_gate, ratio

N, G = 40, 60
NONE = np.zeros((N, G), dtype=bool)


def simulate(seed, slopes, tail=0.5, noise=1.0):
    """Residuals that follow the step with a slope of their own [N]; conditions of unlike size."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(3, G))
    step = np.exp(tail * rng.normal(size=(N, 1))) * (rng.normal(size=(N, 3)) @ shared)
    wild = np.exp(tail * rng.normal(size=(N, 1))) * (rng.normal(size=(N, 3)) @ rng.normal(size=(3, G)))
    return np.asarray(slopes)[:, None] * step + noise * (wild + rng.normal(size=(N, G))), step


def gate(seed, slopes, kind=None, own=NONE, **options):
    truth, step = simulate(seed, slopes, **options)
    kind = ["a"] * N if kind is None else kind
    unit = np.arange(N)
    return fit_class_gate(errors_of(truth, np.zeros_like(truth), step, own), kind, unit, unit % 10)


def test_gamma_is_the_shrunk_least_squares_slope():
    truth, step = simulate(0, np.full(N, 0.4), noise=0.5)
    found = gate(0, np.full(N, 0.4), noise=0.5)
    slope = np.linalg.lstsq(step.reshape(-1, 1), truth.ravel(), rcond=None)[0][0]
    slopes = [np.sum(np.delete(step * truth, k, 0)) / np.sum(np.delete(step**2, k, 0)) for k in range(N)]
    square = (N - 1) / N * np.sum((slopes - np.mean(slopes)) ** 2)
    assert found.slope == pytest.approx(slope)
    assert found.gammas["a"] == pytest.approx(slope * (1 - square / slope**2))
    assert found.gammas["a"] == pytest.approx(0.4, abs=0.1)
    assert found.open


def test_nested_gain_by_hand():
    truth, step = simulate(1, np.full(N, 0.5))
    found, fold, less = gate(1, np.full(N, 0.5)), np.arange(N) % 10, 0.0
    for f in range(10):
        out = fold == f
        less += np.sum(truth[out] ** 2) - np.sum((truth[out] - found.nested[out][:, None] * step[out]) ** 2)
        assert len(np.unique(found.nested[out])) == 1
    assert found.gain == pytest.approx(less / np.sum(truth**2))
    rest = ~(fold == 3)
    unit = np.arange(N)[rest]
    alone = fit_class_gate(
        errors_of(truth[rest], 0 * truth[rest], step[rest], NONE[rest]), ["a"] * len(unit), unit, fold[rest]
    )
    assert found.nested[3] == pytest.approx(alone.gammas["a"])


def test_noise_keeps_it_closed_in_nearly_all_draws():
    kind = ["a" if i % 3 else "b" for i in range(N)]
    found = [gate(s, np.zeros(N), kind) for s in range(200)]
    assert np.mean([g.open for g in found]) <= 0.02
    for g in found:
        assert g.open or set(g.gammas.values()) == {0.0} == set(g.nested.tolist())


def test_a_step_in_the_wrong_direction_keeps_it_closed():
    found = gate(2, np.full(N, -0.5))
    assert not found.open
    assert found.slope < 0


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_its_own_gets_a_slope_of_its_own(seed):
    kind = np.array(["seen" if i < 30 else "new" for i in range(N)])
    found = gate(seed, np.where(kind == "seen", 0.8, 0.0), kind, noise=0.5)
    assert found.gammas["seen"] > 0.6
    assert found.gammas["new"] < 0.25 < found.gammas["seen"] - 0.3


def test_a_class_whose_own_error_grows_is_closed():
    kind = np.array(["seen" if i < 30 else "new" for i in range(N)])
    found = gate(3, np.where(kind == "seen", 0.8, -0.4), kind, noise=0.5)
    assert found.gammas["new"] == 0
    assert not found.nested[kind == "new"].any()
    assert found.gammas["seen"] > 0.6


def test_a_class_that_is_open_gained_by_nested_gammas():
    kind = np.array(["seen" if i < 25 else "new" for i in range(N)])
    lost = 0
    for seed in range(40):
        slopes = np.where(kind == "seen", 0.8, 0.05)
        truth, step = simulate(seed, slopes, noise=0.7)
        unit, new = np.arange(N), kind == "new"
        errors = errors_of(truth, 0 * truth, step, NONE)
        found = fit_class_gate(errors, kind, unit, unit % 10)
        if found.open and found.gammas["new"] > 0:
            assert errors.gain(found.nested)[new].sum() > 0
        lost += found.open and found.gammas["new"] == 0
    assert lost >= 3


def test_few_of_a_class_take_the_slope_of_all_and_strange_ones_none():
    kind = ["rare" if i < 3 else "a" for i in range(N)]
    found = gate(4, np.full(N, 0.5), kind)
    everyone = gate(4, np.full(N, 0.5))
    assert found.gammas["rare"] == pytest.approx(everyone.gammas["a"])
    assert found.of(["a", "never met"]).tolist() == [found.gammas["a"], 0.0]


def test_gammas_lie_between_nothing_and_everything():
    assert 0.99 < gate(5, np.full(N, 3.0)).gammas["a"] <= 1


def test_a_condition_counted_twice_is_still_one_unit():
    truth, step = simulate(6, np.full(N, 0.4))
    unit = np.arange(N)
    errors = errors_of(truth, 0 * truth, step, NONE)
    twice = errors_of(np.tile(truth, (2, 1)), np.zeros((2 * N, G)), np.tile(step, (2, 1)), np.tile(NONE, (2, 1)))
    one = fit_class_gate(errors, ["a"] * N, unit, unit % 10)
    two = fit_class_gate(twice, ["a"] * 2 * N, np.tile(unit, 2), np.tile(unit % 10, 2))
    assert two.gammas["a"] == pytest.approx(one.gammas["a"])
    assert (two.gain, two.error, two.n) == (pytest.approx(one.gain), pytest.approx(one.error), one.n)


def test_own_targets_and_a_step_of_nothing_do_not_count():
    truth, step = simulate(7, np.full(N, 0.4))
    own = NONE.copy()
    own[:, 0] = True
    clean = gate(7, np.full(N, 0.4), own=own)
    truth[:, 0] += 1e3
    spoiled = fit_class_gate(errors_of(truth, 0 * truth, step, own), ["a"] * N, np.arange(N), np.arange(N) % 10)
    assert spoiled.gammas == clean.gammas
    assert (spoiled.gain, spoiled.error) == (clean.gain, clean.error)
    flat = fit_class_gate(errors_of(truth, 0 * truth, 0 * step, own), ["a"] * N, np.arange(N), np.arange(N) % 10)
    assert (flat.gammas, flat.gain, flat.open) == ({"a": 0.0}, 0.0, False)


def test_three_units_teach_nothing():
    truth, step = simulate(8, np.full(N, 1.0))
    errors = errors_of(truth[:6], 0 * truth[:6], step[:6], NONE[:6])
    assert not fit_class_gate(errors, ["a"] * 6, np.arange(6) // 2, np.arange(6) // 2).open


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.1, 5), st.integers(0, 6)), min_size=3, max_size=20))
def test_the_jackknife_of_a_ratio_by_brute_force(rows):
    a, b, unit = (np.array(x) for x in zip(*rows, strict=True))
    value, error = ratio(a, b, unit)
    units = np.unique(unit)
    if len(units) == 1:
        assert (value, error) == (0.0, 0.0)  # of one unit nothing is known
    else:
        assert value == pytest.approx(a.sum() / b.sum())
        without = np.array([a[unit != u].sum() / b[unit != u].sum() for u in units])
        n = len(units)
        assert error == pytest.approx(np.sqrt((n - 1) / n * np.sum((without - without.mean()) ** 2)), abs=1e-9)


def test_noise_that_all_conditions_share_does_not_open_the_gate():
    """Steps that begin at one control mean, truths measured against another, few of each: nothing else is there."""
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(6, G))  # genes move together, so that two noises are often alike by chance
    opened = {"seen": 0, "unseen": 0}
    for _ in range(100):
        start, goal = (rng.normal(size=6) @ mix for _ in range(2))
        step = np.tile(-start, (N, 1)) + 0.1 * rng.normal(size=(N, G))
        errors = errors_of(0.3 * rng.normal(size=(N, G)) - goal, np.zeros((N, G)), step, NONE)
        shared = Shared(step @ (start - goal), np.zeros(N, dtype=np.intp))
        asked = (errors, ["a"] * N, np.arange(N), np.arange(N) % 10)
        opened["seen"] += fit_class_gate(*asked, shared=shared).open
        opened["unseen"] += fit_class_gate(*asked).open
    assert opened["unseen"] > 25
    assert opened["seen"] <= opened["unseen"] / 3


def test_the_error_of_shared_noise_by_simulation():
    """Standard error of sum 2 gamma <h, noise> over draws of the truth's control noise, contexts apart."""
    rng = np.random.default_rng(1)
    step, gamma, group = rng.normal(size=(8, G)), rng.uniform(size=8), np.repeat([0, 1], 4)
    noise = rng.normal(size=(20_000, 2, 2, G))  # draw, control of truth or of prediction, context
    moved = 2 * np.einsum("i,ig,dig->d", gamma, step, noise[:, 0][:, group])
    along = np.einsum("ig,dig->di", step, (noise[:, 1] - noise[:, 0])[:, group])
    found = np.sqrt(np.mean([Shared(a, group).error(gamma) ** 2 for a in along]))
    assert found == pytest.approx(moved.std(), rel=0.03)


def test_a_true_effect_opens_the_gate_whatever_the_controls():
    truth, step = simulate(3, np.full(N, 0.8))
    apart = np.random.default_rng(4).normal(size=G)
    shared = Shared(step @ apart, np.zeros(N, dtype=np.intp))
    errors = errors_of(truth, 0 * truth, step, NONE)
    assert fit_class_gate(errors, ["a"] * N, np.arange(N), np.arange(N) % 10, shared=shared).open
