"""Networks from edge rows, and draws of them."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from perturbome.models.bootstrap import bootstrap_half_width
from perturbome.models.imposed import MODES, impose
from perturbome.models.network import from_edges, standard_error
from perturbome.models.network_model import interval_ends
from perturbome.models.propagation import propagate

GENES = ("a", "b", "c", "d")


@pytest.fixture
def network():
    """a -> b -| c; the loop on a and the edge to an unknown gene are left out."""
    weight = np.array([0.6, -0.4, 1.0, 1.0])
    error = standard_error(weight, np.array([1e-4, 0.05, 0.1, 0.1]))
    stability = np.array([1.0, 0.5, 1.0, 1.0])
    return from_edges(GENES, ["a", "b", "a", "a"], ["b", "c", "a", "elsewhere"], weight, error, stability)


def test_edges_outside_and_loops_are_left_out(network):
    assert network.source.tolist() == [0, 1]
    assert network.target.tolist() == [1, 2]
    assert network.regulators.tolist() == [0, 1]


def test_standard_error_gives_the_p_back():
    p = np.array([0.9, 0.05, 1e-8])
    weight = np.array([-2.0, 0.3, 1.0])
    np.testing.assert_allclose(2 * stats.norm.sf(np.abs(weight) / standard_error(weight, p)), p, rtol=1e-6)
    assert standard_error(np.array([2.0]), np.array([np.nan]))[0] == pytest.approx(2.0, rel=1e-3)
    assert standard_error(np.array([2.0]), np.array([0.0]))[0] > 0


def test_a_slope_is_weight_per_sd_and_a_constant_regulator_has_none(network):
    matrix = network.matrix(np.array([2.0, 0.0, 1.0, 1.0])).toarray()
    assert matrix[0, 1] == pytest.approx(0.3)
    assert matrix[1, 2] == 0


def test_draws_have_the_mean_error_and_stability_of_the_edge(network):
    rng = np.random.default_rng(0)
    draws = np.array([network.draw(rng) for _ in range(4000)])
    assert draws[:, 0].mean() == pytest.approx(0.6, abs=0.01)
    assert draws[:, 0].std() == pytest.approx(network.error[0], rel=0.05)
    assert (draws[:, 1] != 0).mean() == pytest.approx(0.5, abs=0.03)


def test_bootstrap_interval_of_a_direct_edge_is_the_normal_quantile(network):
    sd = mean = np.ones(4)
    start, held = impose([(0,)], ["knockout"], mean, sd)
    lowest = np.full(4, -np.inf)
    delta = propagate(network.matrix(sd), start, held, lowest, 1, 0.5)
    half = bootstrap_half_width(network, sd, start, held, lowest, delta, 1, 0.5, n_bootstraps=3000)
    assert half[0, 1] == pytest.approx(stats.norm.ppf(0.95) * network.error[0], abs=0.03)
    assert half[0, 0] == 0  # imposed: known
    assert half[0, 3] == 0  # not reached


def test_bootstrap_is_seeded_and_does_not_depend_on_its_blocks(network, monkeypatch):
    sd = mean = np.ones(4)
    start, held = impose([(0,), (1,), (2,)], ["knockout"] * 3, mean, sd)
    delta = propagate(network.matrix(sd), start, held, -mean, 3, 0.5)
    args = (network, sd, start, held, -mean, delta, 3, 0.5)
    whole = bootstrap_half_width(*args, n_bootstraps=20, seed=3)
    monkeypatch.setattr("perturbome.models.bootstrap.MEMORY", 1)
    np.testing.assert_array_equal(whole, bootstrap_half_width(*args, n_bootstraps=20, seed=3))


def test_draws_that_all_lie_on_one_side_still_give_a_distance(network):
    """An edge that most draws lack, on a gene that clips at zero: quantiles of the draws would end at the point."""
    sd, mean = np.ones(4), np.array([1.0, 0.1, 1.0, 1.0])
    rare = replace(network, stability=np.full(len(network.weight), 0.3))
    start, held = impose([(0,)], ["knockout"], mean, sd)
    delta = propagate(rare.matrix(sd), start, held, -mean, 1, 0.5)
    assert delta[0, 1] == -0.1
    half = bootstrap_half_width(rare, sd, start, held, -mean, delta, 1, 0.5, n_bootstraps=200)
    assert half[0, 1] == pytest.approx(0.1, rel=1e-4)


@pytest.mark.parametrize(
    ("mode", "expected"), [("knockout", -2.0), ("knockdown", -1.5), ("activation", 0.5), ("compound", -1.5)]
)
def test_modes_impose_what_they_say(mode, expected):
    start, held = impose([(1,)], [mode], np.array([1.0, 2.0]), np.array([1.0, 0.5]))
    assert start.tolist() == [[0, expected]]
    assert held.tolist() == [[False, True]]


def test_no_mode_takes_expression_below_zero():
    for mode in MODES.values():
        start, _ = impose([(0,)], [mode.name], np.array([1.0]), np.array([1.0]), strength=5.0)
        assert mode.name == "activation" or start[0, 0] >= -1.0


def test_no_interval_ends_below_zero_expression(network):
    """Gene a is imposed; b would lose ten times what it has, so it loses all and has no lower end; d is not reached."""
    strong = replace(network, weight=network.weight * 10, error=network.error * 10, stability=np.ones(2))
    mean = np.array([1.0, 0.5, 5.0, 0.0])
    start, held = impose([(0,)], ["knockout"], mean, np.ones(4))
    delta = propagate(strong.matrix(np.ones(4)), start, held, -mean, 1, 0.5)
    assert delta[0].tolist() == [-1.0, -0.5, 0.0, 0.0]
    lower, upper = interval_ends(delta, np.array([[0.0, 0.2, 9.0, 0.0]]), -mean)
    np.testing.assert_array_equal(lower, [[np.nan, np.nan, -5.0, np.nan]])
    np.testing.assert_array_equal(upper, [[np.nan, -0.3, 9.0, np.nan]])
