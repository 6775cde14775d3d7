"""Propagation against a slow loop over genes and edges, and what must hold whatever the network."""

import numpy as np
import pytest
from scipy import sparse

from perturbome.models.propagation import propagate, safe_damping, spectral_radius

N = 12


def loop(weights, start, held, lowest, steps, damping):
    """One perturbation, gene by gene, as the docstring of `propagate` says it."""
    n = len(lowest)
    imposed = [start[g] if held[g] else 0.0 for g in range(n)]
    change = list(imposed)
    for step in range(steps):
        after = [0.0] * n
        for target in range(n):
            for source in range(n):
                felt = imposed[source] if held[source] else (damping * change[source] if step else 0.0)
                after[target] += weights[source, target] * felt
            after[target] = max(after[target], lowest[target])
        change = [imposed[g] if held[g] else after[g] for g in range(n)]
    return np.array(change)


@pytest.fixture(params=[0.05, 0.3, 0.9], ids=["sparse", "middle", "dense"])
def case(request):
    rng = np.random.default_rng(int(request.param * 100))
    dense = rng.normal(size=(N, N)) * (rng.random((N, N)) < request.param)
    np.fill_diagonal(dense, 0)
    dense[rng.integers(N)] = 0  # one gene that regulates nothing
    mean = rng.random(N) * 2
    held = np.eye(N, dtype=bool)
    held[0, 1] = True  # a double
    return sparse.csr_matrix(dense), np.where(held, -mean, 0.0), held, -mean


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 6])
@pytest.mark.parametrize("damping", [1.0, 0.4])
def test_equals_the_slow_loop(case, steps, damping):
    weights, start, held, lowest = case
    fast = propagate(weights, start, held, lowest, steps, damping)
    slow = [loop(weights.toarray(), start[k], held[k], lowest, steps, damping) for k in range(N)]
    np.testing.assert_allclose(fast, slow, atol=1e-12)


def test_one_by_one_equals_all_at_once(case):
    weights, start, held, lowest = case
    whole = propagate(weights, start, held, lowest)
    for k in range(N):
        one = propagate(weights, start[k : k + 1], held[k : k + 1], lowest)
        np.testing.assert_allclose(whole[k], one[0], atol=1e-13)


def test_a_perturbation_of_size_zero_changes_nothing(case):
    weights, start, held, lowest = case
    assert not propagate(weights, 0 * start, held, lowest).any()


def test_unreachable_genes_do_not_change_at_all():
    # 0 -> 1 -> 2, and 3 -> 4 apart
    weights = sparse.csr_matrix(([0.5, -0.8, 2.0], ([0, 1, 3], [1, 2, 4])), shape=(5, 5))
    start, held = np.array([[-1.0, 0, 0, 0, 0]]), np.array([[True, False, False, False, False]])
    change = propagate(weights, start, held, np.full(5, -np.inf), steps=3, damping=0.5)[0]
    np.testing.assert_allclose(change, [-1, -0.5, 0.5 * 0.8 * 0.5, 0, 0])
    assert (change[3:] == 0).all()
    assert propagate(weights, start, held, np.full(5, -np.inf), steps=1)[0, 2] == 0  # two edges need two steps


def test_feedback_does_not_move_the_held_gene():
    weights = sparse.csr_matrix(([0.9, 0.9], ([0, 1], [1, 0])), shape=(2, 2))
    change = propagate(weights, np.array([[-2.0, 0]]), np.array([[True, False]]), np.full(2, -np.inf), steps=5)
    np.testing.assert_allclose(change, [[-2.0, -1.8]])


def test_permuting_genes_permutes_the_answer(case):
    weights, start, held, lowest = case
    order = np.random.default_rng(5).permutation(N)
    turned = propagate(weights[order][:, order], start[:, order], held[:, order], lowest[order])
    np.testing.assert_allclose(turned, propagate(weights, start, held, lowest)[:, order], atol=1e-12)


def test_linear_until_expression_reaches_zero(case):
    weights, start, held, lowest = case
    free = np.full(N, -np.inf)
    np.testing.assert_allclose(
        propagate(weights, 3 * start, held, free), 3 * propagate(weights, start, held, free), atol=1e-11
    )
    assert (propagate(weights, start, held, lowest) >= lowest - 1e-12).all()


@pytest.mark.parametrize("small", [1000, 5], ids=["eigenvalues", "arpack"])
def test_spectral_radius_is_numpys(small, monkeypatch):
    monkeypatch.setattr("perturbome.models.propagation.SMALL", small)
    rng = np.random.default_rng(7)
    dense = rng.normal(size=(60, 60)) * (rng.random((60, 60)) < 0.2)
    expected = np.abs(np.linalg.eigvals(dense)).max()
    assert spectral_radius(sparse.csr_matrix(dense)) == pytest.approx(expected, rel=1e-6)


def test_damping_is_lowered_only_where_feedback_would_grow():
    ring = sparse.csr_matrix(([4.0, 4.0], ([0, 1], [1, 0])), shape=(2, 2))
    assert safe_damping(ring, 0.5) == pytest.approx(0.95 / 4)
    assert safe_damping(ring * 0.1, 0.5) == 0.5
    assert safe_damping(sparse.csr_matrix((2, 2)), 0.5) == 0.5
