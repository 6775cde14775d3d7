"""`perturbome infer transitions`."""

from __future__ import annotations

from typing import Annotated

import typer

from perturbome.ingest.words import many
from perturbome.platform.console import JsonOption, StoreOption, console_report, say, show_json


def register_transitions(infer: typer.Typer) -> None:
    """Add `infer transitions`."""
    infer.command("transitions")(transitions)


def transitions(
    dataset: Annotated[str, typer.Argument(help="Name of a stored data set.")],
    time: Annotated[str, typer.Option(help="auto, time or pseudotime: what says which cell is later.")] = "auto",
    neighbors: Annotated[int, typer.Option(help="Later cells a cell is connected to.")] = 15,
    components: Annotated[int, typer.Option(help="Principal components distances are measured in.")] = 30,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Infer which later cells each cell may become.

    Example: perturbome infer transitions reprogramming --time pseudotime
    """
    from typing import Literal, cast

    from perturbome.ingest.transitions.infer import infer_transitions
    from perturbome.platform.store import open_store

    if time not in ("auto", "time", "pseudotime"):
        raise typer.BadParameter(f"'{time}' is none of auto, time, pseudotime.", param_hint="--time")
    with open_store(store) as opened, console_report() as report:
        inferred = infer_transitions(
            opened,
            dataset,
            time=cast(Literal["auto", "time", "pseudotime"], time),
            n_neighbors=neighbors,
            n_components=components,
            report=report,
        )
    if json:
        show_json(inferred.__dict__)
        return
    for sentence in inferred.said:
        say(sentence)
    say(f"{many(inferred.n_edges, 'transition')} from {many(inferred.n_sources, 'cell')}. Run {inferred.run}.")
