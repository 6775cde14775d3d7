"""`perturbome ingest prior`: a prior network, gene sets or a list of regulators into the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perturbome.platform.console import JsonOption, StoreOption, console_report, say, show_json


def register_prior(ingest: typer.Typer) -> None:
    """Add `ingest prior`."""
    ingest.command("prior")(prior)


def prior(
    file: Annotated[
        Path,
        typer.Argument(
            help="STRING links, TRRUST, DoRothEA, CollecTRI, pySCENIC adjacencies, an edge list, GMT gene sets or a "
            "list of transcription factors; plain, .gz, .xz or .bz2.",
            show_default=False,
        ),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            help="Format, where the file is not recognised rightly: string, trrust, dorothea, collectri, adjacencies, "
            "beeline, associations, edge_list, gmt or tf_list."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the prior in the store; default from the file.")] = None,
    organism: Annotated[str | None, typer.Option(help="human, mouse, yeast or another; default from the file.")] = None,
    info: Annotated[
        Path | None, typer.Option(help="STRING's protein.info or protein.aliases; default: the one beside the file.")
    ] = None,
    min_score: Annotated[
        float,
        typer.Option("--min-score", min=0.0, max=1.0, help="Leave out edges below this score (STRING's 700 is 0.7)."),
    ] = 0.0,
    replace: Annotated[bool, typer.Option("--replace", help="Take an older prior of the same name out.")] = False,
    json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Take prior knowledge into the store; what cannot be matched to a gene is counted and listed.

    Example: perturbome ingest prior 9606.protein.links.v12.0.txt.gz --min-score 0.7
    """
    from perturbome.ingest.priors.add import add_prior
    from perturbome.platform.store import open_store

    with open_store(store) as opened, console_report() as report:
        added = add_prior(
            opened,
            file,
            kind=kind,
            name=name,
            organism=organism,
            info=info,
            min_score=min_score,
            replace=replace,
            report=report,
        )
    if json:
        show_json(added.__dict__)
        return
    say(f"Prior '{added.name}' stored as run {added.run}.")
    for line in added.said:
        say(f"  {line}")
