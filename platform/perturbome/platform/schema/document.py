"""The schema as a page: docs/schema.md is this text, so that it is never out of date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa

from perturbome.platform.schema.graph import NODES, RELATIONSHIPS, Node, Relationship
from perturbome.platform.schema.table import Column, Table
from perturbome.platform.schema.tables import SCHEMA_VERSION, TABLES

INTRODUCTION = f"""# What is stored

Schema version {SCHEMA_VERSION}. This page is written from the declarations in
`platform/perturbome/platform/schema/`; a test fails when it is not current.

**The lake** holds the truth: one Delta table (Parquet files with an atomic log) per kind of row, in
`<store>/lake/<table>`. Every table but `runs` is partitioned by `run`; only rows of complete runs are read.

**The graph** is a projection of the lake and can be rebuilt from it at any time. Both engines, the embedded one and
Neo4j, hold the same labels, types and properties. Every relationship names the `run` that made it.

Units: expression is log1p of counts per 10,000 unless a column says otherwise; time is in the unit the data set names.
"""


def schema_page() -> str:
    """The whole page as Markdown."""
    tables = "\n".join(_table(table) for table in TABLES.values())
    nodes = "\n".join(_node(node) for node in NODES.values())
    relationships = "\n".join(_relationship(relationship) for relationship in RELATIONSHIPS.values())
    return (
        f"{INTRODUCTION}\n## Lake tables\n\n{tables}\n## Graph: nodes\n\n{nodes}\n"
        f"## Graph: relationships\n\n{relationships}"
    )


def _table(table: Table) -> str:
    order = f" Sorted by {', '.join(f'`{name}`' for name in table.sort)} within a run." if table.sort else ""
    rows = ((f"`{c.name}`", _type_name(c), "" if c.required else "yes", c.meaning) for c in table.columns)
    return f"### `{table.name}`\n\nOne row per {table.row}.{order}\n\n" + _markdown(
        ("column", "type", "may be null", "meaning"), rows
    )


def _node(node: Node) -> str:
    rows = (
        (f"`{name}`", kind, "key" if name == node.key else "index" if name in node.indexed else "")
        for name, kind in node.properties.items()
    )
    return f"### `(:{node.label})`\n\n{_sentence(node.meaning)}\n\n" + _markdown(("property", "type", "role"), rows)


def _relationship(relationship: Relationship) -> str:
    joins = ", ".join(f"`(:{k.source})-[:{relationship.type}]->(:{k.target})`" for k in relationship.links)
    rows = ((f"`{name}`", kind) for name, kind in relationship.properties.items())
    return f"### `[:{relationship.type}]`\n\n{_sentence(relationship.meaning)} {joins}\n\n" + _markdown(
        ("property", "type"), rows
    )


def _type_name(column: Column) -> str:
    if pa.types.is_list(column.type):
        return f"list of {column.type.value_type}"
    return str(column.type)


def _sentence(meaning: str) -> str:
    return f"{meaning[:1].upper()}{meaning[1:]}."


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
