"""`perturbome ingest experiment`: a file of cells into the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perturbome.platform.console import JsonOption, StoreOption, console, console_report, say, show_json


def register_experiment(ingest: typer.Typer) -> None:
    """Add `experiment` to the group `ingest`."""
    ingest.command("experiment")(experiment)


_SHAPE = "What the file is"
_COLUMNS = "Columns of obs (recognised by name unless told)"
_STORE = "What is stored"


def experiment(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help=".h5ad, 10x .h5 or folder, .loom, .csv or .tsv.", show_default=False)
    ],
    dataset: Annotated[
        str | None, typer.Option(help="Name of the data set; default: the file's name.", rich_help_panel=_STORE)
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of a data set of that name.", rich_help_panel=_STORE)
    ] = False,
    min_guide_fraction: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Keep cells whose top guide has more than this share of the reads.",
            rich_help_panel=_STORE,
        ),
    ] = None,
    make_unique: Annotated[
        bool,
        typer.Option("--make-unique", help="Append -1, -2, ... to doubled names of cells.", rich_help_panel=_STORE),
    ] = False,
    organism: Annotated[
        str | None, typer.Option(help="human, mouse, yeast or another; guessed from the genes.", rich_help_panel=_SHAPE)
    ] = None,
    convention: Annotated[
        str | None,
        typer.Option(
            help="cellxgene, norman, gears, replogle, arc, tahoe, sciplex, openproblems, scperturb or plain.",
            rich_help_panel=_SHAPE,
        ),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(help="What the values are: counts, normalised, log1p or other.", rich_help_panel=_SHAPE),
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="Read this layer (or 'raw') in the place of X.", rich_help_panel=_SHAPE)
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(help="knockout, knockdown, activation or compound.", rich_help_panel=_SHAPE),
    ] = None,
    control: Annotated[
        list[str] | None, typer.Option(help="Value that means control; may be repeated.", rich_help_panel=_SHAPE)
    ] = None,
    time_unit: Annotated[str | None, typer.Option(help="Unit of the times.", rich_help_panel=_SHAPE)] = None,
    spatial_key: Annotated[
        str | None, typer.Option(help="Key of the coordinates in obsm.", rich_help_panel=_SHAPE)
    ] = None,
    transpose: Annotated[
        bool | None,
        typer.Option("--transpose/--no-transpose", help="Text: rows are genes / cells.", rich_help_panel=_SHAPE),
    ] = None,
    perturbation_column: Annotated[str | None, typer.Option(help="Perturbation.", rich_help_panel=_COLUMNS)] = None,
    cell_type_column: Annotated[str | None, typer.Option(help="Cell type.", rich_help_panel=_COLUMNS)] = None,
    time_column: Annotated[str | None, typer.Option(help="Time.", rich_help_panel=_COLUMNS)] = None,
    pseudotime_column: Annotated[str | None, typer.Option(help="Pseudotime.", rich_help_panel=_COLUMNS)] = None,
    batch_column: Annotated[str | None, typer.Option(help="Batch.", rich_help_panel=_COLUMNS)] = None,
    replicate_column: Annotated[str | None, typer.Option(help="Replicate.", rich_help_panel=_COLUMNS)] = None,
    guide_column: Annotated[str | None, typer.Option(help="Guide RNA.", rich_help_panel=_COLUMNS)] = None,
    dose_column: Annotated[str | None, typer.Option(help="Dose of a compound.", rich_help_panel=_COLUMNS)] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Read an experiment into the store, and say how it was read.

    Example: perturbome ingest experiment screen.h5ad --dataset screen --min-guide-fraction 0.8
    """
    from perturbome.ingest.experiment.add import add_experiment
    from perturbome.platform.store import open_store

    with open_store(store) as opened, console_report() as report:
        done = add_experiment(
            opened,
            path,
            dataset=dataset,
            organism=organism,
            convention=convention,
            perturbation_column=perturbation_column,
            control=control or None,
            cell_type_column=cell_type_column,
            time_column=time_column,
            pseudotime_column=pseudotime_column,
            batch_column=batch_column,
            replicate_column=replicate_column,
            guide_column=guide_column,
            dose_column=dose_column,
            spatial_key=spatial_key,
            layer=layer,
            state=state,
            mode=mode,
            time_unit=time_unit,
            min_guide_fraction=min_guide_fraction,
            transpose=transpose,
            make_unique=make_unique,
            replace=replace,
            report=report,
        )
    if json:
        show_json(done.row())
        return
    for line in done.said:
        say(f"  {line}")
    console.print(
        f"Data set [bold]{done.dataset}[/bold]: {done.summary} (run {done.run}).",
        highlight=False,
    )
