"""The numbers of a ranking against brute force, and what they must not depend on."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks._ranking import aupr, auroc, early_precision, early_sign, filled, scores, signed_early_precision_ratio

pytest.importorskip("sklearn")


def brute_early_precision(score: np.ndarray, edge: np.ndarray, rng: np.random.Generator) -> float:
    """Mean over random orders of the tied."""
    k = edge.sum()
    found = [edge[np.lexsort((rng.random(score.size), -score))[:k]].mean() for _ in range(4000)]
    return float(np.mean(found))


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Scores with many ties, and edges."""
    rng = np.random.default_rng(seed)
    edge = rng.random(30) < 0.3
    edge[0] = True
    return rng.integers(0, 4, 30).astype(float), edge, rng


@pytest.mark.parametrize("seed", range(3))
def test_early_precision_is_that_of_a_random_order_of_ties(seed: int) -> None:
    score, edge, rng = drawn(seed)
    assert early_precision(score, edge) == pytest.approx(brute_early_precision(score, edge, rng), abs=0.03)


@given(st.integers(0, 10_000))
def test_early_precision_does_not_depend_on_the_order_of_pairs(seed: int) -> None:
    score, edge, rng = drawn(seed)
    order = rng.permutation(30)
    assert early_precision(score[order], edge[order]) == pytest.approx(early_precision(score, edge))
    assert early_precision(np.zeros(30), edge) == pytest.approx(edge.mean())


def test_areas_of_a_perfect_a_reversed_and_a_silent_ranking() -> None:
    edge = np.arange(20) < 4
    perfect = -np.arange(20.0)
    assert auroc(perfect, edge) == aupr(perfect, edge) == early_precision(perfect, edge) == 1
    assert auroc(-perfect, edge) == 0
    silent = filled(np.full(20, np.nan))
    assert auroc(silent, edge) == 0.5
    assert aupr(silent, edge) == pytest.approx(0.2)


def test_what_nothing_is_said_of_comes_last_and_tied() -> None:
    np.testing.assert_array_equal(filled(np.array([np.nan, 0.0, 2.0, np.nan])), [-1, 0, 2, -1])


def test_edges_of_the_other_sign_are_left_out() -> None:
    true = np.array([1, -1, 1, 0, 0, -1])
    score = np.array([6.0, 5, 4, 3, 2, 1])
    # Activation: pairs 0, 2 (edges), 3, 4; the two best are the edges, whose density is one half.
    assert signed_early_precision_ratio(score, true, 1) == pytest.approx(2.0)
    # Inhibition: pairs 1, 5 (edges), 3, 4; the two best are 1 and 3.
    assert signed_early_precision_ratio(score, true, -1) == pytest.approx(1.0)
    assert np.isnan(signed_early_precision_ratio(score, np.abs(true), -1))
    # Four edges: among the four best pairs are 0, 1 and 2.
    assert early_sign(score, np.array([1.0, 1, 1, 1, 1, 1]), true) == pytest.approx(2 / 3)


def test_only_pairs_of_the_universe_count() -> None:
    rng = np.random.default_rng(0)
    strength, truth = rng.random((5, 8)), rng.choice([0, 0, 1, -1], (5, 8))
    universe = rng.random((5, 8)) < 0.7
    first = scores(strength, np.ones((5, 8)), truth, universe, True)
    strength[~universe], truth[~universe] = 99.0, 1
    assert scores(strength, np.ones((5, 8)), truth, universe, True) == first
    assert first["aupr_ratio"] == pytest.approx(first["aupr"] / (truth[universe] != 0).mean())
