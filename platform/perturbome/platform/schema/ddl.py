"""Statements and Arrow schemas that each graph engine needs, all derived from the declared schema."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from perturbome.platform.schema.graph import NODES, RELATIONSHIPS, Link, Type

ARROW_TYPES: dict[Type, pa.DataType] = {
    "STRING": pa.string(),
    "INT64": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
    "STRING[]": pa.list_(pa.string()),
}


def ladybug_statements() -> list[str]:
    """CREATE statements of the embedded engine: node tables first, since relationship tables name them."""
    nodes = [
        f"CREATE NODE TABLE `{node.label}`({_columns(node.properties)}, PRIMARY KEY(`{node.key}`))"
        for node in NODES.values()
    ]
    relationships = [
        f"CREATE REL TABLE `{relationship.type}`("
        + ", ".join(f"FROM `{link.source}` TO `{link.target}`" for link in relationship.links)
        + f", {_columns(relationship.properties)})"
        for relationship in RELATIONSHIPS.values()
    ]
    return nodes + relationships


def neo4j_statements() -> list[str]:
    """Uniqueness constraints on keys and range indexes on searched properties and on runs; safe to repeat."""
    keys = [
        f"CREATE CONSTRAINT perturbome_{node.label.lower()}_{node.key} IF NOT EXISTS "
        f"FOR (n:`{node.label}`) REQUIRE n.`{node.key}` IS UNIQUE"
        for node in NODES.values()
    ]
    searched = [
        f"CREATE INDEX perturbome_{node.label.lower()}_{name} IF NOT EXISTS FOR (n:`{node.label}`) ON (n.`{name}`)"
        for node in NODES.values()
        for name in node.indexed
    ]
    runs = [
        f"CREATE INDEX perturbome_{relationship.type.lower()}_run IF NOT EXISTS "
        f"FOR ()-[r:`{relationship.type}`]-() ON (r.run)"
        for relationship in RELATIONSHIPS.values()
    ]
    return keys + searched + runs


def node_schema(label: str) -> pa.Schema:
    """Columns of a `NodePart`: the label's properties."""
    return pa.schema([(name, ARROW_TYPES[kind]) for name, kind in NODES[label].properties.items()])


def relationship_schema(type_: str, link: Link) -> pa.Schema:
    """Columns of a `RelationshipPart`: the keys of both ends as source and target, then the type's properties."""
    source, target = (key_type(label) for label in (link.source, link.target))
    properties = [(name, ARROW_TYPES[kind]) for name, kind in RELATIONSHIPS[type_].properties.items()]
    return pa.schema([("source", source), ("target", target), *properties])


def key_type(label: str) -> pa.DataType:
    """Arrow type of a label's key."""
    return ARROW_TYPES[NODES[label].properties[NODES[label].key]]


def fingerprint() -> str:
    """Changes whenever the graph's schema does; a snapshot with another one is built anew from the lake."""
    return hashlib.sha256("\n".join(ladybug_statements()).encode()).hexdigest()[:16]


def _columns(properties: dict[str, Type]) -> str:
    return ", ".join(f"`{name}` {kind}" for name, kind in properties.items())
