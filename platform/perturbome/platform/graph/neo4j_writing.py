"""How a projection is written to Neo4j: constraints, batches, and no half of a run that passes for a whole one.

A Run node carries `projected`: false from the first transaction of its projection, true in the last. Whatever belongs
to a run that is not projected is what an interrupted projection or removal left behind, and goes first of all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import neo4j
import pyarrow as pa
import pyarrow.compute as pc

from perturbome.platform.errors import GraphError
from perturbome.platform.graph.base import NodePart, Part, RelationshipPart
from perturbome.platform.graph.neo4j_values import PROJECTED
from perturbome.platform.progress import Report
from perturbome.platform.schema import NODES, RELATIONSHIPS
from perturbome.platform.schema.ddl import neo4j_statements

BATCH = 10_000
"""Rows sent to the server at a time."""

TRANSACTION = 300_000
"""Relationships in one transaction; more would not fit into the memory a small server gives one."""


LEFT_ALONE = (
    "MATCH (n:Dataset) WHERE NOT (n)<-[:WROTE]-()",
    "MATCH (n:Contrast) WHERE NOT (n)<-[:WROTE]-()",
    "MATCH (n:Cell) WHERE n.run IN $runs",
    "MATCH (n:CellType) WHERE NOT (n)--()",
    "MATCH (n:Perturbation) WHERE NOT (n)--()",
    "MATCH (n:Gene) WHERE NOT (n)--()",
)
"""Nodes that a removal leaves without any run that speaks of them, in this order. Cells alone belong to one run."""


def make_constraints(session: neo4j.Session) -> None:
    """One key per node, and the indexes that queries and removals need; nothing where they are there already."""
    for statement in neo4j_statements():
        session.run(statement).consume()
    session.run("CALL db.awaitIndexes(300)").consume()


def projected(session: neo4j.Session) -> set[str]:
    """Runs that are wholly projected."""
    return set(session.run(f"MATCH (r:Run) WHERE r.{PROJECTED} RETURN r.id").value())


def append(session: neo4j.Session, runs: Sequence[str], parts: Iterable[Part], report: Report) -> None:
    """Add the parts of these runs, skipping the relationships of runs that are projected already."""
    remove(session, _unfinished(session))
    wanted = [run for run in dict.fromkeys(runs) if run not in projected(session)]
    transaction = session.begin_transaction()
    try:
        # The Run nodes come first, so that no relationship is ever committed without one to find it by.
        _mark(transaction, wanted, False)
        written = waiting = 0
        for part in parts:
            for rows in _batches(part, wanted):
                if isinstance(part, NodePart):
                    _merge_nodes(transaction, part, rows)
                else:
                    if waiting + rows.num_rows > TRANSACTION:
                        transaction.commit()
                        transaction, waiting = session.begin_transaction(), 0
                    _create_relationships(transaction, part, rows)
                    waiting += rows.num_rows
                written += rows.num_rows
                report("project to Neo4j", written, None)
        _mark(transaction, wanted, True)
        transaction.commit()
    finally:
        transaction.close()  # rolls back what is not committed


def remove(session: neo4j.Session, runs: Collection[str]) -> None:
    """Remove what belongs to these runs in batches, then the nodes that no run speaks of any more."""
    if not runs:
        return
    # Unmarked first: cut off in the middle, the removal is finished by whoever writes next.
    names = sorted(runs)
    session.run(f"MATCH (r:Run) WHERE r.id IN $runs SET r.{PROJECTED} = false", runs=names).consume()
    for type_ in RELATIONSHIPS:
        session.run(
            f"MATCH ()-[r:{type_}]->() WHERE r.run IN $runs CALL (r) {{ DELETE r }} IN TRANSACTIONS OF {BATCH} ROWS",
            runs=names,
        ).consume()
    for match in LEFT_ALONE:
        _delete_nodes(session, match, names)
    session.run("MATCH (r:Run) WHERE r.id IN $runs DETACH DELETE r", runs=names).consume()


def clear(session: neo4j.Session) -> None:
    """Remove every node of the schema's labels and their relationships, in batches."""
    session.run(f"MATCH (r:Run) SET r.{PROJECTED} = false").consume()
    for type_ in RELATIONSHIPS:
        session.run(f"MATCH ()-[r:{type_}]->() CALL (r) {{ DELETE r }} IN TRANSACTIONS OF {BATCH} ROWS").consume()
    for label in NODES:
        _delete_nodes(session, f"MATCH (n:{label})")


def _delete_nodes(session: neo4j.Session, match: str, runs: Sequence[str] = ()) -> None:
    text = f"{match} CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF {BATCH} ROWS"
    session.run(text, runs=list(runs)).consume()


def _unfinished(session: neo4j.Session) -> list[str]:
    return list(session.run(f"MATCH (r:Run) WHERE NOT coalesce(r.{PROJECTED}, false) RETURN r.id").value())


def _mark(transaction: neo4j.Transaction, runs: Sequence[str], whole: bool) -> None:
    transaction.run(
        f"UNWIND $runs AS run MERGE (r:Run {{id: run}}) SET r.{PROJECTED} = $whole", runs=runs, whole=whole
    ).consume()


def _batches(part: Part, runs: Sequence[str]) -> Iterator[pa.Table]:
    """The part's rows, a batch at a time; of relationships only those of the runs named."""
    rows = part.rows
    if isinstance(part, RelationshipPart):
        rows = rows.filter(pc.is_in(rows["run"].cast(pa.string()), pa.array(runs, pa.string())))
    for start in range(0, rows.num_rows, BATCH):
        yield rows.slice(start, BATCH)


def _merge_nodes(transaction: neo4j.Transaction, part: NodePart, rows: pa.Table) -> None:
    key = NODES[part.label].key
    # `+=` with a null removes a property: the later row wins, nulls too, and `projected` stays as it is.
    transaction.run(
        f"UNWIND $rows AS row MERGE (n:{part.label} {{{key}: row.{key}}}) SET n += row", rows=rows.to_pylist()
    ).consume()


def _create_relationships(transaction: neo4j.Transaction, part: RelationshipPart, rows: pa.Table) -> None:
    source, target = NODES[part.link.source], NODES[part.link.target]
    columns = {name: rows[name].to_pylist() for name in rows.column_names}
    properties = ", ".join(f"{name}: ${name}[i]" for name in columns if name not in ("source", "target"))
    # Lists of columns go over the wire, and are read there, a third faster than a list of rows.
    created = transaction.run(
        f"UNWIND range(0, size($source) - 1) AS i MATCH (s:{source.label} {{{source.key}: $source[i]}}) "
        f"MATCH (t:{target.label} {{{target.key}: $target[i]}}) "
        f"CREATE (s)-[:{part.type} {{{properties}}}]->(t)",
        columns,
    ).consume()
    if created.counters.relationships_created != rows.num_rows:
        raise GraphError(
            f"{rows.num_rows - created.counters.relationships_created} of {rows.num_rows} {part.type} relationships "
            f"join a {source.label} or {target.label} that no part named. Nothing of these runs was kept; "
            "'perturbome graph rebuild' projects the lake anew."
        )
