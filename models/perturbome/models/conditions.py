"""The measured conditions of a data set in one context, read from the store as moments of halves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.models.contracts import PerturbationData
from perturbome.models.moments import group_moments
from perturbome.models.spread import read_strata
from perturbome.platform.errors import InputError, NothingFound, UnknownName
from perturbome.platform.perturbation import Perturbation

if TYPE_CHECKING:
    from perturbome.platform.lake.expression import Expression
    from perturbome.platform.store import Store

ALL = "all"
"""The context of all cells together."""
FEWEST_CELLS = 3
EMPTY = "The store holds no data set yet: perturbome ingest experiment FILE."


def choose_dataset(store: Store, dataset: str | None) -> str:
    """The data set named, or the only one; otherwise UnknownName, InputError or NothingFound say which there are."""
    known = store.datasets()["dataset"].to_list()
    if dataset is None:
        if len(known) == 1:
            return str(known[0])
        if known:
            raise InputError(f"The store holds several data sets: {', '.join(known)}. Name one with --dataset.")
        raise NothingFound(EMPTY)
    if dataset in known:
        return dataset
    raise UnknownName("data set", dataset, "the store", known, "" if known else EMPTY)


def expression_unit(store: Store, dataset: str) -> str:
    """The unit of a data set's expression, as it was read from its file."""
    units = dict(store.datasets().select("dataset", "expression_unit").iter_rows())
    return str(units.get(dataset) or "the data set's own unit")


def in_context(expression: Expression, context: str | None) -> NDArray[np.bool_]:
    """True for the cells of a context: a cell type, or 'all'. UnknownName lists the contexts there are."""
    kinds = expression.cells["cell_type"].fill_null(ALL).to_numpy()
    if context in (None, ALL):
        return np.ones(len(kinds), dtype=bool)
    found: NDArray[np.bool_] = kinds == context
    if not found.any():
        known = sorted({ALL, *kinds})
        raise UnknownName("context", str(context), f"data set '{expression.dataset['dataset']}'", known)
    return found


def halves(group: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """0 or 1 for each cell: a random half of every group, sizes equal to within one cell."""
    order = np.random.default_rng(seed).permutation(len(group))
    order = order[np.argsort(group[order], kind="stable")]
    sizes = np.unique(group[order], return_counts=True)[1]
    within = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    half = np.empty(len(group), dtype=np.intp)
    half[order] = within % 2
    return half


def read_conditions(
    store: Store, dataset: str, context: str | None = None, *, min_cells: int = FEWEST_CELLS, seed: int = 0,
    controls_needed: bool = True,
) -> PerturbationData:  # fmt: skip
    """Moments of the control cells and of every perturbation with at least `min_cells` cells in a context.

    Without control cells raises NothingFound, unless they are not needed: then all cells stand in for them, as for
    a time course in which nothing was perturbed (no measured effects then).
    """
    expression = store.expression(dataset)
    inside = in_context(expression, context)
    cells = expression.cells
    control = cells["control"].fill_null(False).to_numpy() & inside
    if not control.any():
        perturbed = cells["perturbation"].is_not_null().any()
        if controls_needed or perturbed:
            _no_controls(expression, context)
        control = inside
    carries = inside & ~control & cells["perturbation"].is_not_null().to_numpy()
    names = cells["perturbation"].fill_null("").to_numpy().astype(str)
    known, at, counts = np.unique(names[carries], return_inverse=True, return_counts=True)
    enough = counts >= min_cells
    place = np.where(enough, np.cumsum(enough) - 1, -1)
    n = int(enough.sum())

    # Groups: 0, 1 the halves of the control; then the first halves of the perturbations, then their second halves.
    group = np.full(len(names), -1, dtype=np.intp)
    group[control] = 0
    group[carries] = np.where(place[at] >= 0, place[at] + 1, -1)
    half = halves(group, seed)
    code = np.where(group == 0, half, np.where(group > 0, 2 + half * n + group - 1, -1))
    moments = group_moments(expression.X, code, 2 + 2 * n)
    strata = read_strata(expression, inside)
    ids = [str(name) for name in known[enough]]
    index = {gene: i for i, gene in enumerate(expression.genes["gene"])}
    perturbations, targets = _perturbations(store, expression, ids, index)
    return PerturbationData(
        dataset=dataset,
        context=context or ALL,
        genes=tuple(expression.genes["gene"]),
        symbols=tuple(expression.genes["symbol"]),
        perturbations=perturbations,
        ids=tuple(ids),
        targets=targets,
        controls=moments[0:2],
        first=moments[2 : 2 + n],
        second=moments[2 + n : 2 + 2 * n],
        spread=strata.sd(),
        strata=strata,
        too_few={str(name): int(k) for name, k in zip(known[~enough], counts[~enough], strict=True)},
    )


def _perturbations(
    store: Store, expression: Expression, ids: list[str], index: dict[str, int]
) -> tuple[tuple[Perturbation, ...], tuple[tuple[int, ...], ...]]:
    """Perturbations with the store's own symbols as targets, and the columns of the targets that are measured."""
    run, dataset = expression.dataset["run"], expression.dataset["dataset"]
    rows = store.lake.scan("perturbations", [run]).filter(pl.col("dataset") == dataset).collect()
    stored = {row["perturbation"]: row for row in rows.to_dicts()}
    symbols = dict(store.genes().select("gene", "symbol").iter_rows())
    perturbations, targets = [], []
    for name in ids:
        parsed = Perturbation.parse(name)
        genes = stored[name]["targets"] if name in stored else list(parsed.targets)
        perturbations.append(Perturbation(tuple(symbols.get(g, g) for g in genes), parsed.mode, parsed.dose))
        targets.append(tuple(index[g] for g in genes if g in index))
    return tuple(perturbations), tuple(targets)


def _no_controls(expression: Expression, context: str | None) -> None:
    with_controls = sorted(expression.cells.filter(pl.col("control"))["cell_type"].fill_null(ALL).unique())
    name = expression.dataset["dataset"]
    there = f"Contexts with controls: {', '.join(with_controls)}." if with_controls else (
        "Name the control label when the file is read: perturbome ingest experiment FILE --control LABEL."
    )  # fmt: skip
    raise NothingFound(f"Data set '{name}' has no control cells in the context '{context or ALL}'. {there}")
