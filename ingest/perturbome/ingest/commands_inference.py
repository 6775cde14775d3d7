"""`perturbome simulate` and `perturbome infer regulation`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perturbome.ingest.words import many
from perturbome.platform.console import JsonOption, StoreOption, console_report, say, show_json, show_table
from perturbome.platform.errors import UnreadableFile


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


def register_inference(infer: typer.Typer) -> None:
    """Add `infer regulation`."""
    infer.command("regulation")(regulation)


def regulation(
    dataset: Annotated[str, typer.Argument(help="Name of a stored data set.")],
    cell_type: Annotated[list[str] | None, typer.Option(help="Only this cell type; may be repeated.")] = None,
    regulators: Annotated[
        str | None,
        typer.Option(
            help="Regulators: a file with one name a line, or names with commas. "
            "Default: those listed, else the 500 most variable genes."
        ),
    ] = None,
    time_bins: Annotated[
        int | None, typer.Option(help="Quantiles of time; 1 takes all times together. Default: each time point.")
    ] = None,
    cells: Annotated[str, typer.Option(help="all, or control: learn from perturbed cells too, or not.")] = "all",
    leave_out: Annotated[
        list[str] | None, typer.Option(help="Do not look at cells in which this gene was perturbed; may be repeated.")
    ] = None,
    bootstraps: Annotated[int, typer.Option(help="Bootstraps behind the stability of an edge.")] = 50,
    max_edges: Annotated[int, typer.Option(help="At most this many edges per cell type and time.")] = 5000,
    max_q: Annotated[float, typer.Option(help="Keep edges with a false discovery rate up to this.")] = 0.05,
    min_cells: Annotated[int, typer.Option(help="Leave out groups with fewer cells.")] = 30,
    together: Annotated[bool, typer.Option("--together", help="One network over all cell types.")] = False,
    seed: Annotated[int, typer.Option(help="Same seed, same stability.")] = 0,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Infer who regulates whom, one network per cell type and time.

    Example: perturbome infer regulation papalexi --time-bins 1 --regulators tfs.txt
    """
    from typing import Literal, cast

    from perturbome.ingest.regulation.infer import infer_regulation
    from perturbome.platform.store import open_store

    if cells not in ("all", "control"):
        raise typer.BadParameter(f"'{cells}' is neither 'all' nor 'control'.", param_hint="--cells")
    with open_store(store) as opened, console_report() as report:
        inferred = infer_regulation(
            opened,
            dataset,
            cell_types=cell_type,
            regulators=None if regulators is None else _names(regulators),
            time_bins=time_bins,
            cells=cast(Literal["all", "control"], cells),
            n_bootstraps=bootstraps,
            max_edges=max_edges,
            max_q=max_q,
            min_cells=min_cells,
            by_cell_type=not together,
            leave_out=leave_out or (),
            seed=seed,
            report=report,
        )
    groups = [group.__dict__ for group in inferred.groups]
    if json:
        show_json({"run": inferred.run, "n_edges": inferred.n_edges, "groups": groups, "said": inferred.said})
        return
    import polars as pl

    for sentence in inferred.said:
        say(sentence)
    show_table(pl.DataFrame(groups, infer_schema_length=None), title=many(inferred.n_edges, "edge"), most=40)
    say(f"Run {inferred.run}.")


def _names(given: str) -> list[str]:
    """Names from a file with one a line (comments after #), or from a list with commas."""
    path = Path(given)
    if path.is_file():
        lines = (line.split("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines())
        return [words[0] for words in lines if words]
    if path.suffix or "/" in given:
        raise UnreadableFile(f"No file {given}. Give a file with one regulator a line, or names with commas.")
    return [name.strip() for name in given.split(",") if name.strip()]
