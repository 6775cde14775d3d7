"""`perturbome infer regulation`: a network per cell type and time, by any method there is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perturbome.ingest.words import many
from perturbome.platform.console import JsonOption, StoreOption, console_report, say, show_json, show_table


def register_regulation(infer: typer.Typer) -> None:
    """Add `infer regulation`."""
    infer.command("regulation")(regulation)


def regulation(
    dataset: Annotated[str, typer.Argument(help="Name of a stored data set.")],
    method: Annotated[
        str,
        typer.Option(
            help="ridge, correlation, bayesian-ridge, trees, dynamic (follows time), interventional (from measured "
            "perturbations), or consensus of them."
        ),
    ] = "ridge",
    cell_type: Annotated[list[str] | None, typer.Option(help="Only this cell type; may be repeated.")] = None,
    regulators: Annotated[
        str | None,
        typer.Option(
            help="Regulators: a file with one name a line, or names with commas. "
            "Of a file's names those measured are taken. Default: those listed, else the 500 most variable genes."
        ),
    ] = None,
    prior: Annotated[
        list[str] | None, typer.Option(help="A stored prior whose edges count for more; may be repeated.")
    ] = None,
    mask: Annotated[str, typer.Option(help="With --prior: soft, or hard: nothing but what the prior has.")] = "soft",
    member: Annotated[
        list[str] | None, typer.Option(help="With --method consensus: a method that takes part; may be repeated.")
    ] = None,
    trees: Annotated[int, typer.Option(help="Trees per target, where trees take part.")] = 500,
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
    penalty: Annotated[
        float | None, typer.Option(help="Ridge penalty, 0 or more; chosen from the cells if not given.")
    ] = None,
    min_cells: Annotated[int, typer.Option(help="Leave out groups with fewer cells.")] = 30,
    together: Annotated[bool, typer.Option("--together", help="One network over all cell types.")] = False,
    dask: Annotated[
        str | None,
        typer.Option(help="local, or a scheduler's address: workers read the cells in chunks. For large data."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same stability.")] = 0,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Infer who regulates whom, one network per cell type and time.

    Example: perturbome infer regulation papalexi --time-bins 1 --regulators tfs.txt

    Example: perturbome infer regulation papalexi --method interventional --prior string --max-edges 20000
    """
    from typing import Literal, cast

    from perturbome.ingest.regulation.infer import infer_regulation
    from perturbome.platform.store import open_store

    if mask not in ("soft", "hard"):
        raise typer.BadParameter(f"'{mask}' is neither 'soft' nor 'hard'.", param_hint="--mask")
    if cells not in ("all", "control"):
        raise typer.BadParameter(f"'{cells}' is neither 'all' nor 'control'.", param_hint="--cells")
    with open_store(store) as opened, console_report() as report:
        inferred = infer_regulation(
            opened,
            dataset,
            method=method,
            cell_types=cell_type,
            regulators=None if regulators is None else _names(regulators),
            prior=prior or (),
            mask=cast(Literal["soft", "hard"], mask),
            members=member or (),
            n_trees=trees,
            time_bins=time_bins,
            cells=cast(Literal["all", "control"], cells),
            n_bootstraps=bootstraps,
            max_edges=max_edges,
            max_q=max_q,
            penalty=penalty,
            min_cells=min_cells,
            by_cell_type=not together,
            leave_out=leave_out or (),
            dask=dask,
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


def _names(given: str) -> list[str] | Path:
    """The file that is meant, or names from a list with commas."""
    path = Path(given)
    if path.is_file() or path.suffix or "/" in given:
        return path
    return [name.strip() for name in given.split(",") if name.strip()]
