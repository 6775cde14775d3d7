"""Groups of cells and their moments made into the data that models see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.models.data.cells import Cells
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PARTS
from perturbome.models.data.gene_list import GeneList
from perturbome.models.data.grouping import Groups
from perturbome.models.data.remarks import remarks
from perturbome.models.data.splits import Split
from perturbome.models.data.variable_genes import most_variable, normalised_dispersion
from perturbome.models.moments import Moments, group_moments
from perturbome.platform.errors import UnknownName
from perturbome.platform.words import first_few

N_GENES = 2000
MOST_NAMED = 5


def summed(pieces: Iterable[tuple[sparse.csr_matrix, NDArray[np.intp]]], n_groups: int, n_genes: int) -> Moments:
    """Moments of groups whose cells come in pieces: matrices and the group of each of their rows (-1: none)."""
    whole = Moments(np.zeros(n_groups), np.zeros((n_groups, n_genes)), np.zeros((n_groups, n_genes)))
    for matrix, group in pieces:
        part = group_moments(matrix, group, n_groups)
        for into, more in ((whole.n, part.n), (whole.total, part.total), (whole.squares, part.squares)):
            np.add(into, more, out=into)
    return whole


def looked_at(groups: Groups, split: Split | None) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Who may decide which genes are variable: a context number for each group of cells (-1: may not), and the names
    of the conditions that may. Without a split only control cells do, so that any split of the data is blind to it."""
    train = set(() if split is None else split.train)
    may = np.array([c.name in train for c in groups.conditions], dtype=bool)
    contexts = np.concatenate([np.where(may, groups.context, -1), np.repeat(np.arange(len(groups.contexts)), PARTS)])
    return contexts, tuple(c.name for c, m in zip(groups.conditions, may, strict=True) if m)


def choose_genes(
    linear: Callable[[], Moments], measured: Sequence[str], symbols: Sequence[str], groups: Groups,
    n_genes: int | None, genes: Sequence[str] | None, names: tuple[str, ...], where: str,
) -> tuple[NDArray[np.intp], GeneList]:  # fmt: skip
    """Columns of the genes to keep, sorted by id, and the record of how they were chosen.

    `genes` (ids or symbols) are kept as told; else the `n_genes` most variable and all perturbed ones; None: all.
    `linear` gives the moments [n_contexts] of linear expression of the cells that may decide (see `looked_at`).
    Raises UnknownName for a gene that the data set did not measure.
    """
    ids = np.asarray(measured, dtype=str)
    place: dict[str, list[int]] = {}
    for names_of in (symbols, measured):
        for j, name in enumerate(names_of):
            place.setdefault(str(name), []).append(j)
    chosen = np.zeros(len(ids), dtype=bool)
    if genes is not None:
        for gene in genes:
            if gene not in place:
                raise UnknownName("gene", gene, where, [str(s) for s in symbols])
            chosen[place[gene]] = True
        how, names = "told", ()
    elif n_genes is None or n_genes >= len(ids):
        chosen[:] = True
        how, names = "all that were measured", ()
    else:
        score = normalised_dispersion(linear())
        chosen[most_variable(score, tuple(map(str, ids)), n_genes)] = True
        targets = {t for c in groups.conditions if c.perturbation.mode != "compound" for t in c.targets}
        for target in targets:
            chosen[place.get(target, [])] = True
        whose = f"control cells and the cells of {len(names)} training conditions" if names else "control cells alone"
        how = f"the {n_genes} most variable among {whose}, and every perturbed gene"
    columns = np.flatnonzero(chosen)
    columns = columns[np.argsort(ids[columns], kind="stable")]
    return columns, GeneList("genes", tuple(map(str, ids[columns])), how, names)


def _left_out(few: Sequence[str]) -> tuple[str, ...]:
    if not few:
        return ()
    return (f"Left out, as they have fewer cells than asked for (--min-cells): {first_few(few, MOST_NAMED)}.",)


def assemble(
    dataset: str, unit: str, symbols: Sequence[str], groups: Groups, moments: Moments, choice: GeneList, seed: int,
    cells: Cells, split: Split | None,
) -> PerturbationData:  # fmt: skip
    """Put the data together; `moments` are of the conditions, then of the control groups."""
    k = len(groups.conditions)
    data = PerturbationData(
        dataset=dataset, unit=unit, genes=choice.genes, symbols=tuple(map(str, symbols)), contexts=groups.contexts,
        conditions=groups.conditions, context=groups.context, treated=moments[np.arange(k)],
        controls=moments[np.arange(k, len(moments.n))], gene_choice=choice, seed=seed, cells=cells,
    )  # fmt: skip
    data = replace(data, said=(*remarks(data), *_left_out(groups.few)))
    return data if split is None else data.with_split(split)
