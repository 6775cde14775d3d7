"""Diffusion pseudotime: against a dense computation, on a known branch, and with each way to name a root."""

from __future__ import annotations

import sys

import anndata
import numpy as np
import pytest
from scipy.stats import spearmanr

from perturbome.ingest.transitions.diffusion import forward
from perturbome.ingest.transitions.dpt import N_COMPONENTS, diffusion_pseudotime, kernel_graph
from perturbome.ingest.transitions.nearest import neighbours_of_each
from perturbome.platform.errors import BadValues, MissingExtra


@pytest.fixture(scope="module")
def tree(branch):
    scores, time, lineage = branch()
    return neighbours_of_each(scores, 30), scores, time, lineage


def by_scanpy(graph, root: int) -> tuple[np.ndarray, float]:
    """scanpy.tl.dpt on the same graph, and the largest eigenvalue that moves."""
    import scanpy

    data = anndata.AnnData(shape=(graph.shape[0], 0))
    data.obsp["connectivities"] = data.obsp["distances"] = graph
    data.uns["neighbors"] = {"connectivities_key": "connectivities", "distances_key": "distances",
                             "params": {"n_neighbors": 30, "method": "gauss"}}  # fmt: skip
    data.uns["iroot"] = root
    scanpy.tl.diffmap(data, n_comps=N_COMPONENTS)
    scanpy.tl.dpt(data, n_dcs=N_COMPONENTS)
    return data.obs["dpt_pseudotime"].to_numpy(), data.uns["diffmap_evals"][1]


def test_against_scanpy_where_no_component_is_slow(branch) -> None:
    scores, _, _ = branch(noise=0.02)
    near = neighbours_of_each(scores, 30)
    graph = kernel_graph(near)
    assert abs(graph - graph.T).max() == 0
    expected, slowest = by_scanpy(graph, 3)
    assert slowest < 0.9994
    found = diffusion_pseudotime(near, root=3)
    np.testing.assert_allclose(found.values, expected, atol=1e-3)
    assert found.values[3] == 0


def test_a_slow_component_is_the_path_and_keeps_its_order(branch) -> None:
    scores, time, _ = branch(2000, noise=0.005)
    near = neighbours_of_each(scores, 30)
    start = int(time.argmin())
    theirs, slowest = by_scanpy(kernel_graph(near), start)
    assert slowest > 0.9994
    assert spearmanr(diffusion_pseudotime(near, root=start).values, time)[0] > 0.99
    assert spearmanr(theirs, time)[0] < 0.9, "scanpy has mended this: its own dpt may be called again"


def test_edges_of_a_branch_point_forward_in_true_time(branch) -> None:
    """Noise of half a percent of the path; with more, neighbours differ by less than the noise displaces them."""
    scores, time, _ = branch(400, noise=0.005)
    near = neighbours_of_each(scores, 30)
    found = diffusion_pseudotime(near, root=int(time.argmin()))
    edges = forward(near, found.values)
    assert spearmanr(found.values, time)[0] > 0.99
    assert (time[edges.target] > time[edges.source]).mean() >= 0.95


def test_without_a_root_an_end_is_taken_and_the_direction_may_be_either(tree) -> None:
    near, _, time, _ = tree
    found = diffusion_pseudotime(near)
    assert time[found.root] < 0.1 or time[found.root] > 0.9


def test_a_type_starts_from_its_middle(tree) -> None:
    near, _, time, lineage = tree
    found = diffusion_pseudotime(near, candidates=np.flatnonzero(lineage == 0))
    assert lineage[found.root] == 0
    assert 0.1 < time[found.root] < 0.3


def test_the_order_of_cells_does_not_matter(tree) -> None:
    _, scores, _, _ = tree
    order = np.random.default_rng(1).permutation(len(scores))
    first = diffusion_pseudotime(neighbours_of_each(scores, 30))
    moved = diffusion_pseudotime(neighbours_of_each(scores[order], 30))
    assert order[moved.root] == first.root
    np.testing.assert_allclose(moved.values, first.values[order], atol=1e-3)


def test_islands_have_no_pseudotime(branch) -> None:
    scores, _, _ = branch(200)
    near = neighbours_of_each(np.vstack([scores, scores[:50] + 50]), 10)
    found = diffusion_pseudotime(near, root=0)
    assert np.isnan(found.values[200:]).all()
    assert np.isfinite(found.values[:200]).all()
    assert "50 cells in other components" in found.said[0]
    assert np.isfinite(diffusion_pseudotime(near, root=210).values[200:]).all()
    few = neighbours_of_each(np.vstack([scores, scores[:3] + 50]), 2)
    with pytest.raises(BadValues, match=r"component of 3 cells"):
        diffusion_pseudotime(few, root=201)


def test_without_scanpy_the_error_says_what_to_install(tree, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "scanpy", None)
    with pytest.raises(MissingExtra, match=r"scanpy.*perturbome\[models\]"):
        diffusion_pseudotime(tree[0])


@pytest.mark.parametrize("noise", [0.0, 1e-7])
def test_cells_that_do_not_differ_are_not_ordered(noise: float) -> None:
    rng = np.random.default_rng(0)
    scores = (noise * rng.normal(size=(300, 5))).astype(np.float32)
    with pytest.raises(BadValues, match=r"300 cells .*do not differ"):
        diffusion_pseudotime(neighbours_of_each(scores, 15), size=20.0)
    # Copies of one cell beside cells that differ: the copies alone cannot be ordered, the others can.
    scores[:100] = 1000 + rng.normal(size=(100, 5))
    near = neighbours_of_each(scores, 15)
    with pytest.raises(BadValues, match=r"200 cells .*do not differ"):
        diffusion_pseudotime(near, root=200, size=2000.0)
    assert np.isfinite(diffusion_pseudotime(near, root=0, size=2000.0).values).sum() == 100


def test_small_units_are_no_rounding(branch) -> None:
    scores, _, _ = branch(300)
    plain = diffusion_pseudotime(neighbours_of_each(scores, 15), root=3, size=1.0)
    small = diffusion_pseudotime(neighbours_of_each(scores * np.float32(2.0**-20), 15), root=3, size=2.0**-20)
    np.testing.assert_allclose(small.values, plain.values, atol=1e-6)
