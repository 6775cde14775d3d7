"""The benchmark of networks asks methods as the platform does, and its page says what was measured."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks._gold import Gold, make_cells, scored_pairs, signed_matrix
from benchmarks.networks import degrees, is_there, members, ranking, rows_of, spread
from docs.networks import RESULTS, page

from perturbome.ingest.regulation.registry import METHODS

pytest.importorskip("sklearn")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def gold() -> Gold:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 5)) + 5
    X[:, 3] = X[:, 0] + 0.1 * rng.normal(size=80)
    X[:, 4] = 2.0  # constant: takes no part
    cells = make_cells(X, list("abcde"), regulators=list("abe"))
    truth = signed_matrix(cells, [("a", "d", 1), ("b", "c", -1)])
    return Gold("toy", "plain", cells, truth, scored_pairs(cells, set("abe"), set("abcde")), True)


def test_genes_that_take_no_part_come_last(gold: Gold) -> None:
    found = ranking(METHODS["correlation"], gold.cells)
    assert np.isnan(found.strength[2]).all()
    assert np.isnan(found.strength[:, 4]).all()
    assert np.nanargmax(found.strength[0, 1:]) + 1 == 3
    row = rows_of(gold, "correlation", found)
    assert row["set"] == "toy"
    assert row["auroc"] > 0.5
    assert row["epr_activation"] > 1


def test_a_consensus_is_made_of_what_is_there_and_allowed(gold: Gold) -> None:
    names = members(gold.cells)
    assert "ridge" in names
    assert not {"dynamic", "interventional"} & set(names)
    assert all(is_there(METHODS[name]) for name in names)


def test_the_baselines_know_what_they_say(gold: Gold) -> None:
    np.testing.assert_allclose(spread(gold).strength[0], gold.cells.X.std(0)[0] * gold.cells.X.std(0))
    assert degrees(gold).strength.tolist() == [[0, 0, 1, 1, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 0]]


def test_the_page_is_that_of_the_results() -> None:
    assert (ROOT / "docs" / "networks.md").read_text() == page(json.loads(RESULTS.read_text()))
