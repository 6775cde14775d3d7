"""`perturbome simulate`: an experiment whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perturbome.ingest.words import many
from perturbome.platform.console import JsonOption, say, show_json


def register_simulate(app: typer.Typer) -> None:
    """Add `simulate`."""
    app.command("simulate")(simulate)


def simulate(
    path: Annotated[Path, typer.Argument(help="File to write, OUT.h5ad; the truth goes beside it.")],
    cells: Annotated[int, typer.Option(help="Number of cells.")] = 2000,
    genes: Annotated[int, typer.Option(help="Number of genes.")] = 200,
    regulators: Annotated[
        int | None, typer.Option(help="Number of regulators; 15 % of the genes if not given.")
    ] = None,
    knockouts: Annotated[int, typer.Option(help="Number of single-gene knock-outs.")] = 20,
    times: Annotated[int, typer.Option(help="Number of time points, over 48 hours.")] = 5,
    types: Annotated[int, typer.Option(help="Number of cell types: a progenitor and its fates.")] = 3,
    dropout: Annotated[float, typer.Option(help="Share of entries lost, the faint ones first.")] = 0.15,
    seed: Annotated[int, typer.Option(help="Same seed, same experiment.")] = 0,
    spatial: Annotated[bool, typer.Option("--spatial", help="Give every cell a place in a tissue.")] = False,
    json: JsonOption = False,
) -> None:
    """Simulate a time-course knock-out experiment whose network and effects are known.

    Writes OUT.h5ad (counts), OUT.network.csv (true edges), OUT.effects.csv (true effects) and
    OUT.regulators.txt (the regulators' names).

    Example: perturbome simulate toy.h5ad --cells 2000 --genes 200 --knockouts 20 --seed 1
    """
    from perturbome.ingest.simulation.experiment import simulate as run

    simulated = run(
        n_cells=cells, n_genes=genes, n_regulators=regulators, n_knockouts=knockouts, n_times=times,
        n_types=types, dropout=dropout, seed=seed, spatial=spatial,
    )  # fmt: skip
    written = simulated.write(path)
    if json:
        show_json(
            {
                "experiment": written[0],
                "network": written[1],
                "effects": written[2],
                "regulators": written[3],
                "n_cells": cells,
                "n_genes": genes,
                "n_edges": simulated.network.height,
                "n_knockouts": knockouts,
                "seed": seed,
            }
        )
        return
    made = f"{many(cells, 'cell')} x {many(genes, 'gene')}, {many(knockouts, 'knock-out')}"
    say(f"{made}, {many(simulated.network.height, 'true edge')} (seed {seed}).")
    for file, what in zip(written, ("the counts", "the true edges", "the true effects", "the regulators"), strict=True):
        say(f"  {file}: {what}")
