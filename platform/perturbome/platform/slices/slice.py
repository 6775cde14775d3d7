"""GraphSlice: nodes and edges as plain arrays in one canonical order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import InitVar, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from perturbome.platform.errors import BadValues, UnknownName

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Closed = Literal["both", "left", "right", "none"]
"""Which ends of a time window belong to it."""


@dataclass(frozen=True, eq=False, repr=False)
class GraphSlice:
    """N nodes and E edges, nodes ascending by key, edges ascending by (time, source, target, relation).

    The order is canonical: two ways of cutting the same edges give the same arrays. Every array may be a view.
    """

    nodes: np.ndarray  # [N] gene ids (object) or cell keys (int64)
    node_keys: np.ndarray  # [N] int64, strictly ascending: the integer keys of the nodes in the store
    edge_index: np.ndarray  # [2, E] int64, rows source and target, positions in `nodes`
    weight: np.ndarray  # [E] float32
    time: np.ndarray | None = None  # [E] float32, in the unit the data set names; None where edges have no time
    relation: np.ndarray | None = None  # [E] int16, positions in `relation_names`; None stands for zeros
    relation_names: tuple[str, ...] = ("RELATED",)
    edge_features: Mapping[str, np.ndarray] = field(default_factory=dict)  # name -> [E] float32
    node_features: np.ndarray | None = None  # [N, F]
    provenance: Mapping[str, object] = field(default_factory=dict)
    verify: InitVar[bool] = True  # False skips the two checks that read whole arrays, for edges just indexed by us

    def __post_init__(self, verify: bool) -> None:
        if self.relation is None:
            object.__setattr__(self, "relation", np.zeros(self.weight.shape, np.int16))
        _check_shapes(self)
        if verify:
            _check_values(self)

    @property
    def num_nodes(self) -> int:
        """N."""
        return len(self.node_keys)

    @property
    def num_edges(self) -> int:
        """E."""
        return int(self.edge_index.shape[1])

    @property
    def node_kind(self) -> str:
        """'gene' or 'cell', told by the type of the ids."""
        return "cell" if self.nodes.dtype.kind in "iu" else "gene"

    @property
    def codes(self) -> np.ndarray:
        """Relation codes [E] int16: `relation`, known not to be None."""
        assert self.relation is not None
        return self.relation

    def __repr__(self) -> str:
        span = ""
        if self.time is not None and self.num_edges:
            span = f", time {np.nanmin(self.time):g} to {np.nanmax(self.time):g}"
        names = ", ".join(self.relation_names[:4]) + (", ..." if len(self.relation_names) > 4 else "")
        return f"GraphSlice({self.num_nodes:,} {self.node_kind}s, {self.num_edges:,} edges [{names}]{span})"

    def window(self, start: float, end: float, closed: Closed = "both") -> GraphSlice:
        """The edges with start <= time <= end, as views; nodes and their positions stay as they are.

        `closed` says which ends belong: 'left' is the half-open window [start, end), which tiles time.
        """
        if self.time is None:
            raise BadValues("This slice has no time to take a window of. Cut it from 'regulation' or 'transitions'.")
        first, last = np.float32(start), np.float32(end)
        low = np.searchsorted(self.time, first, "left" if closed in ("both", "left") else "right")
        high = np.searchsorted(self.time, last, "right" if closed in ("both", "right") else "left")
        return self._edges(slice(int(low), max(int(low), int(high))))  # NaN sorts last, so it is never inside

    @property
    def has_untimed(self) -> bool:
        """Whether some edge has no time; such edges come last, with time NaN."""
        return self.time is not None and len(self.time) > 0 and bool(np.isnan(self.time[-1]))

    def between(self, nodes: Iterable[str] | Iterable[int]) -> GraphSlice:
        """The nodes named and the edges that join two of them; UnknownName for a node the slice lacks."""
        wanted = dict.fromkeys(nodes)
        position = {node: i for i, node in enumerate(self.nodes.tolist())}
        missing = next((node for node in wanted if node not in position), None)
        if missing is not None:
            raise UnknownName(self.node_kind, str(missing), "this slice", [str(n) for n in self.nodes[:5000]])
        keep = np.zeros(self.num_nodes, bool)
        keep[[position[node] for node in wanted]] = True
        inside = keep[self.edge_index[0]] & keep[self.edge_index[1]]
        return self._edges(inside)._nodes(keep)

    def compact(self) -> GraphSlice:
        """Drop the nodes without edges and the relations without edges: what a fresh cut of these edges gives."""
        keep = np.zeros(self.num_nodes, bool)
        keep[self.edge_index.ravel()] = True
        used = np.bincount(self.codes, minlength=len(self.relation_names)) > 0
        names = tuple(name for name, present in zip(self.relation_names, used, strict=True) if present)
        codes = (np.cumsum(used) - 1).astype(np.int16)[self.codes]
        return replace(self._nodes(keep), relation=codes, relation_names=names or self.relation_names[:1])

    def _edges(self, which: slice | np.ndarray) -> GraphSlice:
        return replace(
            self, edge_index=self.edge_index[:, which], weight=self.weight[which], relation=self.codes[which],
            time=None if self.time is None else self.time[which],
            edge_features={name: values[which] for name, values in self.edge_features.items()}, verify=False,
        )  # fmt: skip

    def _nodes(self, keep: np.ndarray) -> GraphSlice:
        if keep.all():
            return self
        position = np.cumsum(keep) - 1
        return replace(
            self, nodes=self.nodes[keep], node_keys=self.node_keys[keep], edge_index=position[self.edge_index],
            node_features=None if self.node_features is None else self.node_features[keep], verify=False,
        )  # fmt: skip

    def differences(self, other: GraphSlice) -> list[str]:
        """Names of the fields in which two slices differ, provenance aside; NaN equals NaN."""
        own, theirs = _fields(self), _fields(other)
        return sorted(n for n in own.keys() | theirs.keys() if not _same(own.get(n), theirs.get(n)))

    def equals(self, other: GraphSlice) -> bool:
        """Whether both hold the same nodes, edges and features in the same order; provenance may differ."""
        return not self.differences(other)

    def to_csr(self, values: str = "weight") -> csr_array:
        """Matrix [N, N] of `values` ('weight' or an edge feature), row source; parallel edges are summed."""
        from perturbome.platform.slices import convert

        return convert.to_csr(self, values)

    def to_networkx(self) -> Any:
        """networkx.MultiDiGraph of the ids; an edge's key is its relation; needs extra [models] or [app]."""
        from perturbome.platform.slices import convert

        return convert.to_networkx(self)

    def to_pyg(self, hetero: bool = False) -> Any:
        """PyG Data with `edge_type`, or HeteroData with one edge type per relation; needs extra [models]."""
        from perturbome.platform.slices import convert

        return convert.to_hetero_data(self) if hetero else convert.to_data(self)

    def to_temporal_data(self, resolution: float | None = None) -> Any:
        """PyG TemporalData of the edges in time order; `resolution` makes t whole ticks; needs extra [models]."""
        from perturbome.platform.slices import convert

        return convert.to_temporal_data(self, resolution)

    def to_dgl(self) -> Any:
        """DGL graph with one edge type per relation; needs extra [dgl]."""
        from perturbome.platform.slices import convert

        return convert.to_dgl(self)


def _fields(s: GraphSlice) -> dict[str, Any]:
    plain = {name: getattr(s, name) for name in ("nodes", "node_keys", "edge_index", "weight", "time", "relation",
                                                 "relation_names", "node_features")}  # fmt: skip
    return plain | {f"edge_features['{name}']": values for name, values in s.edge_features.items()}


def _same(a: Any, b: Any) -> bool:
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return a is b or (type(a) is type(b) and a == b)
    return a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f" and b.dtype.kind == "f"))


def _check_shapes(s: GraphSlice) -> None:
    """Raise BadValues, naming the field, what it is and what it should be."""
    edges = s.edge_index.shape[1] if s.edge_index.ndim == 2 else -1
    expected: list[tuple[str, np.ndarray | None, tuple[int, ...], tuple[str, ...]]] = [
        ("nodes", s.nodes, (len(s.node_keys),), ("object", "int64")),
        ("node_keys", s.node_keys, (len(s.node_keys),), ("int64",)),
        ("edge_index", s.edge_index, (2, edges), ("int64",)),
        ("weight", s.weight, (edges,), ("float32",)),
        ("time", s.time, (edges,), ("float32",)),
        ("relation", s.relation, (edges,), ("int8", "int16")),
        *((f"edge_features['{n}']", values, (edges,), ("float32",)) for n, values in s.edge_features.items()),
    ]
    n = len(s.node_keys)
    for name, array, shape, types in expected:
        if array is not None and (array.shape != shape or str(array.dtype) not in types):
            raise BadValues(
                f"GraphSlice.{name} is {list(array.shape)} {array.dtype}; with {n} nodes and {max(edges, 0)} edges "
                f"it must be {list(shape)} {' or '.join(types)}."
            )
    x = s.node_features
    if x is not None and (x.ndim != 2 or len(x) != n):
        raise BadValues(f"GraphSlice.node_features is {list(x.shape)}; it must be [{n}, F], a row per node.")


def _check_values(s: GraphSlice) -> None:
    if len(s.node_keys) and (np.diff(s.node_keys) <= 0).any():
        raise BadValues("GraphSlice.node_keys must ascend strictly: sort the nodes by key and drop duplicates.")
    for name, codes, n in (("edge_index", s.edge_index, s.num_nodes), ("relation", s.codes, len(s.relation_names))):
        if codes.size and (codes.min() < 0 or codes.max() >= n):
            raise BadValues(
                f"GraphSlice.{name} runs from {codes.min()} to {codes.max()}; it must stay in 0..{n - 1}, "
                "positions counted from 0."
            )
