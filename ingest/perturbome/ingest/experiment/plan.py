"""What an ingest will do, decided before a row is written: state, genes, cells, perturbations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from perturbome.ingest.experiment.assign import Assignment, assign, unperturbed
from perturbome.ingest.experiment.cells import CellTable, read_cells, read_space
from perturbome.ingest.experiment.choose import choose
from perturbome.ingest.experiment.columns import ROLES, find_column, read_numbers
from perturbome.ingest.experiment.conventions import Survey
from perturbome.ingest.experiment.genes import (
    Columns,
    Genes,
    made_unique,
    read_genes,
    require_summable,
    same_gene_columns,
)
from perturbome.ingest.experiment.source import Matrix, Source, sample_rows
from perturbome.ingest.experiment.state import STATES, Recognised, State, recognise
from perturbome.ingest.experiment.unperturbed import no_perturbation_column
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError, MissingColumn
from perturbome.platform.perturbation import MODES

if TYPE_CHECKING:
    from perturbome.platform.store import Store

COUNT_LAYERS = ("counts", "raw_counts", "count", "raw", "umi", "UMIs", "spliced_counts")
TOTAL_COLUMNS = ("total_counts", "n_counts", "ncounts", "ncount_rna", "n_umi", "umi_count", "ncount_originalexp",
                 "umis", "core_adjusted_umi_count")  # fmt: skip


@dataclass
class Plan:
    """Everything decided; `keep` [n_cells of the file] says which cells are stored."""

    matrix: Matrix
    matrix_name: str
    state: Recognised
    genes: Genes
    columns: Columns
    cells: CellTable
    assignment: Assignment
    keep: np.ndarray
    convention: str | None
    time_unit: str | None
    said: list[str]
    configuration: dict[str, Any]


def make_plan(
    source: Source,
    store: Store,
    *,
    organism: str | None = None,
    convention: str | None = None,
    perturbation_column: str | None = None,
    control: str | Sequence[str] | None = None,
    roles: dict[str, str | None],
    dose_column: str | None = None,
    spatial_key: str | None = None,
    layer: str | None = None,
    state: str | None = None,
    mode: str | None = None,
    time_unit: str | None = None,
    min_guide_fraction: float | None = None,
    make_unique: bool = False,
) -> Plan:
    """Decide everything from obs, var, uns and a sample of the matrix; raises as `add_experiment` does."""
    where = source.path.name
    if len(source.obs) == 0:
        raise InputError(f"{where} holds no cells.")
    wanted = next((m for m in MODES if m == mode), None)
    if mode is not None and wanted is None:
        raise InputError(f"Unknown mode '{mode}'. Known: {', '.join(MODES)}.")
    if dose_column is not None and dose_column not in source.obs.columns:
        raise MissingColumn(dose_column, f"obs of {where}", source.obs.columns, "Pass --dose-column.")

    name, matrix, recognised, said = choose_matrix(source, layer, state)
    var = source.raw_var if name == "raw" and source.raw_var is not None else source.var
    if len(var) == 0:
        raise InputError(f"{where} holds no genes.")
    genes = read_genes(var, organism, _stated_organism(source))
    genes, columns, doubled = _columns(genes, store, recognised.state, make_unique)
    said = source.said + said + genes.said + doubled

    survey = Survey(source.obs, source.uns)
    choice = choose(survey, where, genes.known, convention=convention, column=perturbation_column, control=control)
    said += choice.said
    if choice.column is None:
        assignment = unperturbed(len(source.obs))
    else:
        others = store.genes(None if genes.organism == "unknown" else genes.organism)
        assignment = assign(
            survey, choice, genes, where, control=control, mode=wanted, dose_column=dose_column, others=others
        )
    said += assignment.said

    told = {**roles, "guide": roles.get("guide") or survey.find(choice.convention.guide)}
    second = survey.find(choice.convention.context)
    context = second if second and len(survey.labels(second)) > 1 else None
    cells = read_cells(source, told, context, make_unique, time_unit)
    if choice.column is None:
        said.append(no_perturbation_column(survey, list(cells.used.values()), genes.known))
    space, space_said = read_space(source, spatial_key)
    cells.columns |= space
    said += cells.said + space_said

    keep, kept_said = _keep(source, min_guide_fraction)
    said += kept_said + _subset(source, matrix, recognised)
    if not keep.any():
        raise InputError(f"No cell of {where} is left: --min-guide-fraction {min_guide_fraction} is above all of them.")
    if assignment.perturbations and not assignment.control[keep].any():
        raise InputError(f"No control cells of {where} are left above --min-guide-fraction {min_guide_fraction}.")

    has_time = "time" in cells.columns
    unit = (cells.time_unit or "not stated") if has_time else time_unit
    unit = unit or ("pseudotime" if "pseudotime" in cells.columns else None)
    recorded = choice.convention.name if choice.column else None
    return Plan(
        matrix, name, recognised, genes, columns, cells, assignment, keep, recorded, unit, said,
        {
            "format": source.format,
            "matrix": name,
            "raw_state": recognised.state,
            "recognised_because": recognised.why,
            "normalisation": recognised.unit,
            "library_size": "sum of the counts in the file" if recognised.state == "counts" else None,
            "organism": genes.organism,
            "convention": recorded,
            "perturbation_column": choice.column,
            "columns": cells.used,
            "min_guide_fraction": min_guide_fraction,
        },
    )  # fmt: skip


def choose_matrix(source: Source, layer: str | None, state: str | None) -> tuple[str, Matrix, Recognised, list[str]]:
    """The matrix to read and what its values are: X, the layer told, or the counts where X is scaled."""
    if state is not None and state not in STATES:
        raise InputError(f"Unknown state '{state}'. Known: {', '.join(STATES)}.")
    if layer is not None:
        wanted = layer if layer in source.matrices else f"layers/{layer}"
        if wanted not in source.matrices:
            raise MissingColumn(
                layer, f"layers of {source.path.name}", [_short(m) for m in source.matrices], "Pass --layer."
            )
    else:
        wanted = source.matrices[0]
    matrix, found = _recognised(source, wanted, state)
    said = []
    if layer is None and found.state == "other" and state is None:
        for other in [f"layers/{c}" for c in COUNT_LAYERS] + ["raw"]:
            if other in source.matrices and other != wanted:
                better, counts = _recognised(source, other, None)
                if counts.state != "other":
                    said.append(f"{wanted} holds {found.why}; '{_short(other)}' is read instead ({counts.state}).")
                    return other, better, counts, said + _state_said(counts, other)
    return wanted, matrix, found, said + _state_said(found, wanted)


def _recognised(source: Source, name: str, state: str | None) -> tuple[Matrix, Recognised]:
    matrix = source.open(name)
    if state is not None:
        return matrix, Recognised(cast(State, state), "as told")
    hint = source.uns.get("log1p")
    base = hint.get("base") if isinstance(hint, dict) else None
    if matrix.shape[0] == 0 or matrix.shape[1] == 0:
        return matrix, Recognised("counts", "the matrix is empty")
    base_name = None if base is None else f"{float(np.asarray(base)):g}"
    return matrix, recognise(sample_rows(matrix), log_hint=hint is not None and name == "X", base_hint=base_name)


def _state_said(found: Recognised, name: str) -> list[str]:
    done = {
        "counts": "raw counts: normalised to log1p of counts per 10,000",
        "normalised": "normalised counts: only the logarithm is taken",
        "log1p": "log-normalised already: stored as they are",
        "other": "neither counts nor log-normalised: stored as they are",
    }[found.state]
    unit = "" if found.state in ("counts", "other") else f" Unit: {found.unit}."
    return [f"Values of {_short(name)} are {done} ({found.why}; --state).{unit}"]


def _short(name: str) -> str:
    return name.removeprefix("layers/")


def _columns(genes: Genes, store: Store, state: State, make_unique: bool) -> tuple[Genes, Columns, list[str]]:
    """Which columns are one gene, by the identity the store would give them."""
    from perturbome.platform.lake.genes import GeneCatalogue

    def identity(of: Genes) -> Columns:
        catalogue = GeneCatalogue.from_lake(store.lake)
        found = catalogue.register(of.symbols, organism=of.organism, ensembl=of.ensembl)
        return same_gene_columns(found["gene"].to_list())

    columns = identity(genes)
    if columns.trivial:
        return genes, columns, []
    said = require_summable(columns, genes, state, make_unique)
    if state == "counts":
        return genes, columns, [said]
    first = np.zeros(len(genes), dtype=bool)
    first[columns.keep] = True
    names = made_unique(genes.symbols)
    ensembl = [e if f else None for e, f in zip(genes.ensembl, first, strict=True)]
    apart = Genes(names, ensembl, genes.organism, genes.said, genes.former)
    return apart, Columns(np.arange(len(genes)), np.arange(len(genes), dtype=np.int32)), [said]


def _stated_organism(source: Source) -> str | None:
    """The organism the file names in obs or uns, if it names one."""
    for key in ("organism", "organism_ontology_term_id", "species"):
        if isinstance(value := source.uns.get(key), str):
            return value
        if key in source.obs.columns:
            named = pd.unique(source.obs[key].dropna())
            if len(named) == 1:
                return str(named[0])
    return None


def _keep(source: Source, least: float | None) -> tuple[np.ndarray, list[str]]:
    n = len(source.obs)
    if least is None:
        return np.ones(n, dtype=bool), []
    column, _ = find_column(source.obs, ROLES["fraction"], None, source.path.name)
    if column is None:
        raise MissingColumn(ROLES["fraction"].names[0], f"obs of {source.path.name}", source.obs.columns,
                            "--min-guide-fraction needs the top guide's share of the reads.")  # fmt: skip
    values = read_numbers(source.obs, column, "--min-guide-fraction", source.path.name)
    keep = values > least
    return keep, [f"{int((~keep).sum()):,} of {many(n, 'cell')} left out: '{column}' is not above {least:g}."]


def _subset(source: Source, matrix: Matrix, state: Recognised) -> list[str]:
    """Say so where obs knows larger library sizes than the file holds: it is then a subset of the genes."""
    folded = {str(c).casefold(): c for c in source.obs.columns}
    column = next((folded[c] for c in TOTAL_COLUMNS if c in folded), None)
    if state.state != "counts" or column is None or not pd.api.types.is_numeric_dtype(source.obs[column]):
        return []
    n = min(512, matrix.shape[0])
    sums = np.asarray(matrix.rows(0, n).sum(axis=1)).ravel()
    stated = source.obs[column].to_numpy(np.float64)[:n]
    if (stated >= sums).all() and np.median(stated) > 1.05 * np.median(sums):
        share = np.median(sums) / np.median(stated)
        return [f"The file holds a subset of the genes: {share:.0%} of the counts that column '{column}' states. "
                "Cells are scaled by the sum in the file all the same."]  # fmt: skip
    return []
