"""The inflation of z: one where z is right, and what it is where it is not, whatever the number of genes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods.changes import change_moments, choose_change_penalty, fit_changes
from perturbome.ingest.regulation.methods.course import course_of, kinds_of
from perturbome.ingest.regulation.methods.inflation import inflation, some_targets, with_genes
from perturbome.ingest.regulation.methods.successors import successors

QUIET = Options(n_bootstraps=0)


def independent(seed: int, n: int, G: int, p: int) -> Cells:
    X = sparse.random(n, G, 0.3, format="csr", random_state=seed, dtype=np.float32)
    return Cells.of(X, np.arange(p), time=np.arange(n) % 3.0)


@pytest.mark.parametrize("n_genes", [30, 500])
def test_it_is_the_spread_of_z_where_all_genes_are_independent(n_genes: int) -> None:
    """Also where there are more targets than surrogates are made of: the nearest cells follow fewer genes closer."""
    cells = independent(0, 200, n_genes, 12)
    kinds = kinds_of(cells)
    course, _ = course_of(cells, successors(cells.X, cells.time, kinds), QUIET)
    changes = change_moments(course)
    z = fit_changes(changes, choose_change_penalty(changes.correlations())).z
    others = np.ones(z.shape, bool)
    others[np.arange(12), np.arange(12)] = False
    assert inflation(cells, kinds, QUIET) == pytest.approx(z[others].std(), rel=0.15)


def test_it_is_one_for_series_of_independent_steps() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 15, 10)).cumsum(1).reshape(-1, 10)
    here = np.flatnonzero(np.arange(300) % 15 < 14)
    T = sparse.csr_matrix((np.ones(here.size), (here, here + 1)), (300, 300))
    cells = Cells.of(X, np.arange(10), time=np.tile(np.arange(15.0), 20), successor=T)
    assert inflation(cells, kinds_of(cells), QUIET) == pytest.approx(1, abs=0.15)


def test_the_order_of_rows_does_not_matter() -> None:
    cells = independent(1, 120, 20, 5)
    order = np.random.default_rng(0).permutation(120)
    moved = Cells.of(cells.X[order], cells.regulators, time=cells.time[order], key=order, genes=cells.genes)
    first = inflation(cells, kinds_of(cells), QUIET)
    assert inflation(moved, kinds_of(moved), QUIET) == pytest.approx(first, rel=1e-3)


def test_targets_are_drawn_by_their_names() -> None:
    cells = replace(independent(0, 30, 800, 3), genes=tuple(f"g{i}" for i in range(800)))
    drawn = {cells.genes[c] for c in some_targets(cells, 0)}
    order = np.random.default_rng(0).permutation(800)
    moved = with_genes(cells, order)
    assert {moved.genes[c] for c in some_targets(moved, 0)} == drawn
    assert {"g0", "g1", "g2"} <= drawn
    assert len(drawn) == 303
