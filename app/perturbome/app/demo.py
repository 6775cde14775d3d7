"""The demo's report: the main job on a file, or on a simulated time-course knock-out experiment."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from rich.panel import Panel

from perturbome.app.job import Answer, Job, chosen_gene, run_job
from perturbome.ingest import simulate
from perturbome.platform.console import console, console_report, show_table
from perturbome.platform.store import Store

SIMULATED = {"n_cells": 2000, "n_genes": 200, "n_knockouts": 20}


def run_demo(
    folder: str,
    *,
    data: Path | None = None,
    priors: tuple[Path, ...] = (),
    gene: str | None = None,
    organism: str | None = None,
    seed: int = 0,
) -> None:
    """Run the main job into the store at `folder` and print each answer as it comes."""
    start = perf_counter()
    store = Store(folder)
    console.print(Panel.fit("perturbome: a queryable map of what every perturbation does", style="bold"))
    if data is None:
        data = _simulated(store.path, seed)
        priors = (*priors, data.with_suffix(".regulators.txt"))
        organism = organism or "human"
    job = Job(data, dataset=data.stem, priors=priors, gene=gene, organism=organism)
    before = len(store.runs())
    with store, console_report() as report:
        for answer in run_job(store, job, report):
            _print(answer)
        gene, runs = chosen_gene(store, job), len(store.runs()) - before
    _print_places(store.path, f"{gene} --dataset {job.dataset} --store {folder}", folder, runs, perf_counter() - start)


def _simulated(path: Path, seed: int) -> Path:
    """Simulate beside the store (never inside it) and write what was simulated and what is true."""
    target = path.with_name(f"{path.name}-input") / "simulated.h5ad"
    target.parent.mkdir(parents=True, exist_ok=True)
    with console.status("Simulating a time-course knock-out experiment"):
        experiment = simulate(**SIMULATED, seed=seed)
        experiment.write(target)
    console.print(f"No data were given, so an experiment was simulated (seed {seed}): {target}", highlight=False)
    return target


def _print(answer: Answer) -> None:
    console.print(f"\n[bold]{answer.title}[/]  [dim]{answer.seconds:.1f} s[/]", highlight=False)
    for line in answer.said:
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    if answer.table is not None and answer.table.height:
        show_table(answer.table, most=25)


def _print_places(path: Path, asked: str, folder: str, runs: int, seconds: float) -> None:
    console.print(
        Panel.fit(
            f"{runs} runs in {seconds:.0f} s. Everything is in {path}: the lake (Parquet, Delta Lake) and the graph.\n"
            f"Open the app:      make app STORE={folder}\n"
            f"Ask in Cypher:     .venv/bin/perturbome query --list --store {folder}\n"
            f"Knock out a gene:  .venv/bin/perturbome knockout {asked}",
            title="Where to go from here",
        ),
        highlight=False,
    )
