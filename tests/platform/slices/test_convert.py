"""Each conversion says the same edges in another library's words, without a copy where that is promised."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from perturbome.platform.errors import BadValues, MissingColumn, MissingExtra
from perturbome.platform.slices.slice import GraphSlice

A, B, C = range(3)


def test_csr_sums_parallel_edges(small: GraphSlice) -> None:
    matrix = small.to_csr()
    expected = np.zeros((3, 3), np.float32)
    expected[[A, A, B, C], [B, C, C, A]] = [0.5, -1, 2, 0.25]
    np.testing.assert_array_equal(matrix.toarray(), expected)
    doubled = replace(small, edge_index=np.zeros((2, 4), np.int64))
    assert doubled.to_csr()[0, 0] == pytest.approx(1.75)
    assert small.to_csr("sign")[A, C] == -1
    with pytest.raises(MissingColumn, match="Available: weight, sign"):
        small.to_csr("stability")


def test_networkx_keeps_parallel_edges(small: GraphSlice) -> None:
    pytest.importorskip("networkx")
    graph = replace(small, edge_index=np.array([[0, 0, 1, 1], [1, 1, 2, 2]])).to_networkx()
    assert graph.number_of_edges() == 4
    assert list(graph.nodes(data="key")) == [("A", 2), ("B", 5), ("C", 9)]
    edge = small.to_networkx().edges["A", "C", 0]
    assert edge == {"weight": -1.0, "relation": "B cell", "time": 0.0, "sign": -1.0}


def test_networkx_reads_csr_back(small: GraphSlice) -> None:
    networkx = pytest.importorskip("networkx")
    np.testing.assert_array_equal(networkx.to_numpy_array(small.to_networkx()), small.to_csr().toarray())


def test_pyg_data_shares_memory(small: GraphSlice) -> None:
    pytest.importorskip("torch_geometric")
    graph = replace(small, node_features=np.ones((3, 2), np.float32)).to_pyg()
    assert graph.validate()
    assert graph.num_nodes == 3
    assert graph.edge_index.data_ptr() == small.edge_index.ctypes.data
    assert graph.edge_weight.data_ptr() == small.weight.ctypes.data
    assert graph.edge_type.tolist() == [1, 0, 1, 1]
    assert graph.edge_time.tolist() == [0, 0, 1, 1]
    assert graph.x.shape == (3, 2)


def test_hetero_data_has_an_edge_type_per_relation(small: GraphSlice) -> None:
    pytest.importorskip("torch_geometric")
    graph = small.to_pyg(hetero=True)
    assert graph.validate()
    assert graph.edge_types == [("gene", "B cell", "gene"), ("gene", "T cell", "gene")]
    assert graph["gene", "B cell", "gene"].edge_index.tolist() == [[A], [C]]
    assert graph["gene", "T cell", "gene"].edge_weight.tolist() == [0.5, 2.0, 0.25]
    assert graph["gene"].node_id.tolist() == [2, 5, 9]


def test_hetero_data_of_one_relation_shares_memory(small: GraphSlice) -> None:
    pytest.importorskip("torch_geometric")
    one = small.window(1, 1).compact()
    graph = one.to_pyg(hetero=True)
    assert graph["gene", "T cell", "gene"].edge_index.data_ptr() == one.edge_index.ctypes.data


def test_temporal_data_is_in_time_order(small: GraphSlice) -> None:
    pytest.importorskip("torch_geometric")
    events = small.to_temporal_data()
    assert events.src.data_ptr() == small.edge_index.ctypes.data
    assert events.t.data_ptr() == small.time.ctypes.data
    assert events.msg.tolist() == [[0.5, 1], [-1, -1], [2, 1], [0.25, 1]]
    assert events.y.tolist() == [1, 0, 1, 1]
    assert small.to_temporal_data(resolution=0.25).t.tolist() == [0, 0, 4, 4]
    with pytest.raises(BadValues, match="time for every edge"):
        replace(small, time=None).to_temporal_data()


def test_dgl_has_an_edge_type_per_relation(small: GraphSlice) -> None:
    pytest.importorskip("dgl")
    graph = small.to_dgl()
    assert graph.num_nodes("gene") == 3
    assert graph.canonical_etypes == [("gene", "B cell", "gene"), ("gene", "T cell", "gene")]
    assert graph.edges["T cell"].data["weight"].tolist() == [0.5, 2.0, 0.25]
    assert [ends.tolist() for ends in graph.edges(etype="B cell")] == [[A], [C]]


@pytest.mark.parametrize(
    ("module", "extra", "convert"),
    [
        ("networkx", "models", lambda s: s.to_networkx()),
        ("torch", "models", lambda s: s.to_pyg()),
        ("torch_geometric.data", "models", lambda s: s.to_temporal_data()),
        ("dgl", "dgl", lambda s: s.to_dgl()),
    ],
)
def test_a_library_that_is_absent_is_named(
    small: GraphSlice, monkeypatch: pytest.MonkeyPatch, module: str, extra: str, convert: object
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=rf"not installed. Install it with: .*perturbome\[{extra}\]"):
        convert(small)  # type: ignore[operator]
