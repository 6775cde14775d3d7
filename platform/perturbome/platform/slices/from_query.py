"""Cut a slice from the graph: a Cypher query that returns edges."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from perturbome.platform.errors import BadValues, MissingColumn
from perturbome.platform.graph.base import GraphStore
from perturbome.platform.slices.assemble import assemble
from perturbome.platform.slices.slice import GraphSlice

ENDS = ("source", "target")
KEYS_OF_GENES = "MATCH (g:Gene) RETURN g.id AS id, g.key AS key"


def from_query(
    graph: GraphStore, cypher: str, parameters: Mapping[str, object] | None = None, *, relation: str = "RELATED"
) -> GraphSlice:
    """The slice of the edges a Cypher query returns, equal to the one cut from the lake with the same edges.

    Columns: `source` and `target` (gene ids, or whole-number cell ids), and if wanted `weight` (1 without),
    `time` and `relation` (text; without, every edge has the relation `relation`). Every other column is an edge
    feature and must hold numbers or truth values.

    Raises MissingColumn, BadValues for a column of the wrong type, UnknownName for a gene the graph lacks, and
    what the engine raises. No row or time limit is set here: the query was written to feed a trainer.
    """
    rows = graph.query(cypher, parameters, row_limit=None, time_limit=None)
    for name in ENDS:
        if name not in rows.column_names:
            raise MissingColumn(
                name, "the query's answer", rows.column_names, "Return it: RETURN a.id AS source, b.id AS target."
            )
    source, target = (_ends(rows, name) for name in ENDS)
    cells = rows.num_rows > 0 and pa.types.is_integer(source.type)
    if cells != (rows.num_rows > 0 and pa.types.is_integer(target.type)):
        raise BadValues("'source' and 'target' are ids of different kinds; a slice joins genes, or it joins cells.")
    if cells:
        keys, names = (source.to_numpy(), target.to_numpy()), None
    else:
        keys, names = _gene_keys(graph, source, target)
    codes, relation_names = _relations(rows, relation)
    return assemble(
        keys[0],
        keys[1],
        _numbers(rows, "weight") if "weight" in rows.column_names else np.ones(rows.num_rows, np.float32),
        (lambda k: k) if names is None else (lambda k: names[k]),
        time=_numbers(rows, "time", nulls=True) if "time" in rows.column_names else None,
        relation=codes,
        relation_names=relation_names,
        edge_features={
            name: _numbers(rows, name, nulls=True)
            for name in rows.column_names
            if name not in (*ENDS, "weight", "time", "relation")
        },
        provenance={
            "origin": graph.engine, "address": str(graph.address), "query": cypher,
            "parameters": dict(parameters or {}), "runs": sorted(graph.runs()),
        },
    )  # fmt: skip


def _ends(rows: pa.Table, name: str) -> pa.Array:
    column = rows[name].combine_chunks()
    if column.null_count:
        raise BadValues(f"{column.null_count} rows of the query have no '{name}'. Return ids: a.id AS {name}.")
    if rows.num_rows and not (pa.types.is_integer(column.type) or _is_text(column.type)):
        raise BadValues(f"Column '{name}' is {column.type}; it must hold gene or cell ids. Return a.id AS {name}.")
    return column


def _gene_keys(
    graph: GraphStore, source: pa.Array, target: pa.Array
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Keys of the sources and of the targets, from gene ids, and the id of every key as the graph has it."""
    genes = graph.query(KEYS_OF_GENES, row_limit=None, time_limit=None)
    ids, known = genes["id"].combine_chunks(), np.asarray(genes["key"].to_numpy(), np.int64)
    names = np.full(int(known.max()) + 1 if len(known) else 0, None, dtype=object)
    names[known] = ids.to_numpy(zero_copy_only=False)
    rows = []
    for name, ends in zip(ENDS, (source, target), strict=True):
        found = pc.index_in(ends.cast(ids.type), value_set=ids)
        if found.null_count:
            stranger = ends.filter(found.is_null())[0]
            raise BadValues(
                f"Column '{name}' holds '{stranger}', which is no gene's id. Return ids, not symbols: a.id AS {name}."
            )
        rows.append(known[found.to_numpy()] if len(found) else np.empty(0, np.int64))
    return (rows[0], rows[1]), names


def _relations(rows: pa.Table, single: str) -> tuple[np.ndarray | None, tuple[str, ...]]:
    if "relation" not in rows.column_names or not rows.num_rows:
        return None, (single,)
    if not _is_text(rows["relation"].type):
        raise BadValues(f"Column 'relation' is {rows['relation'].type}; it must hold text.")
    encoded = rows["relation"].combine_chunks().fill_null("all").dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int16), tuple(encoded.dictionary.to_pylist())


def _numbers(rows: pa.Table, name: str, nulls: bool = False) -> np.ndarray:
    """A column as float32 [E]; a null is NaN where `nulls`, else BadValues."""
    column = rows[name]
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_boolean(column.type)
    if not (numeric or pa.types.is_null(column.type)):
        raise BadValues(f"Column '{name}' is {column.type}; an edge feature must hold numbers. Leave it out, or "
                        "return it AS relation if it names a kind of edge.")  # fmt: skip
    if column.null_count and not nulls:
        raise BadValues(f"{column.null_count} rows of the query have no '{name}'. Give one: coalesce(..., 1.0).")
    return np.array(column.cast(pa.float32()).to_numpy(), dtype=np.float32)  # a copy, as slices are writable


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
