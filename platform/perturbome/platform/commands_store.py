"""`perturbome doctor`: what is installed, which engine answers, whether the store is healthy and what to do if not."""

from __future__ import annotations

import typer

from perturbome.platform.console import JsonOption, StoreOption, console, show_json


def register_store(app: typer.Typer) -> None:
    """Add `doctor`."""
    app.command("doctor")(doctor)


def doctor(store: StoreOption = None, json: JsonOption = False) -> None:
    """Check the installation, the graph engine and the store, and say how to mend what is wrong.

    Exits with 5 where something is wrong.

    Example: perturbome doctor --store perturbome-store
    """
    from perturbome.platform.doctor import examine

    findings = examine(store)
    if json:
        show_json([finding.__dict__ for finding in findings])
    else:
        marks = {"ok": "[green]ok  [/]", "note": "[blue]note[/]", "wrong": "[bold red]wrong[/]"}
        for finding in findings:
            console.print(f"{marks[finding.state]} [bold]{finding.what}[/] ", end="", highlight=False)
            console.print(finding.found, highlight=False, soft_wrap=True, markup=False)
            if finding.mend:
                console.print(f"       {finding.mend}", highlight=False, soft_wrap=True, markup=False)
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(5)
