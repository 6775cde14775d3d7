"""GraphSlice: what it refuses, and what windows and sub-graphs keep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from perturbome.platform.errors import BadValues, UnknownName
from perturbome.platform.slices.assemble import assemble
from perturbome.platform.slices.slice import GraphSlice


def test_small_slice_reads_as_drawn(small: GraphSlice) -> None:
    assert (small.num_nodes, small.num_edges, small.node_kind) == (3, 4, "gene")
    assert small.nodes.tolist() == ["A", "B", "C"]
    assert small.edge_index.tolist() == [[0, 0, 1, 2], [1, 2, 2, 0]]
    assert small.relation_names == ("B cell", "T cell")
    assert small.codes.tolist() == [1, 0, 1, 1]
    assert repr(small) == "GraphSlice(3 genes, 4 edges [B cell, T cell], time 0 to 1)"


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_the_same_edges_gives_the_same_slice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 500  # many exact duplicates of (time, source, target, relation), told apart by weight and feature
    keys, codes = rng.integers(3, 9, (2, n)), rng.integers(0, 3, n)
    time, weight = rng.integers(0, 4, n).astype(np.float32), rng.integers(0, 3, n).astype(np.float32)
    time[rng.random(n) < 0.1] = np.nan
    feature = rng.normal(size=n).astype(np.float32)
    relabelled = np.array([2, 0, 1])

    def build(rows: np.ndarray, codes: np.ndarray, names: tuple[str, ...]) -> GraphSlice:
        return assemble(
            *keys[:, rows], weight[rows].copy(), lambda k: k, time=time[rows].copy(), relation=codes[rows],
            relation_names=names, edge_features={"f": feature[rows].copy()},
        )  # fmt: skip

    one = build(np.arange(n), codes, ("a", "b", "c"))
    other = build(rng.permutation(n), relabelled[codes], ("b", "c", "a"))
    assert one.differences(other) == []
    sorted_by = np.lexsort((one.edge_features["f"], one.weight, one.codes, *one.edge_index[::-1], one.time))
    np.testing.assert_array_equal(sorted_by, np.arange(n))


def test_equality_sees_every_field(small: GraphSlice) -> None:
    assert small.equals(replace(small, provenance={"other": 1}))
    changes = {
        "weight": small.weight + 1, "time": None, "nodes": small.nodes[::-1], "node_keys": small.node_keys + 1,
        "edge_index": small.edge_index[::-1], "relation": 1 - small.codes, "relation_names": ("x", "y"),
        "node_features": np.ones((3, 2)), "edge_features": {},
    }  # fmt: skip
    for name, value in changes.items():
        found = small.differences(replace(small, **{name: value}))
        assert found == ["edge_features['sign']" if name == "edge_features" else name]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weight": np.ones(3, np.float32)}, r"weight is \[3\] float32; with 3 nodes and 4 edges it must be \[4\]"),
        ({"weight": np.ones(4)}, "weight is .* float64"),
        ({"edge_index": np.zeros((4, 2), np.int64)}, r"edge_index is \[4, 2\] int64"),
        ({"edge_index": np.zeros((2, 4), np.int32)}, "edge_index is .* int32"),
        ({"edge_index": np.full((2, 4), 3)}, r"edge_index runs from 3 to 3; it must stay in 0..2"),
        ({"edge_index": np.full((2, 4), -1)}, "edge_index runs from -1"),
        ({"relation": np.full(4, 2, np.int16)}, r"relation runs from 2 to 2; it must stay in 0..1"),
        ({"time": np.zeros(4)}, "time is .* float64"),
        ({"edge_features": {"p": np.zeros(5, np.float32)}}, r"edge_features\['p'\] is \[5\]"),
        ({"node_keys": np.array([1, 1, 2])}, "must ascend strictly"),
        ({"node_features": np.zeros((2, 4))}, r"node_features is \[2, 4\]; it must be \[3, F\]"),
    ],
)
def test_a_slice_that_is_not_one_is_refused(small: GraphSlice, change: dict[str, object], words: str) -> None:
    with pytest.raises(BadValues, match=words):
        replace(small, **change)


def test_window_ends(small: GraphSlice) -> None:
    assert small.window(0, 1).num_edges == 4
    assert small.window(0, 1, closed="left").num_edges == 2
    assert small.window(0, 1, closed="right").num_edges == 2
    assert small.window(0, 1, closed="none").num_edges == 0
    assert small.window(0.5, 9).weight.tolist() == [2.0, 0.25]
    assert small.window(3, 9).num_edges == 0


def test_window_is_a_view_and_keeps_positions(small: GraphSlice) -> None:
    late = small.window(1, 1)
    assert np.shares_memory(late.weight, small.weight)
    assert np.shares_memory(late.edge_index, small.edge_index)
    assert late.nodes is small.nodes
    assert late.compact().relation_names == ("T cell",)


def test_half_open_windows_tile_time() -> None:
    rng = np.random.default_rng(0)
    time = np.sort(rng.integers(0, 30, 200)).astype(np.float32) / 10
    time[-5:] = np.nan
    whole = assemble(*rng.integers(0, 9, (2, 200)), np.ones(200, np.float32), lambda k: k, time=time)
    pieces = [whole.window(t, t + 0.5, closed="left") for t in (0, 0.5, 1, 1.5, 2, 2.5)]
    assert sum(p.num_edges for p in pieces) == 195
    np.testing.assert_array_equal(np.concatenate([p.edge_index for p in pieces], axis=1), whole.edge_index[:, :195])


def test_a_slice_without_time_has_no_window(small: GraphSlice) -> None:
    with pytest.raises(BadValues, match="no time"):
        replace(small, time=None).window(0, 1)


def test_between_is_the_induced_subgraph(small: GraphSlice) -> None:
    pair = small.between(["C", "A"])
    assert pair.nodes.tolist() == ["A", "C"]
    assert pair.edge_index.tolist() == [[0, 1], [1, 0]]
    assert pair.weight.tolist() == [-1.0, 0.25]
    assert small.between(["A", "B", "C"]).equals(small)
    with pytest.raises(UnknownName, match="No gene 'D' in this slice"):
        small.between(["A", "D"])


def test_compact_drops_what_has_no_edge(small: GraphSlice) -> None:
    rest = replace(small, node_features=np.arange(6.0).reshape(3, 2)).window(0, 0).between(["A", "B"]).compact()
    assert rest.nodes.tolist() == ["A", "B"]
    assert rest.relation_names == ("T cell",)
    assert rest.node_features is not None
    assert rest.node_features.tolist() == [[0, 1], [2, 3]]
    assert small.compact().equals(small)
    assert small.window(5, 6).compact().num_nodes == 0
