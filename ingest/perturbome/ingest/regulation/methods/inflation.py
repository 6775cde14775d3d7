"""By how much a test of changes is too sure of itself, measured on surrogate cells."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, stats

from perturbome.ingest.regulation.method import Cells, Floats, Options
from perturbome.ingest.regulation.methods.changes import change_moments, choose_change_penalty, dense, fit_changes
from perturbome.ingest.regulation.methods.course import course_of
from perturbome.ingest.regulation.methods.successors import successors
from perturbome.ingest.regulation.methods.surrogates import exchanged_series, series_of, shuffled_within, times_alike
from perturbome.ingest.regulation.moments import mean_and_sd
from perturbome.ingest.regulation.threads import small_products
from perturbome.ingest.transitions.components import MOST_GENES

TARGETS, PAIRS, MOST_SURROGATES = 300, 10_000, 20
TAIL = 0.001  # of the surrogates' pairs, where their spread is measured


def inflation(cells: Cells, alike: NDArray[np.intp], options: Options) -> float:
    """By how much z is too large where genes know nothing of one another: 1 at least.

    The size of surrogates' z over all pairs at their `TAIL`, against Student's t; pairs of all regulators with
    themselves and `TARGETS` other genes at most, of as many surrogates as give `PAIRS` pairs. `alike` [n] numbers what
    was done to the cells. Successors that were found by expression follow it more closely than chance allows, and
    would not follow surrogates so: where some are given, it is the larger of that with them and that with surrogates'
    own.
    """
    order = np.argsort(cells.key, kind="stable")
    part, alike = most_variable(cells.taken(order)), alike[order]
    targets = some_targets(part, options.seed)
    few = with_genes(part, targets)
    values = dense(part.X).astype(np.float32)
    series = None if part.successor is None else series_of(part.successor.tocsr())
    together = times_alike(part.time, alike)
    p, n_genes = few.regulators.size, targets.size
    times = int(np.clip(-(-PAIRS // max(p * (n_genes - 1), 1)), 2, MOST_SURROGATES))
    others = np.ones((p, n_genes), bool)
    others[np.arange(p), few.regulators] = False

    def sizes(X: NDArray[np.floating], T: sparse.csr_matrix) -> Floats:
        """z over the t value at `TAIL`, of all pairs."""
        course, _ = course_of(replace(few, X=X[:, targets]), T, replace(options, n_bootstraps=0))
        changes = change_moments(course)
        penalty = choose_change_penalty(changes.correlations()) if options.penalty is None else options.penalty
        fit = fit_changes(changes, penalty)
        z: Floats = np.abs(fit.z, dtype=np.float64)[others] / -float(stats.t.ppf(TAIL / 2, np.median(fit.freedom)))
        return z

    def surrogate(number: int) -> list[Floats]:
        seed = (options.seed, 2, number)
        if series is not None and part.successor is not None:
            return [sizes(exchanged_series(values, series, part.time, part.genes, seed), part.successor)]
        X = shuffled_within(values, together, part.genes, seed)
        own = successors(X, part.time, alike, part.key)
        return [sizes(X, T) for T in (own, part.successor) if T is not None and T.nnz]

    found: list[list[Floats]] = []
    with small_products() as n_workers, ThreadPoolExecutor(n_workers) as workers:
        for number, sized in enumerate(workers.map(surrogate, range(times)), start=1):
            found.append(sized)
            options.report("surrogates", number, times)
    spreads = [np.concatenate(one) for one in zip(*found, strict=True)]
    return max([1.0, *(float(np.quantile(spread, 1 - TAIL)) for spread in spreads if spread.size)])


def most_variable(cells: Cells) -> Cells:
    """The cells with the regulators and the genes by which successors are found."""
    sd = mean_and_sd(cells.X)[1]
    return with_genes(cells, np.union1d(cells.regulators, np.argsort(-sd, kind="stable")[:MOST_GENES]))


def some_targets(cells: Cells, seed: int) -> NDArray[np.intp]:
    """Columns of all regulators and of a few of the other genes, drawn by their names; ascending."""
    others = np.setdiff1d(np.arange(len(cells.genes)), cells.regulators)
    draw = [crc32(f"{seed} {cells.genes[c]}".encode()) for c in others]
    return np.union1d(cells.regulators, others[np.argsort(draw, kind="stable")[:TARGETS]])


def with_genes(cells: Cells, columns: NDArray[np.intp]) -> Cells:
    """The cells with some of the genes, all regulators among them."""
    place = np.full(len(cells.genes), -1, np.intp)
    place[columns] = np.arange(columns.size)
    aimed = place[cells.aimed] >= 0
    return replace(
        cells,
        X=cells.X[:, columns],
        genes=tuple(cells.genes[c] for c in columns),
        regulators=place[cells.regulators],
        aimed=place[cells.aimed[aimed]],
        perturbed=cells.perturbed[:, aimed],
    )
