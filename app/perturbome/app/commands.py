"""`perturbome app`: start the web app on a store."""

from __future__ import annotations

from typing import Annotated

import typer

from perturbome.platform.console import StoreOption, say


def register(app: typer.Typer) -> None:
    """Add `app` and `demo`."""
    from perturbome.app.commands_demo import register_demo

    app.command("app")(start)
    register_demo(app)


def start(
    store: StoreOption = None,
    port: Annotated[int | None, typer.Option(help="Port; else the first free one from 8501.", min=1, max=65535)] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = "localhost",
    read_only: Annotated[bool, typer.Option("--read-only", help="Let no page write to the store.")] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Open no browser.")] = False,
) -> None:
    """Open the app in the browser: genes, knock-outs, targets, runs.

    Example: perturbome app --store demo-store
    """
    import os

    from perturbome.app.server import address, check_installed, choose_port, command_line, environment
    from perturbome.platform.store import open_store

    check_installed()
    with open_store(store, read_only=True) as opened:  # a store that cannot be opened is told here, not in the page
        path = opened.path
    chosen = choose_port(host, port)
    say(f"The app shows {path} at {address(host, chosen)}. Ctrl-C ends it.")
    arguments = command_line(host, chosen, headless)
    # Streamlit takes this process over, so that Ctrl-C and every other signal reach it and nothing is left behind.
    os.execve(arguments[0], arguments, {**os.environ, **environment(path, store, read_only)})
