"""Couplings against POT, dense and sparse, and what must hold of every coupling."""

from __future__ import annotations

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.special import logsumexp

from perturbome.ingest.transitions.sinkhorn import couple, extend, log_mean, plan


def problem(n: int, m: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Costs [n, m] of mean 1 and two uneven masses."""
    rng = np.random.default_rng(seed)
    cost = cdist(rng.normal(size=(n, 5)), rng.normal(0.3, 1, (m, 5)), "sqeuclidean")
    a, b = rng.random(n) + 0.2, rng.random(m) + 0.2
    return cost / cost.mean(), a / a.sum(), b / b.sum()


def of_rows(P: np.ndarray) -> np.ndarray:
    return P / P.sum(1, keepdims=True)


@pytest.mark.parametrize("epsilon", [0.5, 0.05, 0.01])
def test_balanced_against_pot(epsilon: float) -> None:
    cost, a, b = problem(60, 45)
    found = couple(cost, a, b, epsilon)
    P = plan(cost, found, epsilon)
    expected = ot.sinkhorn(a, b, cost, epsilon, method="sinkhorn_log", numItermax=20_000, stopThr=1e-12)
    assert found.settled
    np.testing.assert_allclose(P, expected, atol=2e-6)
    np.testing.assert_allclose(P.sum(0), b, atol=1e-9)


@pytest.mark.parametrize("epsilon", [0.5, 0.05, 0.01])
def test_unbalanced_against_pot(epsilon: float) -> None:
    cost, a, b = problem(60, 45)
    found = couple(cost, a, b, epsilon, 1.0, 50.0)
    expected = ot.unbalanced.sinkhorn_unbalanced(
        a,
        b,
        cost,
        epsilon,
        (1.0, 50.0),
        reg_type="kl",
        c=np.full_like(cost, 1 / cost.size),
        numItermax=20_000,
        stopThr=1e-12,
    )
    np.testing.assert_allclose(plan(cost, found, epsilon), expected, rtol=2e-3, atol=1e-9)


def test_small_entropy_reaches_the_exact_plan() -> None:
    """At epsilon 0.001 scalings pass 1e50 and are absorbed; the plan is that of the linear programme."""
    cost, a, b = problem(30, 30)
    a = b = np.full(30, 1 / 30)
    P = plan(cost, couple(cost, a, b, 0.001), 0.001)
    assert (P * cost).sum() == pytest.approx(ot.emd2(a, b, cost), rel=0.01)


@pytest.mark.parametrize("penalties", [(None, None), (1.0, 50.0)])
def test_potentials_extend_to_the_cells_they_were_found_on(penalties) -> None:
    cost, a, b = problem(50, 40)
    found = couple(cost, a, b, 0.05, *penalties)
    np.testing.assert_allclose(extend(cost, 50 * a, found.g, 0.05, penalties[0]), found.f, atol=1e-4)
    np.testing.assert_allclose(extend(cost.T, 40 * b, found.f, 0.05, penalties[1]), found.g, atol=1e-4)
    exact = logsumexp((found.g - cost) / 0.05, axis=1) - np.log(40)
    np.testing.assert_allclose(log_mean(cost, found.g, 0.05), exact)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 30), st.integers(2, 30), st.sampled_from([0.5, 0.05]), st.integers(0, 50))
def test_masses_are_kept_and_order_does_not_matter(n: int, m: int, epsilon: float, seed: int) -> None:
    cost, a, b = problem(n, m, seed)
    P = plan(cost, couple(cost, a, b, epsilon), epsilon)
    np.testing.assert_allclose(P.sum(0), b, atol=1e-8)
    np.testing.assert_allclose(P.sum(1), a, atol=1e-3)
    rows, columns = np.random.default_rng(seed).permutation(n), np.random.default_rng(seed).permutation(m)
    moved = cost[np.ix_(rows, columns)]
    Q = plan(moved, couple(moved, a[rows], b[columns], epsilon), epsilon)
    np.testing.assert_allclose(Q, P[np.ix_(rows, columns)], rtol=1e-6)


def test_shifting_the_cost_changes_no_row() -> None:
    cost, a, b = problem(40, 30)
    first = of_rows(plan(cost, couple(cost, a, b, 0.05, 1.0, 50.0), 0.05))
    moved = of_rows(plan(cost + 3, couple(cost + 3, a, b, 0.05, 1.0, 50.0), 0.05))
    np.testing.assert_allclose(moved, first, rtol=1e-3, atol=1e-9)
