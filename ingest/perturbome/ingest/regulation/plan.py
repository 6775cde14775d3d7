"""What will be inferred from what: groups of cells, regulators, priors, and who was perturbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.regulation.groups import CellGroup, clock_of, group_cells, snapshot
from perturbome.ingest.regulation.lacking import others_that_work, taken_together, without_effects
from perturbome.ingest.regulation.mask import Mask
from perturbome.ingest.regulation.method import Cells, Method
from perturbome.ingest.regulation.network import usable_part
from perturbome.ingest.regulation.prior_mask import check_priors, prior_mask
from perturbome.ingest.regulation.reading import Read
from perturbome.ingest.regulation.registry import METHODS
from perturbome.ingest.regulation.regulators import (
    choose_regulators,
    listed_regulators,
    named_columns,
    perturbed_cells,
    perturbed_genes,
)
from perturbome.platform.errors import InputError
from perturbome.platform.hashing import name_hashes

if TYPE_CHECKING:
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class Plan:
    """Groups of cells to infer a network from each, and all that the groups share."""

    read: Read
    groups: list[CellGroup]
    regulators: NDArray[np.intp]  # columns
    perturbed: NDArray[np.bool_]  # [n, m]
    aimed: NDArray[np.intp]  # [m]
    otherwise: NDArray[np.bool_]  # [n], a gene that was not measured is perturbed
    mask: Mask | None = None
    prior_runs: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def cells(self, group: CellGroup) -> Cells:
        """The cells of a group, as a method sees them."""
        mine, known = group.rows, self.read.cells
        return Cells(
            self.read.X[mine],
            tuple(self.read.genes.sort("gene_index")["gene"]),
            self.regulators,
            name_hashes(known["name"].to_numpy()[mine]),
            self.perturbed[mine],
            self.aimed,
            known["control"].to_numpy()[mine],
            clock_of(known)[mine],
            otherwise=self.otherwise[mine],
        )


def make_plan(
    store: Store,
    read: Read,
    method: Method,
    *,
    cell_types: Sequence[str] | None,
    regulators: Sequence[str] | None,
    prior: Sequence[str],
    mask: Literal["soft", "hard"],
    time_bins: int | None,
    min_cells: int,
    by_cell_type: bool,
) -> Plan:
    """Group the cells, choose regulators, lay out priors; arguments and errors are those of `infer_regulation`."""
    name = str(read.dataset["dataset"])
    genes, cells = read.genes, read.cells
    aims = perturbed_genes(store.lake, read.dataset)
    # What was named wrongly is told before there being too few cells.
    if regulators is not None:
        named_columns(genes, regulators)
    if prior:
        check_priors(store.lake, prior)
    groups, left_out = group_cells(
        cells, name, cell_types=cell_types, by_cell_type=by_cell_type, time_bins=time_bins, min_cells=min_cells,
        across_time="time" in method.needs,
    )  # fmt: skip
    rows = np.unique(np.concatenate([group.rows for group in groups]))
    chosen, how = choose_regulators(
        genes,
        listed_regulators(store.lake, genes),
        set(aims["gene"]),
        regulators,
        read.X if rows.size == cells.height else read.X[rows],
    )
    still = [] if "time" in method.needs else snapshot(cells)
    plan = Plan(
        read, groups, chosen, *perturbed_cells(cells["perturbation"], aims, genes), said=[how, *left_out, *still]
    )
    if prior:
        support, runs, told = prior_mask(store.lake, prior, genes, chosen, mask)
        plan = replace(plan, mask=support, prior_runs=runs, said=[*plan.said, told])
    return _able(plan, method, aims.height, by_cell_type, time_bins) if method.needs else plan


def perturbed_by(genes: Sequence[str]) -> pl.Expr:
    """Cells that carry one of these perturbations."""
    return pl.col("perturbation").is_in(list(genes)).fill_null(False)


def _able(plan: Plan, method: Method, n_aims: int, by_cell_type: bool, time_bins: int | None) -> Plan:
    """The plan with the groups that have what the method needs; InputError where none has, with what would help."""
    lacking = {group: method.lacks(usable_part(plan.cells(group))[0]) for group in plan.groups}
    able = [group for group, lack in lacking.items() if lack is None]
    unable = [(group.name, lack) for group, lack in lacking.items() if lack]
    if not able:
        dataset, rows = str(plan.read.dataset["dataset"]), np.concatenate([group.rows for group in plan.groups])
        why = ""
        if "perturbations" in method.needs:
            control = plan.read.cells["control"].to_numpy()
            why = without_effects(dataset, control, plan.aimed.size, n_aims)
        needs = why or f"no group of cells of '{dataset}' has that"
        whole = CellGroup("all", None, np.unique(rows))
        helps = not why and method.lacks(usable_part(plan.cells(whole))[0]) is None
        together = f", or {taken_together(by_cell_type, time_bins)}" if helps else ""
        raise InputError(
            f"'{method.name}' needs {unable[0][1]}, and {needs}. {others_that_work(list(METHODS.values()))}{together}."
        )
    names = ", ".join(name for name, _ in unable[:6])
    told = [f"Left out, for want of {unable[0][1]}: {names}."] if unable else []
    return replace(plan, groups=able, said=[*plan.said, *told])
