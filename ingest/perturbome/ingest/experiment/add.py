"""From a file to a data set of the lake, in one run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from perturbome.ingest.experiment.assign import Assignment
from perturbome.ingest.experiment.cells import cell_batches
from perturbome.ingest.experiment.plan import Plan, make_plan
from perturbome.ingest.experiment.readers import open_source
from perturbome.ingest.symbols import ENSEMBL
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.lake import RunWriter
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class Ingested:
    """What an ingest stored, and all it has to say of how it read the file.

    Where nothing was perturbed every cell is a control to the models: `n_control` is then `n_cells`.
    """

    run: str
    dataset: str
    n_cells: int
    n_genes: int
    n_control: int
    perturbations: list[str]
    said: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """Cells, genes and perturbations in a few words."""
        size = f"{many(self.n_cells, 'cell')} x {many(self.n_genes, 'gene')}"
        if not self.perturbations:
            return f"{size}, no perturbations"
        return f"{size}, {many(self.n_control, 'control')}, {many(len(self.perturbations), 'perturbation')}"

    def row(self) -> dict[str, Any]:
        """As plain values, for a script."""
        return asdict(self)


def add_experiment(
    store: Store,
    path: str | Path,
    *,
    dataset: str | None = None,
    organism: str | None = None,
    convention: str | None = None,
    perturbation_column: str | None = None,
    control: str | Sequence[str] | None = None,
    cell_type_column: str | None = None,
    time_column: str | None = None,
    pseudotime_column: str | None = None,
    batch_column: str | None = None,
    replicate_column: str | None = None,
    guide_column: str | None = None,
    dose_column: str | None = None,
    spatial_key: str | None = None,
    layer: str | None = None,
    state: str | None = None,
    mode: str | None = None,
    time_unit: str | None = None,
    min_guide_fraction: float | None = None,
    transpose: bool | None = None,
    make_unique: bool = False,
    replace: bool = False,
    report: Report = silent,
) -> Ingested:
    """Read an experiment into the store: genes, cells with normalised expression, perturbations.

    Formats: .h5ad, 10x .h5 and folders, .loom, CSV and TSV. What is not told by an argument is recognised from the
    file and said in `Ingested.said`. Counts become log(1 + 10,000 x / sum of the cell); values that are normalised
    already are not normalised again. `replace` removes an earlier data set of that name, with the
    runs that stand on it, once the new one is complete. Memory stays bounded: the matrix is read in pieces.

    Raises InputError and its kin (MissingColumn, BadValues, UnreadableFile, AmbiguousInput); then nothing is stored.
    """
    path = Path(path).expanduser()
    started = datetime.now(UTC)
    told = {
        k: v
        for k, v in locals().items()
        if k not in ("store", "path", "report", "replace", "started") and v not in (None, False)
    }
    with open_source(path, transpose) as source:
        name = dataset or dataset_name(path)
        earlier = _earlier(store, name, replace)
        plan = make_plan(
            source,
            store,
            organism=organism,
            convention=convention,
            perturbation_column=perturbation_column,
            control=control,
            roles={
                "cell_type": cell_type_column,
                "time": time_column,
                "pseudotime": pseudotime_column,
                "batch": batch_column,
                "replicate": replicate_column,
                "guide": guide_column,
            },
            dose_column=dose_column,
            spatial_key=spatial_key,
            layer=layer,
            state=state,
            mode=mode,
            time_unit=time_unit,
            min_guide_fraction=min_guide_fraction,
            make_unique=make_unique,
        )
        with store.run(
            "ingest",
            name=f"ingest {name}",
            configuration={**plan.configuration, "dataset": name, "path": str(path), "told": _plain(told)},
            inputs=_files(path),
            datasets=[name],
            started=started,
            replaces=earlier,
            report=report,
        ) as run:
            _write(run, name, path, plan, report)
    a = plan.assignment
    n_control = int(a.control[plan.keep].sum())
    ids = [p.id for p, n in zip(a.perturbations, _carriers(a, plan.keep), strict=True) if n]
    said = list(plan.said)
    if run.replaces:
        gone = ", ".join(run.replaces)
        said.append(f"The earlier data set '{name}' was removed, with all that stood on it: run {gone}.")
    return Ingested(run.id, name, int(plan.keep.sum()), len(plan.columns.keep), n_control, sorted(ids), said)


def dataset_name(path: Path) -> str:
    """A name for a data set from its path: the file's name without its endings, or the folder's."""
    stem = re.sub(r"\.(h5ad|h5|hdf5|loom|csv|tsv|txt|mtx)(\.gz)?$", "", path.name, flags=re.I)
    generic = stem.casefold() in (
        "matrix",
        "filtered_feature_bc_matrix",
        "raw_feature_bc_matrix",
        "expressiondata",
        "data",
    )
    if generic and path.resolve().parent.name:
        stem = path.resolve().parent.name
    return re.sub(r"[^\w.\-]+", "_", stem).strip("_") or "experiment"


def _earlier(store: Store, name: str, replace: bool) -> list[str]:
    """Runs that wrote a data set of this name; InputError unless it may be replaced."""
    runs = (
        store.lake.scan("datasets").filter(pl.col("dataset") == name).select("run").collect()["run"].unique().to_list()
    )
    if runs and not replace:
        raise InputError(f"The store already holds a data set '{name}' (run {', '.join(sorted(runs))}). "
                         "Pass --replace to put this one in its place, or another name by --dataset.")  # fmt: skip
    return sorted(runs)


def _write(run: RunWriter, name: str, path: Path, plan: Plan, report: Report) -> None:
    """All tables of the run."""
    kept = plan.columns.keep
    symbols = [plan.genes.symbols[i] for i in kept]
    ensembl = [plan.genes.ensembl[i] for i in kept]
    genes = run.register_genes(
        symbols, organism=plan.genes.organism, ensembl=ensembl, dataset=name, gene_index="position"
    )
    gene_of = dict(zip(reversed(symbols), reversed(genes["gene"].to_list()), strict=True))
    perturbations = plan.assignment.perturbations
    away = sorted({t for p in perturbations if p.mode != "compound" for t in p.targets} - set(gene_of))
    if away:
        ids = [plan.assignment.ensembl.get(t) or (t if ENSEMBL.match(t) else None) for t in away]
        found = run.register_genes(away, organism=plan.genes.organism, ensembl=ids)
        gene_of |= dict(zip(away, found["gene"].to_list(), strict=True))

    n = int(plan.keep.sum())
    cells = plan.cells.arrow(plan.keep, name, run.allot_cells(n), plan.assignment)
    matrix = plan.matrix
    run.write(
        "cells",
        cell_batches(matrix, cells, plan.keep, plan.state.state, plan.columns, plan.cells.names, plan.genes,
                     f"{path.name} ({plan.matrix_name})", report),
    )  # fmt: skip
    carriers = _carriers(plan.assignment, plan.keep)
    rows = [
        {
            "dataset": name,
            "perturbation": p.id,
            "label": label,
            "mode": p.mode,
            "targets": list(p.targets) if p.mode == "compound" else [gene_of[t] for t in p.targets],
            "dose": p.dose,
            "n_cells": int(count),
        }
        for p, label, count in zip(perturbations, plan.assignment.labels, carriers, strict=True)
        if count
    ]
    if rows:
        run.write("perturbations", pl.DataFrame(rows, schema_overrides={"dose": pl.Float32}))
    run.write(
        "datasets",
        pl.DataFrame(
            {
                "dataset": [name],
                "organism": [plan.genes.organism],
                "description": [_description(plan, n, len(kept), len(rows))],
                "n_cells": [n],
                "n_genes": [len(kept)],
                "expression_unit": [plan.state.unit],
                "raw_state": [plan.state.state],
                "time_unit": [plan.time_unit],
                "convention": [plan.convention],
                "path": [str(path.resolve())],
            },
            schema_overrides={"time_unit": pl.String, "convention": pl.String},
        ),
    )
    run.metrics.update(
        n_cells=n,
        n_genes=len(kept),
        n_control=int(plan.assignment.control[plan.keep].sum()),
        n_perturbations=len(rows),
        said=plan.said,
    )


def _carriers(assignment: Assignment, keep: np.ndarray) -> np.ndarray:
    """[n_perturbations] kept cells that carry each."""
    code = assignment.code[keep]
    return np.bincount(code[code >= 0], minlength=len(assignment.perturbations))


def _description(plan: Plan, n_cells: int, n_genes: int, n_perturbations: int) -> str:
    what = many(n_perturbations, "perturbation") if n_perturbations else "unperturbed"
    return f"{many(n_cells, 'cell')} x {many(n_genes, 'gene')}, {what}, {plan.genes.organism}"


def _files(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    return {k: v if isinstance(v, str | int | float | bool) else str(v) for k, v in told.items()}
