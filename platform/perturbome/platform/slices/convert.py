"""A slice in the words of other libraries; arrays are shared with the slice where the library allows."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array, csr_array

from perturbome.platform.errors import BadValues, MissingColumn, MissingExtra

if TYPE_CHECKING:
    from perturbome.platform.slices.slice import GraphSlice


def to_csr(s: GraphSlice, values: str = "weight") -> csr_array:
    """Matrix [N, N], entry (i, j) the sum of `values` over the edges from node i to node j."""
    if values != "weight" and values not in s.edge_features:
        raise MissingColumn(values, "this slice", ["weight", *s.edge_features], "Ask for it with features=(...).")
    data = s.weight if values == "weight" else s.edge_features[values]
    return coo_array((data, (s.edge_index[0], s.edge_index[1])), shape=(s.num_nodes, s.num_nodes)).tocsr()


def to_networkx(s: GraphSlice) -> Any:
    """networkx.MultiDiGraph; nodes are ids, attributes are weight, relation, time and the edge features."""
    networkx = _library("networkx", "models", "A networkx graph")
    graph = networkx.MultiDiGraph()
    ids = s.nodes.tolist()
    graph.add_nodes_from((node, {"key": key}) for node, key in zip(ids, s.node_keys.tolist(), strict=True))
    columns = {"weight": s.weight.tolist(), "relation": [s.relation_names[code] for code in s.codes.tolist()]}
    if s.time is not None:
        columns["time"] = s.time.tolist()
    columns |= {name: values.tolist() for name, values in s.edge_features.items()}
    sources, targets = ([ids[i] for i in row.tolist()] for row in s.edge_index)
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    graph.add_edges_from(
        (u, v, dict(zip(names, row, strict=True))) for u, v, row in zip(sources, targets, rows, strict=True)
    )
    return graph


def to_data(s: GraphSlice) -> Any:
    """PyG Data: edge_index, edge_weight, edge_time, edge_type (codes of `relation_names`), edge_attr, x, node_id."""
    torch, data = _torch("PyG Data"), _library("torch_geometric.data", "models", "PyG Data")
    graph = data.Data(edge_index=torch.from_numpy(s.edge_index), num_nodes=s.num_nodes)
    graph.node_id = torch.from_numpy(s.node_keys)
    graph.edge_type = torch.from_numpy(s.codes).long()
    graph.relation_names = list(s.relation_names)
    for name, values in _edge_tensors(s, slice(None)).items():
        graph[name] = values
    if s.node_features is not None:
        graph.x = torch.from_numpy(s.node_features)
    return graph


def to_hetero_data(s: GraphSlice) -> Any:
    """PyG HeteroData: one node type ('gene' or 'cell'), one edge type per relation, the same fields in each."""
    torch, data = _torch("PyG HeteroData"), _library("torch_geometric.data", "models", "PyG HeteroData")
    graph = data.HeteroData()
    nodes = graph[s.node_kind]
    nodes.num_nodes, nodes.node_id = s.num_nodes, torch.from_numpy(s.node_keys)
    if s.node_features is not None:
        nodes.x = torch.from_numpy(s.node_features)
    for name, rows in _by_relation(s):
        edges = graph[s.node_kind, name, s.node_kind]
        edges.edge_index = torch.from_numpy(s.edge_index[:, rows])
        for field, values in _edge_tensors(s, rows).items():
            edges[field] = values
    return graph


def to_temporal_data(s: GraphSlice, resolution: float | None = None) -> Any:
    """PyG TemporalData: src, dst, t, msg [E, 1 + features] (weight first), y (relation code), in time order.

    t is the time as it is, float32; PyG's TGN memory wants whole numbers, so `resolution` (in the slice's unit
    of time) makes t = round(time / resolution), int64.
    """
    torch, data = _torch("PyG TemporalData"), _library("torch_geometric.data", "models", "PyG TemporalData")
    if s.time is None or s.has_untimed:
        raise BadValues("TemporalData needs a time for every edge, and this slice has edges without one.")
    t = torch.from_numpy(s.time)
    if resolution is not None:
        t = torch.from_numpy(np.rint(s.time.astype(np.float64) / resolution).astype(np.int64))
    message = np.stack([s.weight, *s.edge_features.values()], axis=1)
    src, dst = (torch.from_numpy(row) for row in s.edge_index)
    return data.TemporalData(src=src, dst=dst, t=t, msg=torch.from_numpy(message), y=torch.from_numpy(s.codes).long())


def to_dgl(s: GraphSlice) -> Any:
    """DGL heterograph: one node type, one edge type per relation; edge data weight, time and features."""
    torch, dgl = _torch("A DGL graph"), _library("dgl", "dgl", "A DGL graph")
    parts = dict(_by_relation(s))
    edges = {
        (s.node_kind, name, s.node_kind): tuple(torch.from_numpy(row) for row in s.edge_index[:, rows])
        for name, rows in parts.items()
    }
    graph = dgl.heterograph(edges, num_nodes_dict={s.node_kind: s.num_nodes})
    graph.ndata["node_id"] = torch.from_numpy(s.node_keys)
    if s.node_features is not None:
        graph.ndata["x"] = torch.from_numpy(s.node_features)
    for name, rows in parts.items():
        for field, values in _edge_tensors(s, rows).items():
            graph.edges[name].data[field.removeprefix("edge_")] = values
    return graph


def _by_relation(s: GraphSlice) -> list[tuple[str, slice | np.ndarray]]:
    """Each relation with the rows that have it: everything at once, as a view, where there is only one."""
    if len(s.relation_names) == 1:
        return [(s.relation_names[0], slice(None))]
    return [(name, np.flatnonzero(s.codes == code)) for code, name in enumerate(s.relation_names)]


def _edge_tensors(s: GraphSlice, rows: slice | np.ndarray) -> dict[str, Any]:
    """edge_weight [E], edge_time [E] and one edge_<feature> [E] each, as tensors."""
    arrays = {"weight": s.weight} | ({} if s.time is None else {"time": s.time}) | dict(s.edge_features)
    torch = _torch("A tensor")
    return {f"edge_{name}": torch.from_numpy(values[rows]) for name, values in arrays.items()}


def _torch(purpose: str) -> Any:
    return _library("torch", "models", purpose)


def _library(module: str, extra: str, purpose: str) -> Any:
    """An optional library, or MissingExtra that names the extra which brings it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra(module.split(".", maxsplit=1)[0].replace("_", "-"), extra, purpose) from error
