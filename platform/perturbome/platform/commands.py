"""The ground floor's commands: query, graph, runs, export, doctor."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the ground floor's commands to the program."""
    from perturbome.platform.commands_export import register_export
    from perturbome.platform.commands_graph import register_graph
    from perturbome.platform.commands_query import register_query
    from perturbome.platform.commands_runs import register_runs
    from perturbome.platform.commands_store import register_store

    register_query(app)
    register_graph(app)
    register_runs(app)
    register_export(app)
    register_store(app)
