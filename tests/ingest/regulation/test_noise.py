"""No network in noise, however few the cells."""

from __future__ import annotations

import numpy as np
import pytest

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.network import Edges, infer_network
from perturbome.ingest.regulation.registry import METHODS


def infer(X: np.ndarray, regulators: np.ndarray) -> Edges:
    return infer_network(Cells.of(X, regulators), METHODS["ridge"], Options(n_bootstraps=0))


@pytest.mark.parametrize("n_cells", [20, 34, 60, 90, 150, 400])
@pytest.mark.parametrize("n_regulators", [10, 60, 100])
def test_independent_genes_have_next_to_no_edges(n_cells, n_regulators):
    found = []
    for seed in range(3):
        rng = np.random.default_rng([n_cells, n_regulators, seed])
        X = np.log1p(rng.poisson(5, size=(n_cells, 100))).astype(np.float32)
        network = infer(X, np.arange(n_regulators))
        found.append(network.source.size)
    pairs = n_regulators * 99
    assert np.median(found) <= max(5, 0.005 * pairs), f"{found} of {pairs} pairs"


def test_a_real_edge_is_found_among_few_cells_and_many_regulators():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 80)).astype(np.float32)
    X[:, 79] = 2 * X[:, 3] + 0.5 * rng.normal(size=60)
    network = infer(X - X.min(), np.arange(79))
    assert (3, 79) in set(zip(network.source.tolist(), network.target.tolist(), strict=True))
