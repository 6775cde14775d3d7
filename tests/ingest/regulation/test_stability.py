"""Stability against every bootstrap fitted anew from weighted cells, target by target."""

from __future__ import annotations

import numpy as np
import pytest

from perturbome.ingest.regulation.moments import Blocks, block_moments
from perturbome.ingest.regulation.ridge import fit_ridge, own_position
from perturbome.ingest.regulation.stability import edge_stability

N, G, N_BOOTSTRAPS, PENALTY = 60, 6, 25, 0.1
REGULATORS = np.array([0, 1, 2])
OWN = own_position(REGULATORS, G)
EDGES = np.array([0, 1, 2, 0]), np.array([3, 4, 5, 1])


@pytest.fixture(scope="module")
def X() -> np.ndarray:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, G))
    X[:, 3] += 2 * X[:, 0]
    X[:, 4] -= 0.5 * X[:, 1]
    return X


@pytest.fixture(scope="module")
def blocks(X: np.ndarray) -> Blocks:
    return block_moments(X, REGULATORS, np.arange(N))


def z_of(X: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """|z| with sign of every regulator and target by weighted ridge, from the definition."""
    mean = weight @ X / weight.sum()
    Z = (X - mean) / np.sqrt(weight @ (X - mean) ** 2 / weight.sum())
    z, n = np.zeros((3, G)), weight.sum()
    for target in range(G):
        rows = [r for r in REGULATORS if r != target]
        A = Z[:, rows]
        R, c = (A * weight[:, None]).T @ A / n, (A * weight[:, None]).T @ Z[:, target] / n
        M = np.linalg.inv(R + PENALTY * np.eye(len(rows)))
        beta = M @ c
        rss = weight @ (Z[:, target] - A @ beta) ** 2 / n
        error = np.sqrt(rss / (n - 1 - np.trace(R @ M)) * np.diag(M @ R @ M))
        z[rows, target] = beta / error
    return z


def weights_of_bootstraps(n: int) -> np.ndarray:
    weights = np.random.default_rng(9).standard_exponential((n, N))
    return weights * N / weights.sum(1, keepdims=True)


def stability(blocks: Blocks, edges: tuple[np.ndarray, np.ndarray], sign: np.ndarray, n: int) -> np.ndarray:
    weights = weights_of_bootstraps(n)

    def refit(b: int) -> np.ndarray:
        return fit_ridge(blocks.correlations(weights[b]), OWN, PENALTY).z

    return edge_stability(refit, n, edges, sign)


def test_against_every_bootstrap_fitted_anew(X: np.ndarray, blocks: Blocks) -> None:
    sign = np.sign(z_of(X, np.ones(N))[EDGES])
    kept = stability(blocks, EDGES, sign, N_BOOTSTRAPS)
    expected = np.zeros(4)
    for weight in weights_of_bootstraps(N_BOOTSTRAPS):
        z = z_of(X, weight)
        floor = np.sort(np.abs(z).ravel())[-4]
        expected += (np.abs(z[EDGES]) >= floor) & (np.sign(z[EDGES]) == sign)
    np.testing.assert_allclose(kept, expected / N_BOOTSTRAPS)
    assert kept[0] == 1
    assert 0 < kept[2] < 1


def test_an_edge_that_turns_its_sign_is_not_found_again(blocks: Blocks) -> None:
    sign = np.array([-1, -1, 1, 1])  # the first is strongly positive
    kept = stability(blocks, EDGES, sign, 10)
    assert kept[0] == 0


def test_nothing_to_weigh() -> None:
    nothing = np.empty(0, np.intp)
    blocks = block_moments(np.random.default_rng(0).normal(size=(20, G)), REGULATORS, np.arange(20))
    assert stability(blocks, (nothing, nothing), nothing, 10).size == 0
