"""Conditions against sets counted by hand; cells that carry a perturbation without a column belong to none."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from perturbome.ingest.regulation.method import Cells
from perturbome.ingest.regulation.methods.conditions import Conditions

M = 4


def cells_of(sets: list[tuple[frozenset[int], bool]]) -> Cells:
    """One cell for each set of perturbed genes, told whether another is perturbed there as well."""
    perturbed = np.array([[gene in genes for gene in range(M)] for genes, _ in sets])
    X = np.random.default_rng(0).normal(size=(len(sets), M + 2))
    return Cells.of(
        X, np.arange(M), perturbed=perturbed, aimed=np.arange(M) + 1, otherwise=np.array([also for _, also in sets])
    )


@given(st.lists(st.tuples(st.frozensets(st.integers(0, M - 1), max_size=3), st.booleans()), min_size=1, max_size=30))
def test_conditions_are_those_of_the_cells_without_the_mixed_ones(sets):
    cells = cells_of(sets)
    conditions = Conditions.of(cells)
    counted = Counter(genes for genes, also in sets if not also)
    assert conditions.size[0] == counted.pop(frozenset(), 0)
    named = [frozenset((conditions.aimed[row] - 1).tolist()) for row in conditions.sets]
    assert dict(zip(named, conditions.size[1:], strict=True)) == counted
    assert (conditions.of_cell[cells.otherwise] == -1).all()
    plain = Conditions.of(cells.taken(np.flatnonzero(~cells.otherwise)))
    np.testing.assert_array_equal(conditions.of_cell[~cells.otherwise], plain.of_cell)
    np.testing.assert_allclose(conditions.sums(cells.X), plain.sums(cells.X[~cells.otherwise]))
    for one, other in zip(conditions.solution(), plain.solution(), strict=True):
        assert (one != other).sum() == 0


def test_a_control_with_a_perturbation_of_its_own_is_none():
    cells = cells_of([(frozenset(), False), (frozenset(), True), (frozenset({2}), False)])
    told = replace(cells, control=np.array([True, True, False]))
    np.testing.assert_array_equal(told.mixed, [False, True, False])
    np.testing.assert_array_equal(Conditions.of(told).of_cell, [0, -1, 1])
    assert not cells.mixed.any(), "perturbed in nothing that has a column and no control: it is of no condition anyway"


def test_without_any_perturbed_gene_there_is_nothing_to_solve():
    conditions = Conditions.of(Cells.of(np.ones((5, 3)), np.arange(3)))
    solution, told = conditions.solution()
    assert solution.shape == (0, 0)
    assert told.size == 0
    assert conditions.size.tolist() == [5]
