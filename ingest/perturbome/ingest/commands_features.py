"""`perturbome infer features`."""

from __future__ import annotations

from typing import Annotated

import typer

from perturbome.ingest.words import many
from perturbome.platform.console import JsonOption, StoreOption, console_report, say, show_json


def register_features(infer: typer.Typer) -> None:
    """Add `infer features`."""
    infer.command("features")(features)


def features(
    dataset: Annotated[str, typer.Argument(help="Name of a stored data set.", show_default=False)],
    of: Annotated[str, typer.Option(help="genes, a vector per cell type and time; or cells, one each.")] = "genes",
    kind: Annotated[
        str | None,
        typer.Option(
            help="Genes: quantiles or pseudobulk. Cells: components or expression.",
            show_default="quantiles, components",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            help="Entries of a vector.", show_default="64 quantiles, 30 components, expression of 1,000 genes"
        ),
    ] = None,
    gene: Annotated[
        list[str] | None, typer.Option(help="A gene whose expression must be among the entries; may be repeated.")
    ] = None,
    cell_type: Annotated[list[str] | None, typer.Option(help="Only this cell type; may be repeated.")] = None,
    time_bins: Annotated[
        int | None, typer.Option(help="Quantiles of time; 1 takes all times together. Default: each time point.")
    ] = None,
    min_cells: Annotated[int, typer.Option(help="Leave out groups with fewer cells.")] = 30,
    together: Annotated[bool, typer.Option("--together", help="One vector of a gene over all cell types.")] = False,
    cells: Annotated[str, typer.Option(help="all, or control: look at perturbed cells too, or not.")] = "all",
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Do not look at cells in which this gene was perturbed; may be repeated.")
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Give each gene or each cell a vector, as a model of graphs reads it.

    Example: perturbome infer features reprogramming --of genes --kind quantiles --size 64

    Example: perturbome infer features reprogramming --of cells --kind expression --gene Pou5f1
    """
    from typing import Literal, cast

    from perturbome.ingest.features.infer import infer_features
    from perturbome.platform.store import open_store

    for option, given, known in (("--of", of, ("genes", "cells")), ("--cells", cells, ("all", "control"))):
        if given not in known:
            raise typer.BadParameter(f"'{given}' is neither '{known[0]}' nor '{known[1]}'.", param_hint=option)
    with open_store(store) as opened, console_report() as report:
        inferred = infer_features(
            opened,
            dataset,
            of=cast(Literal["genes", "cells"], of),
            kind=kind,
            size=size,
            genes=gene or (),
            cell_types=cell_type,
            by_cell_type=not together,
            time_bins=time_bins,
            min_cells=min_cells,
            cells=cast(Literal["all", "control"], cells),
            leave_out=leave_out or (),
            report=report,
        )
    if json:
        show_json(inferred.__dict__)
        return
    for sentence in inferred.said:
        say(sentence)
    entries = f"{inferred.size:,} entr{'y' if inferred.size == 1 else 'ies'}"
    say(f"{many(inferred.n_vectors, 'vector')} of {entries} ({inferred.kind}). Run {inferred.run}.")
