"""`perturbome infer transitions`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perturbome.ingest.words import many
from perturbome.platform.console import JsonOption, StoreOption, console_report, say, show_json


def register_transitions(infer: typer.Typer) -> None:
    """Add `infer transitions`."""
    infer.command("transitions")(transitions)


def transitions(
    dataset: Annotated[str, typer.Argument(help="Name of a stored data set.")],
    method: Annotated[
        str,
        typer.Option(
            help="transport, diffusion, knn, velocity (with --file), spatial (who lies beside whom), or auto: "
            "transport or diffusion, as the data set's times allow."
        ),
    ] = "auto",
    time: Annotated[
        str, typer.Option(help="auto, time, pseudotime, or dpt (computed here): what says which cell is later.")
    ] = "auto",
    root: Annotated[str | None, typer.Option(help="Cell a computed pseudotime starts from.")] = None,
    root_type: Annotated[str | None, typer.Option(help="Cell type a computed pseudotime starts from.")] = None,
    neighbors: Annotated[
        int | None, typer.Option(help="Cells a cell is connected to, at most. Default: the method's own.")
    ] = None,
    components: Annotated[int, typer.Option(help="Principal components distances are measured in.")] = 30,
    epsilon: Annotated[float, typer.Option(help="Transport: blur of the plan, in units of the mean cost.")] = 0.05,
    balanced: Annotated[
        bool, typer.Option("--balanced", help="Transport: every cell sends the same mass, or what --growth says.")
    ] = False,
    growth: Annotated[
        Path | None,
        typer.Option(help="Transport: table with the columns cell and growth, descendants per unit of time."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Velocity: the experiment's h5ad, with layers velocity and Ms, or Ms and Mu.")
    ] = None,
    delaunay: Annotated[bool, typer.Option("--delaunay", help="Spatial: triangulate the places.")] = False,
    across_time: Annotated[
        bool, typer.Option("--across-time", help="Spatial: join places with those of the next time point too.")
    ] = False,
    max_distance: Annotated[float | None, typer.Option(help="Spatial: longest pair, in the coordinates' unit.")] = None,
    section: Annotated[
        str, typer.Option(help="Spatial: auto, batch, replicate or none: which cells share a frame.")
    ] = "auto",
    exact: Annotated[
        bool | None,
        typer.Option(
            "--exact/--index",
            help="Neighbours by comparison, or through an index.",
            show_default="by the number of cells",
        ),
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Infer which later cells each cell may become.

    Between time points, populations are carried over by optimal transport; elsewhere edges lead to the nearest cells
    that are later in pseudotime, which is computed from --root or --root-type where the data set has none. Method
    spatial finds which cells lie side by side; they go to the table neighbours, as they do not become one another.

    Example: perturbome infer transitions haematopoiesis --root-type 'Multipotent progenitors'
    """
    from typing import cast

    from perturbome.ingest.transitions.checks import Section
    from perturbome.ingest.transitions.clock import Asked
    from perturbome.ingest.transitions.growth import read_growth
    from perturbome.ingest.transitions.infer import infer_transitions
    from perturbome.platform.store import open_store

    if time not in ("auto", "time", "pseudotime", "dpt"):
        raise typer.BadParameter(f"'{time}' is none of auto, time, pseudotime, dpt.", param_hint="--time")
    if section not in ("auto", "batch", "replicate", "none"):
        raise typer.BadParameter(f"'{section}' is none of auto, batch, replicate, none.", param_hint="--section")
    with open_store(store) as opened, console_report() as report:
        inferred = infer_transitions(
            opened,
            dataset,
            method=method,
            time=cast(Asked, time),
            n_neighbors=neighbors,
            n_components=components,
            root=root,
            root_type=root_type,
            epsilon=epsilon,
            balanced=balanced,
            growth=None if growth is None else read_growth(growth),
            file=file,
            delaunay=delaunay,
            across_time=across_time,
            max_distance=max_distance,
            section=cast(Section, section),
            exact=exact,
            report=report,
        )
    if json:
        show_json(inferred.__dict__)
        return
    for sentence in inferred.said:
        say(sentence)
    if inferred.table == "transitions":
        found = f"{many(inferred.n_edges, 'transition')} from {many(inferred.n_sources, 'cell')}"
    else:  # a pair has no direction: it is stored at one of its cells, and is the other's as well
        found = f"{many(inferred.n_edges, 'pair of neighbours', 'pairs of neighbours')} among "
        found += many(inferred.n_cells, "cell")
    say(f"{found}. Run {inferred.run}.")
