"""Values across the Neo4j driver: parameters in, records out as Arrow columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pyarrow as pa
from neo4j.graph import Node, Path, Relationship
from neo4j.time import Date, DateTime, Duration, Time

PROJECTED = "projected"
"""Property of a Run node that says its projection is whole; ours alone, so no answer shows it."""

_PLAIN = (str, int, float, bool, type(None))


def to_table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> pa.Table:
    """Records as an Arrow table; the columns are named even where there is no row."""
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pa.Table.from_arrays([_to_array(column) for column in columns], names=list(names))


def _to_array(column: Iterable[object]) -> pa.Array:
    values = [value if isinstance(value, _PLAIN) else _from_server(value) for value in column]
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # Cypher lets one column hold words beside numbers; Arrow does not. Their JSON text holds both.
        return pa.array([None if value is None else json.dumps(value, default=str) for value in values], pa.string())


def _from_server(value: object) -> object:
    """A graph value as JSON text of its properties, times as Python times, lists and maps of these."""
    if isinstance(value, Node | Relationship | Path):
        return json.dumps(_properties(value), sort_keys=True, default=str)
    if isinstance(value, DateTime | Date | Time):
        return value.to_native()
    if isinstance(value, Duration):
        return value.iso_format()
    if isinstance(value, list):
        return [_from_server(item) for item in value]
    if isinstance(value, dict):
        return {name: _from_server(item) for name, item in value.items()}
    return value


def _properties(value: Node | Relationship | Path) -> dict[str, object]:
    if isinstance(value, Path):
        return {
            "nodes": [_properties(node) for node in value.nodes],
            "relationships": [_properties(relationship) for relationship in value.relationships],
        }
    return {name: _from_server(item) for name, item in value.items() if name != PROJECTED}
