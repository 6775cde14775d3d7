"""What is stored, declared once: lake tables, graph nodes and relationships; every DDL is derived from it."""

from perturbome.platform.schema.graph import NODES, RELATIONSHIPS, Link, Node, Relationship
from perturbome.platform.schema.table import Column, Table
from perturbome.platform.schema.tables import SCHEMA_VERSION, TABLES

__all__ = [
    "NODES",
    "RELATIONSHIPS",
    "SCHEMA_VERSION",
    "TABLES",
    "Column",
    "Link",
    "Node",
    "Relationship",
    "Table",
]
