"""`perturbome export`: networks, data sets and tables for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perturbome.platform.console import JsonOption, StoreOption, say, show_json


def register_export(app: typer.Typer) -> None:
    """Add `export`."""
    app.command("export")(export_command)


def export_command(
    what: Annotated[
        str,
        typer.Argument(
            help="regulation, priors, effects, targets, another table, or the name of a data set.", show_default=False
        ),
    ],
    path: Annotated[
        Path,
        typer.Argument(
            help="File to write: .graphml, .sif, .cyjs, .adj.tsv, .csv, .tsv, .parquet or, for a data set, .h5ad.",
            show_default=False,
        ),
    ],
    format: Annotated[
        str | None,
        typer.Option(help="graphml, sif, cyjs, adjacencies, csv, tsv, parquet or h5ad; default by the file's ending."),
    ] = None,
    run: Annotated[str | None, typer.Option(help="Only rows of this run.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Only rows of this data set.")] = None,
    cell_type: Annotated[str | None, typer.Option("--cell-type", help="Only this cell type.")] = None,
    time: Annotated[float | None, typer.Option(help="Only this time.")] = None,
    perturbation: Annotated[str | None, typer.Option(help="Only this perturbation.")] = None,
    prior: Annotated[str | None, typer.Option(help="Only this prior.")] = None,
    min_weight: Annotated[float | None, typer.Option("--min-weight", help="Least |weight| of an edge.")] = None,
    min_score: Annotated[float | None, typer.Option("--min-score", help="Least score of an edge.")] = None,
    top: Annotated[int | None, typer.Option(min=1, help="Only the strongest rows.")] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite the file if it exists.")] = False,
    json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Write a network, a data set or a table to a file that other tools read.

    Example: perturbome export regulation network.graphml --cell-type Monocyte --top 500
    """
    from perturbome.platform.exports.write import export
    from perturbome.platform.store import open_store

    with open_store(store, read_only=True) as opened:
        written = export(
            opened,
            what,
            path,
            format=format,
            force=force,
            run=run,
            dataset=dataset,
            cell_type=cell_type,
            time=time,
            perturbation=perturbation,
            prior=prior,
            min_weight=min_weight,
            min_score=min_score,
            top=top,
        )
    if json:
        show_json(written.__dict__)
        return
    say(f"{written.path}: {written.what} as {written.format}, {written.rows:,} rows.")
    for line in written.said:
        say(f"  {line}")
