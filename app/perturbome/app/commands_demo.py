"""`perturbome demo`: the main job from end to end, printed as a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perturbome.platform.console import StoreOption


def register_demo(app: typer.Typer) -> None:
    """Add `demo`."""
    app.command("demo")(demo)


def demo(
    data: Annotated[Path | None, typer.Option(help="An experiment of yours; else one is simulated.")] = None,
    prior: Annotated[
        list[Path] | None, typer.Option(help="Prior networks, regulons or a TF list; may be repeated.")
    ] = None,
    gene: Annotated[str | None, typer.Option(help="The gene to knock out; else a well-measured regulator.")] = None,
    organism: Annotated[str | None, typer.Option(help="human, mouse, yeast; else guessed and said.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the simulated experiment.")] = 0,
    store: StoreOption = "demo-store",
) -> None:
    """Run the main job: experiment, network, knock-out, causes; then say where everything is.

    Example: perturbome demo --data experiment.h5ad --gene STAT1
    """
    from perturbome.app.demo import run_demo

    run_demo(store or "demo-store", data=data, priors=tuple(prior or ()), gene=gene, organism=organism, seed=seed)
