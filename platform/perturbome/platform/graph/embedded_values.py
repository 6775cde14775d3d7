"""Values in and out of Ladybug, in the shapes Neo4j's side gives too.

A whole node or relationship is the JSON text of its properties: sorted, nulls and internal ids left out. A path is
the JSON text {"nodes": [...], "relationships": [...]}. Lists of these are lists of texts. Whole numbers are int64.
"""

from __future__ import annotations

import json
from typing import Any

import ladybug
import pyarrow as pa

LARGEST_CHUNK = 10_000_000
"""Values of a result in one piece of a table."""


def to_table(result: ladybug.QueryResult) -> pa.Table:
    """A result as Arrow; columns are named even where there is no row."""
    # The library makes room for as many rows as a chunk may have, whatever the result has: gigabytes for whole nodes.
    chunk = min(result.get_num_tuples(), LARGEST_CHUNK // max(1, len(result.get_column_names())))
    table: pa.Table = result.get_as_arrow(max(1, chunk))
    kinds = result.get_column_data_types()
    columns = [_to_column(table.column(i), kinds[i]) for i in range(table.num_columns)]
    return pa.Table.from_arrays(columns, names=result.get_column_names())


def _to_column(column: pa.ChunkedArray, kind: str) -> pa.ChunkedArray | pa.Array:
    if "NODE" in kind or "REL" in kind or "INTERNAL_ID" in kind:
        plain = [_to_text(value) for value in column.to_pylist()]
        if kind in ("NODE", "REL", "RECURSIVE_REL"):
            return pa.array(plain, pa.string())
        if kind in ("NODE[]", "REL[]"):
            return pa.array(plain, pa.list_(pa.string()))
        return pa.array(plain)
    if pa.types.is_integer(column.type) and column.type != pa.int64():
        return column.cast(pa.int64(), safe=True)
    if pa.types.is_decimal(column.type) and column.type.scale == 0:  # sum() of whole numbers has 128 bits
        return _narrowed(column)
    return column


def _narrowed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        return column.cast(pa.float64())


def _to_text(value: Any) -> Any:
    """JSON text for nodes, relationships and paths, at any depth of lists and maps."""
    if isinstance(value, dict):
        if "_LABEL" in value or "_RELS" in value:
            return json.dumps(_properties(value), sort_keys=True, default=str)
        return {name: _to_text(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_to_text(item) for item in value]
    return value


def _properties(value: dict[str, Any]) -> dict[str, Any]:
    if "_RELS" in value:
        return {
            "nodes": [_properties(node) for node in value["_NODES"]],
            "relationships": [_properties(relationship) for relationship in value["_RELS"]],
        }
    internal = ("_ID", "_LABEL", "_SRC", "_DST")
    return {name: item for name, item in value.items() if name not in internal and item is not None}
