"""`perturbome runs`: what was done, with what, and taking it back."""

from __future__ import annotations

from typing import Annotated

import typer

from perturbome.platform.console import JsonOption, StoreOption, console_report, say, show_json, show_table


def register_runs(app: typer.Typer) -> None:
    """Add `runs list|show|remove`."""
    runs = typer.Typer(
        no_args_is_help=True, help="Every ingest, inference, prediction and ranking, with its provenance."
    )
    runs.command("list")(list_runs)
    runs.command("show")(show)
    runs.command("remove")(remove)
    app.add_typer(runs, name="runs")


def list_runs(
    kind: Annotated[str | None, typer.Option(help="Only runs of this kind.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Failed and removed runs as well.")] = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """List runs, oldest first.

    Example: perturbome runs list --kind infer
    """
    import polars as pl

    from perturbome.platform.store import open_store

    with open_store(store, read_only=True) as opened:
        opened.require()
        runs = [run for run in opened.lake.all_runs() if everything or run.status == "complete"]
    rows = [
        {
            "run": run.id,
            "kind": run.kind,
            "name": run.name,
            "status": run.status,
            "started": f"{run.started:%Y-%m-%d %H:%M:%S}",
            "seconds": run.seconds,
            "datasets": run.datasets,
            "message": run.message,
        }
        for run in runs
        if kind in (None, run.kind)
    ]
    if not everything:
        rows = [{k: v for k, v in row.items() if k not in ("status", "message")} for row in rows]
    show_table(pl.DataFrame(rows), json=json, spare=("seconds", "datasets", "started", "status"))


def show(
    run: Annotated[str, typer.Argument(help="Id of the run, or the beginning of it.")],
    store: StoreOption = None,
) -> None:
    """Show all that is known of one run, as JSON.

    Example: perturbome runs show 20261121T0917
    """
    from perturbome.platform.store import open_store

    with open_store(store, read_only=True) as opened:
        show_json(opened.lake.run(run).__dict__)


def remove(
    run: Annotated[str, typer.Argument(help="Id of the run, or the beginning of it.")],
    dependants: Annotated[bool, typer.Option("--with-dependants", help="Also the runs that stand on it.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    store: StoreOption = None,
) -> None:
    """Take a run out of the lake and the graph.

    Example: perturbome runs remove 20261121T0917 --yes
    """
    from perturbome.platform.store import open_store

    with open_store(store) as opened:
        found = opened.lake.run(run)
        if not yes:
            typer.confirm(f"Remove {found.id} ({found.kind}: {found.name})?", abort=True)
        with console_report() as report:
            removed = opened.remove(found.id, report, dependants=dependants)
    say(f"Removed {', '.join(r.id for r in removed)}.")
