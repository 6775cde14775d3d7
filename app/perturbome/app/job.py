"""The main job: experiment, network, knock-out, causes; step by step through the public verbs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl

from perturbome.ingest import add_experiment, add_prior, infer_regulation, infer_transitions
from perturbome.models import compare_with_measured, knockout, measure_effects, rank_targets
from perturbome.platform import Store
from perturbome.platform.errors import NothingFound
from perturbome.platform.progress import Report, silent

SHOWN_OF_AN_EDGE = ("symbol", "cell_type", "time", "weight", "sign", "p", "stability")


@dataclass
class Answer:
    """One step's outcome: a title, a table where there is one, and what is worth saying about it."""

    title: str
    table: pl.DataFrame | None = None
    said: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Job:
    """What to run the main job on; `gene` is the knock-out asked for, by default the best-measured regulator."""

    data: Path
    dataset: str
    priors: tuple[Path, ...] = ()
    gene: str | None = None
    organism: str | None = None
    replace: bool = True


def run_job(store: Store, job: Job, report: Report = silent) -> Iterator[Answer]:
    """Do every step in turn and yield each answer as soon as it is there."""
    for step in (_experiment, _priors, _regulation, _transitions, _effects, _gene, _knockout, _comparison, _causes):
        start = perf_counter()
        answer = step(store, job, report)
        if answer is not None:
            answer.seconds = perf_counter() - start
            yield answer


def _experiment(store: Store, job: Job, report: Report) -> Answer:
    done = add_experiment(
        store, job.data, dataset=job.dataset, organism=job.organism, replace=job.replace, report=report
    )
    counts = {"cells": done.n_cells, "genes": done.n_genes, "controls": done.n_control}
    table = pl.DataFrame({"stored": list(counts), "number": list(counts.values())})
    return Answer(f"The experiment {job.dataset}", table, done.said)


def _priors(store: Store, job: Job, report: Report) -> Answer | None:
    if not job.priors:
        return None
    rows, said = [], []
    for path in job.priors:
        done = add_prior(store, path, organism=job.organism, replace=True, report=report)
        rows.append({"prior": done.name, "kind": done.kind, "edges": done.n_edges, "unmapped": done.n_unmapped})
        said += done.said
    return Answer("Prior knowledge", pl.DataFrame(rows), said)


def _regulation(store: Store, job: Job, report: Report) -> Answer:
    done = infer_regulation(store, job.dataset, report=report)
    edges = store.lake.scan("regulation", [done.run]).group_by("cell_type", "time").len("edges")
    return Answer(
        f"The regulatory network: {done.n_edges:,} edges", edges.sort("cell_type", "time").collect(), done.said
    )


def _transitions(store: Store, job: Job, report: Report) -> Answer | None:
    cells = store.lake.scan("cells", [_ingest_run(store, job)]).select(
        pl.col("time", "pseudotime").drop_nulls().n_unique()
    )
    if cells.collect().to_numpy().max() < 2:
        return None
    done = infer_transitions(store, job.dataset, report=report)
    return Answer(f"The temporal cell graph: {done.n_edges:,} transitions", said=done.said)


def _effects(store: Store, job: Job, report: Report) -> Answer | None:
    try:
        effects = measure_effects(store, job.dataset, report=report)
    except NothingFound as nothing:
        return Answer("Measured effects: none", said=[str(nothing)])
    over_all = effects.filter(pl.col("context") == "all").drop("context")
    return Answer(f"Measured effects of {over_all.height} perturbations", over_all.head(10))


def _gene(store: Store, job: Job, report: Report) -> Answer:
    gene = chosen_gene(store, job)
    tables = []
    for query, role in (("regulators_of", "regulator"), ("targets_of", "target")):
        found = pl.DataFrame(store.ask(query, gene=gene).to_pylist()[:8], infer_schema_length=None)
        if found.height:
            tables.append(
                found.select(pl.lit(role).alias("role"), *(c for c in SHOWN_OF_AN_EDGE if c in found.columns))
            )
    table = pl.concat(tables, how="diagonal_relaxed") if tables else None
    return Answer(f"Who regulates {gene}, and whom it regulates, asked in Cypher", table)


def _knockout(store: Store, job: Job, report: Report) -> Answer:
    gene = chosen_gene(store, job)
    result = knockout(store, [gene], dataset=job.dataset, report=report)
    shown = result.table.sort(pl.col("delta").abs(), descending=True).head(12)
    title = f"What happens if {gene} is knocked out? (change in log1p expression, 90 % interval)"
    return Answer(title, shown.drop("gene"), list(result.said))


def _comparison(store: Store, job: Job, report: Report) -> Answer | None:
    if not store.lake.has("perturbations", [_ingest_run(store, job)]):
        return None
    try:
        table = compare_with_measured(store, job.dataset, report=report)
    except NothingFound as nothing:
        return Answer("Prediction against measurement", said=[str(nothing)])
    baselines = ", ".join(table["baseline_name"].unique().sort())
    said = [f"Baseline: {baselines}. Replicate: one half of the cells against the other, noisy where cells are few."]
    if not table["blind"].all():
        said.append(
            "Not blind: the network was inferred from these cells as well (--leave-out GENE makes one that was not)."
        )
    best = table.sort("replicate", descending=True, nulls_last=True).drop("baseline_name").head(15)
    return Answer("Prediction against measurement, the clearest effects first (Pearson-delta)", best, said)


def _causes(store: Store, job: Job, report: Report) -> Answer | None:
    gene = chosen_gene(store, job)
    labels = _measured_targets(store, job)
    if gene not in labels:
        return None
    ranking = rank_targets(store, "control", gene, dataset=job.dataset, report=report)
    ranks = {"inversion": ranking.table}
    for model in ("difference", "regulon"):
        ranks[model] = rank_targets(store, "control", gene, dataset=job.dataset, model=model, write=False).table
    places = {model: table.filter(pl.col("symbol") == gene)["rank"] for model, table in ranks.items()}
    told = ", ".join(f"{place[0]} by {model}" for model, place in places.items() if len(place))
    said = [f"Rank of the true target, {gene}, among {ranking.table.height} genes: {told}."] if told else []
    table = ranking.table.drop("gene").head(8)
    return Answer(f"What caused the change from control to {gene} cells?", table, [*ranking.said, *said])


def _ingest_run(store: Store, job: Job) -> str:
    return str(store.datasets().filter(pl.col("dataset") == job.dataset)["run"][0])


def _measured_targets(store: Store, job: Job) -> list[str]:
    """Symbols of the measured genes that the experiment knocked out one at a time, the most cells first."""
    singles = (
        store.lake.scan("perturbations", [_ingest_run(store, job)])
        .filter(pl.col("targets").list.len() == 1)
        .with_columns(pl.col("targets").list.first().alias("gene"))
        .sort("n_cells", descending=True)
        .select("gene")
        .collect()
    )
    measured: dict[str, Any] = dict(store.expression_genes(job.dataset).select("gene", "symbol").iter_rows())
    return [measured[gene] for gene in singles["gene"] if gene in measured]


def chosen_gene(store: Store, job: Job) -> str:
    """The gene asked for; else the strongest regulator that was knocked out and measured; else the strongest."""
    if job.gene is not None:
        return str(store.find_gene(job.gene)["symbol"])
    measured = _measured_targets(store, job)
    symbols = dict(store.genes().select("gene", "symbol").iter_rows())
    run = store.runs("infer")
    strength = (
        store.lake.scan("regulation", [r.id for r in run if job.dataset in r.datasets])
        .group_by("source")
        .agg(pl.col("weight").abs().sum())
        .sort("weight", "source", descending=[True, False])
        .collect()
    )
    ranked = [symbols[gene] for gene in strength["source"]]
    if not ranked:
        raise NothingFound(f"The network of '{job.dataset}' has no edge; there is nothing to knock out.")
    return str(next((gene for gene in ranked if gene in measured), ranked[0]))
