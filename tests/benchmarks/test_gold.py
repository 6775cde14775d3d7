"""The gold standards as they are read: sizes as published, pairs that are scored, who follows whom."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks._gold import Gold, gold_standards, make_cells, scored_pairs, signed_matrix
from benchmarks._gold_simulated import next_in_series, same_network

EDGES = {"DREAM4-100 1": 176, "DREAM4-100 2": 249, "GSD": 76, "VSC": 15, "Sachs": 20}  # self-loops out


def test_samples_follow_one_another_within_their_series() -> None:
    follows = next_in_series(np.array([0.0, 1, 2, 0, 5])).toarray()
    assert list(zip(*np.nonzero(follows), strict=True)) == [(0, 1), (1, 2), (3, 4)]


def test_profiles_of_another_network_are_told() -> None:
    rng = np.random.default_rng(0)
    wild = rng.random((1, 100))
    assert same_network(wild + 0.1 * rng.normal(size=(50, 100)), wild)
    assert not same_network(rng.random((50, 100)), wild)


def test_pairs_and_signs_of_a_small_truth() -> None:
    cells = make_cells(np.zeros((2, 4)), ["a", "b", "c", "d"], regulators=["c", "a"])
    truth = signed_matrix(cells, [("a", "b", -1), ("c", "c", 1), ("a", "b", 1)])
    np.testing.assert_array_equal(truth, [[0, 0, 1, 0], [0, -1, 0, 0]])
    universe = scored_pairs(cells, {"a"}, {"a", "b", "c"})
    np.testing.assert_array_equal(universe, [[False] * 4, [False, True, True, False]])


@pytest.fixture(scope="module")
def read(data_dir: Path) -> list[Gold]:
    return list(gold_standards(data_dir))


@pytest.mark.data
def test_every_set_is_read_whole(read: list[Gold]) -> None:
    assert len(read) == 6 + 6 + 3 + 1 + 3
    for gold in read:
        own = gold.cells.regulators
        assert not gold.universe[np.arange(own.size), own].any()
        assert np.isfinite(gold.cells.X).all()
        n_edges = int((gold.truth[gold.universe] != 0).sum())
        assert n_edges == EDGES.get(gold.name, n_edges)
        assert gold.signed == (gold.name in {"GSD", "VSC"})
        successor = gold.cells.successor
        if successor is not None:
            rows = np.asarray(successor.sum(1)).ravel()
            np.testing.assert_allclose(rows[rows > 0], 1.0)
    inhibiting = {gold.name: int((gold.truth[gold.universe] < 0).sum()) for gold in read if gold.signed}
    assert inhibiting == {"GSD": 27, "VSC": 15}


@pytest.mark.data
def test_a_knocked_out_gene_is_the_one_that_is_perturbed(read: list[Gold]) -> None:
    for gold in (g for g in read if g.track == "knock-outs"):
        cells = gold.cells
        own = np.array([cells.X[np.flatnonzero(cells.perturbed[:, m])[0], gene] for m, gene in enumerate(cells.aimed)])
        assert np.median(own) == 0, "a knock-out has no expression but for the noise of its measurement"
        assert (own < np.median(cells.X[cells.control][:, cells.aimed], axis=0) + 0.05).all()
        assert cells.control.sum() == 11
        assert not (cells.control & cells.perturbed.any(1)).any()
