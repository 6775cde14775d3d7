"""Perturbation data from arrays in memory: for tests, notebooks and simulations."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy import sparse

from perturbome.models.data.assemble import N_GENES, assemble, choose_genes, looked_at, summed
from perturbome.models.data.cells import Cells
from perturbome.models.data.condition import ALL
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PARTS
from perturbome.models.data.fingerprint import name_hashes, row_hashes
from perturbome.models.data.grouping import group_cells
from perturbome.models.data.splits import Split
from perturbome.models.moments import Moments
from perturbome.platform.errors import BadValues, InputError
from perturbome.platform.perturbation import CONTROL, Perturbation

LOG_UNIT = "log1p of counts per 10,000"


def from_arrays(
    x: ArrayLike | sparse.spmatrix, perturbation: Sequence[str | Perturbation | None], genes: Sequence[str], *,
    cell_type: Sequence[str] | None = None, time: ArrayLike | None = None, dose: ArrayLike | None = None,
    names: Sequence[str] | None = None, symbols: Sequence[str] | None = None, split: Split | None = None,
    contexts: Collection[str] | None = None, min_cells: int = 1, n_genes: int | None = N_GENES,
    keep_genes: Sequence[str] | None = None, seed: int = 0, dataset: str = "arrays", unit: str = LOG_UNIT,
) -> PerturbationData:  # fmt: skip
    """Perturbation data from expression x [n_cells, n_genes] and what is said of each cell.

    perturbation: 'control', a perturbation or its id (`knockout:A+B`), or None for a cell to leave out. `names` of the
    cells decide the control halves; by default they are the rows' numbers, and then the order of the cells matters.
    The other options are those of `perturbation_data`; single cells are always kept. Raises InputError where lengths
    do not fit, BadValues for expression that is not finite.
    """
    matrix = sparse.csr_matrix(x, dtype=np.float32)
    n, n_measured = matrix.shape
    said = {"perturbation": perturbation, "cell_type": cell_type, "time": time, "dose": dose, "names": names}
    for what, values in said.items():
        if values is not None and len(values) != n:  # type: ignore[arg-type]
            raise InputError(f"'{what}' has {len(values)} entries, the expression {n} cells. Give one for each cell.")  # type: ignore[arg-type]
    symbols = list(genes) if symbols is None else list(symbols)
    if len(genes) != n_measured or len(symbols) != n_measured or len(set(genes)) != n_measured:
        raise InputError(
            f"The expression has {n_measured} genes; {len(genes)} ids ({len(set(genes))} different) and {len(symbols)} "
            "symbols were given. Give one id, of its own, for each column."
        )
    if not np.isfinite(matrix.data).all():
        raise BadValues(f"{(~np.isfinite(matrix.data)).sum()} values of the expression are not finite numbers.")
    text = [p.id if isinstance(p, Perturbation) else p for p in perturbation]
    perturbations = {t: Perturbation.parse(t) for t in set(text) if t is not None and t != CONTROL}
    cells = pl.DataFrame(
        {
            "perturbation": pl.Series(text, dtype=pl.String),
            "control": [t == CONTROL for t in text],
            "cell_type": pl.Series([ALL] * n if cell_type is None else list(cell_type), dtype=pl.String),
            "time": _numbers(time, n),
            "dose": _numbers(dose, n),
        }
    )
    keys = name_hashes(np.arange(n).astype(str) if names is None else np.asarray(names, dtype=str))
    where = f"data set '{dataset}'"
    groups = group_cells(cells, keys, perturbations, where, contexts=contexts, min_cells=min_cells, seed=seed)
    content = row_hashes(matrix.indptr, matrix.indices, matrix.data, name_hashes(list(genes)))
    every = Cells(keys, content, np.diff(matrix.indptr).astype(np.int32), groups.code, len(groups.conditions))
    group = every.group
    to_context, trained = looked_at(groups, split)

    def linear() -> Moments:
        flat = matrix.astype(np.float64)
        if unit.startswith("log1p"):
            np.expm1(flat.data, out=flat.data)
        return summed([(flat, np.where(group >= 0, to_context[group], -1))], len(groups.contexts), n_measured)

    columns, choice = choose_genes(linear, genes, symbols, groups, n_genes, keep_genes, trained, where)
    inside = np.flatnonzero(every.grouped)
    cut = sparse.csr_matrix(matrix[inside][:, columns])
    n_groups = len(groups.conditions) + len(groups.contexts) * PARTS
    moments = summed([(cut, group[inside])], n_groups, len(columns))
    single = Cells(
        keys[inside], content[inside], every.n_expressed[inside], groups.code[inside], len(groups.conditions), cut
    )
    return assemble(dataset, unit, [symbols[j] for j in columns], groups, moments, choice, seed, single, split)


def _numbers(values: ArrayLike | None, n: int) -> pl.Series:
    """Numbers, or nulls for none; NaN counts as none."""
    return pl.Series([None] * n if values is None else np.asarray(values, dtype=np.float64), dtype=pl.Float64).fill_nan(
        None
    )
