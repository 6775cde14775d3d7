"""`perturbome bench`: models judged side by side on what was held out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perturbome.platform.console import JsonOption, StoreOption, console_report, say, show_json, show_table

if TYPE_CHECKING:
    from perturbome.models.bench.plan import Cell
    from perturbome.models.bench.run import Outcome


def register_bench(app: typer.Typer) -> None:
    """Add `bench`."""
    app.command("bench")(bench)


def bench(
    dataset: Annotated[str | None, typer.Argument(help="Data set; not needed where there is only one.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="Predictor, or 'gated NAME'; may be repeated.", show_default="all baselines"),
    ] = None,
    split: Annotated[
        str, typer.Option("--split", help="What to hold out: leave-one-out, 5-fold, unseen-context, a file, ...")
    ] = "leave-one-out",
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Seeds of control halves, splits and models.")] = 1,
    n_genes: Annotated[int, typer.Option("--n-genes", min=1, help="Most variable genes to keep.")] = 2000,
    context: Annotated[
        list[str] | None, typer.Option("--context", help="Context; may be repeated.", show_default="all")
    ] = None,
    min_cells: Annotated[int, typer.Option("--min-cells", min=1, help="Fewest cells of a condition.")] = 10,
    shuffle: Annotated[
        bool, typer.Option("--shuffle", help="Draw all labels at random first: nothing can then be right.")
    ] = False,
    cell_eval: Annotated[
        bool, typer.Option("--cell-eval", help="The metrics of cell-eval2 as well (slow; needs the extra bench).")
    ] = False,
    cells: Annotated[
        bool, typer.Option("--cells", help="Distances between predicted and measured cells as well.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for report.md, report.html and scores.parquet.")
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Judge models on held-out conditions, beside baselines and what a repeat of the experiment would score.

    Interrupted (Ctrl-C, a crash), finished fits are kept: the same command goes on with those that are missing.

    Example: perturbome bench papalexi --out report

    Example: perturbome bench kang --split unseen-context --model "mean shift" --model "gated prior kernel" --seeds 3
    """
    from perturbome.models.bench.bench import bench as judge_all
    from perturbome.models.bench.report import make_folder, report_remarks, verdict_sentences, write_report
    from perturbome.models.bench.table import ON_SCREEN, leaderboard, verdicts
    from perturbome.platform.store import open_store

    if out is not None:
        make_folder(out)

    def told(cell: Cell, outcome: Outcome) -> None:
        if not json:
            after = ", taken from before" if outcome.taken else ""
            say(f"{cell.name}: {outcome.failed or f'{outcome.seconds:.1f} s'}{after}")

    with open_store(store) as opened, console_report() as report:
        opened.require()
        found = judge_all(
            opened, dataset, models=model or (), split=split, seeds=seeds, n_genes=n_genes, contexts=context,
            min_cells=min_cells, shuffle=shuffle, cells=cells, published=cell_eval, told=told, report=report,
        )  # fmt: skip
    board, judged = leaderboard(found), verdicts(found)
    paths = write_report(found, out) if out is not None else []
    if json:
        answer = {"run": found.run, "dataset": found.dataset, "split": found.split, "models": board.to_dicts()}
        show_json(answer | {"verdicts": judged.to_dicts(), "files": [str(path) for path in paths]})
        return
    shown = [name for name in ON_SCREEN if name in board.columns]
    show_table(board.select("model", *shown, "seconds"), f"{found.dataset}, {found.split}; means over conditions")
    for sentence in verdict_sentences(judged) if judged.height else ():
        say(sentence)
    for sentence in report_remarks(found):
        say(sentence)
    for path in paths:
        say(f"Written: {path}")
    say(f"Stored as run {found.run}.")
