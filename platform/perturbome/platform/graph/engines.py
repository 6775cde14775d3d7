"""Which engine an address means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from perturbome.platform.errors import GraphLoginRefused, InputError
from perturbome.platform.graph.base import GraphStore

if TYPE_CHECKING:
    from perturbome.platform.settings import Settings

SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")


def open_graph(target: str | Path, settings: Settings, read_only: bool) -> GraphStore:
    """Open the graph at a folder (embedded engine) or at a bolt address (Neo4j); raises what the engine raises."""
    scheme, separator, _ = str(target).partition("://")
    if not separator:
        from perturbome.platform.graph.embedded import EmbeddedStore

        return EmbeddedStore(Path(target), read_only=read_only, query_memory_gb=settings.query_memory_gb)
    if scheme not in SCHEMES:
        raise InputError(
            f"No graph engine for the address {target}. Give a folder, or an address that begins with one of "
            f"{', '.join(f'{s}://' for s in SCHEMES)}."
        )
    password = settings.password()
    if password is None:
        raise GraphLoginRefused(
            f"No password given for the graph server at {target}. Set PERTURBOME_NEO4J_PASSWORD, or "
            "PERTURBOME_NEO4J_AUTH_FILE to a file that holds user/password."
        )
    from perturbome.platform.graph.neo4j import Neo4jStore

    return Neo4jStore(str(target), settings.neo4j_user, password, database=settings.neo4j_database, read_only=read_only)
