"""`perturbome graph`: the projection of the lake: where it stands, anew, elsewhere."""

from __future__ import annotations

from typing import Annotated

import typer

from perturbome.platform.console import JsonOption, StoreOption, console_report, say, show_json, show_table


def register_graph(app: typer.Typer) -> None:
    """Add `graph status|rebuild|copy`."""
    graph = typer.Typer(no_args_is_help=True, help="The graph that is projected from the lake.")
    graph.command("status")(status)
    graph.command("rebuild")(rebuild)
    graph.command("copy")(copy)
    app.add_typer(graph, name="graph")


def status(store: StoreOption = None, json: JsonOption = False) -> None:
    """Say which engine answers, what it holds and whether it is in step with the lake.

    Example: perturbome graph status
    """
    import polars as pl

    from perturbome.platform.graph import sync
    from perturbome.platform.store import open_store

    with open_store(store) as opened:
        found = sync.status(opened.lake, opened.graph)
    if json:
        show_json(found)
        return
    say(f"{found['engine']} graph at {found['address']}: {found['runs']} runs held, {len(found['behind'])} to project.")
    counts = found["counts"]
    show_table(
        pl.DataFrame(
            {"kind": list(counts), "rows": list(counts.values())}, schema={"kind": pl.String, "rows": pl.Int64}
        )
    )


def rebuild(store: StoreOption = None) -> None:
    """Project the whole lake into the graph from nothing.

    Example: perturbome graph rebuild
    """
    from perturbome.platform.store import open_store

    with open_store(store) as opened, console_report() as report:
        opened.rebuild(report)
    say("The graph is rebuilt from the lake.")


def copy(
    to: Annotated[str, typer.Option("--to", help="bolt://host:port, or the folder of another embedded graph.")],
    user: Annotated[str | None, typer.Option(help="User name at the server.", show_default="neo4j")] = None,
    store: StoreOption = None,
) -> None:
    """Project the lake into another engine: from a laptop to a server and back.

    The password comes from PERTURBOME_NEO4J_PASSWORD or PERTURBOME_NEO4J_AUTH_FILE.

    Example: perturbome graph copy --to bolt://localhost:7687
    """
    from pathlib import Path

    from perturbome.platform.graph.engines import open_graph
    from perturbome.platform.settings import load_settings
    from perturbome.platform.store import open_store
    from perturbome.platform.store_folder import is_server

    target = to if is_server(to) else Path(to).expanduser().resolve()
    with open_store(store) as opened, console_report() as report:
        other = open_graph(target, load_settings(neo4j_user=user), read_only=False)
        try:
            opened.rebuild(report, graph=other)
            counts = other.counts()
        finally:
            other.close()
    say(f"Copied to {to}: {sum(counts.values()):,} nodes and relationships.")
