"""The change of every gene in time, on the levels of all regulators, as a method."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special, stats

from perturbome.ingest.regulation.method import Cells, Evidence, Floats, Options
from perturbome.ingest.regulation.methods.changes import Changes, Course, change_moments, choose_change_penalty, dense
from perturbome.ingest.regulation.methods.successors import normalised_rows, successors
from perturbome.ingest.regulation.methods.surrogates import exchanged_series, series_of, shuffled_within, times_alike
from perturbome.ingest.regulation.moments import assign_blocks
from perturbome.ingest.regulation.ridge import Fit, fit_ridge
from perturbome.ingest.regulation.threads import small_products
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError

MEMORY = 1 << 30  # bytes for the Gram matrices of all blocks
MOST_BLOCKS, FEWEST_BLOCKS = 100, 16
FEWEST_SERIES = 8  # with fewer, blocks are of samples and not of whole series
SURROGATE_TARGETS, SURROGATE_PAIRS, MOST_SURROGATES = 300, 10_000, 20
TAIL = 0.001  # of the surrogates' pairs, where their spread is measured


def dynamic(cells: Cells, options: Options) -> Evidence:
    """Rate of change of every target on the levels of all regulators, and on its own level, which is its decay.

    For a cell i with successors T (those given, else see `successors`) and times t,
    `(sum_j T_ij x_j - x_i) / (sum_j T_ij t_j - t_i) = sum_k b_k x_ik - d x_i + c`: ridge in closed form, all targets
    at once, d and c without a penalty (a linear dynGENIE3, Huynh-Thu and Geurts 2018). Weight is b times the mean
    step of time and the standard deviation of the regulator: a change of the target in its own unit. Without times
    every step is 1.

    Genes that merely change at the same times, successors that cells share, and the noise that a cell's level and its
    change have in common make z far too large. So the whole fit is repeated on surrogate cells, in which every gene
    keeps its course over time and is independent of all others (see `surrogates`), and z is divided by what makes the
    surrogates' largest thousandth that of Student's t: strength is the size of that z, p its two-sided test.
    Raises InputError where no cell has a successor.
    """
    alike = kinds_of(cells)
    T = successors(cells.X, cells.time, alike, cells.rank) if cells.successor is None else cells.successor
    course, said = course_of(cells, T, options)
    changes = change_moments(course)
    cor = changes.correlations()
    penalty = choose_change_penalty(cor) if options.penalty is None else options.penalty
    fit = fit_changes(changes, penalty)
    scale = surrogate_scale(cells, alike, options)
    weights = np.random.default_rng((options.seed, 1)).standard_exponential((options.n_bootstraps, changes.count.size))
    weights *= changes.count.sum() / (weights @ changes.count)[:, None]

    def refit(b: int) -> Floats:
        return without_own(fit_changes(changes, penalty, weights[b]).z, cells.regulators) / scale

    strength = without_own(np.abs(fit.z), cells.regulators) / scale
    weight = without_own(fit.beta * (cor.sd * course.step.mean()), cells.regulators)
    p = np.maximum(2 * special.stdtr(fit.freedom, -strength), float(np.finfo(np.float32).tiny))
    return Evidence(weight, strength, p, refit, options.n_bootstraps, penalty, said)


def fit_changes(changes: Changes, penalty: float, weight: Floats | None = None) -> Fit:
    """Ridge of all changes; a gene's own level, being a covariate of its own, leaves its regulator nothing to say."""
    cor = changes.correlations(weight)
    return fit_ridge(cor, np.full(cor.targets.shape[1], -1, np.intp), penalty)


def without_own(values: NDArray[np.floating], regulators: NDArray[np.intp]) -> Floats:
    """Values [p, G] as float64 with 0 where a regulator meets itself."""
    freed: Floats = np.array(values, np.float64)
    freed[np.arange(regulators.size), regulators] = 0.0
    return freed


def kinds_of(cells: Cells) -> NDArray[np.intp]:
    """Number [n] of what was done to each cell: cells become cells that the same was done to."""
    done = np.column_stack([cells.control, cells.perturbed])
    kinds: NDArray[np.intp] = np.unique(done, axis=0, return_inverse=True)[1].ravel()
    return kinds


def course_of(cells: Cells, T: sparse.csr_matrix, options: Options) -> tuple[Course, tuple[str, ...]]:
    """The cells that have a successor, by blocks, and what to say of the others.

    Blocks are of whole series where samples follow one another in enough of them, else of cells at random; without
    bootstraps there is one.
    Raises InputError where none has one.
    """
    T = normalised_rows(T.tocsr())
    rows = np.flatnonzero(np.diff(T.indptr) > 0)
    said: tuple[str, ...] = ()
    if np.isfinite(cells.time).any():
        with np.errstate(invalid="ignore"):
            step = T[rows] @ cells.time - cells.time[rows]
        later = step > 0
        if not later.all():
            said = (f"{many(int((~later).sum()), 'cell')} left out, whose successors are not later.",)
        rows, step = rows[later], step[later]
    else:
        step = np.ones(rows.size)
    if rows.size == 0:
        raise InputError(
            "No cell has a successor, because all are of one time: nothing is seen to change. Give cells of two time "
            "points at least, or a pseudotime; or infer from one time point by another method, such as ridge."
        )
    series = series_of(T)
    if options.n_bootstraps == 0:
        block = np.zeros(rows.size, np.intp)
    elif series is not None and np.unique(series[rows]).size >= FEWEST_SERIES:
        block = np.unique(series[rows], return_inverse=True)[1].ravel()
    else:
        p, n_genes = cells.regulators.size, len(cells.genes)
        n_blocks = int(np.clip(MEMORY // (4 * p * (p + 2 * n_genes)), FEWEST_BLOCKS, MOST_BLOCKS))
        rank = np.argsort(np.argsort(cells.rank[rows]))
        block = assign_blocks(rank, n_blocks, np.random.default_rng((options.seed, 0)))
    order = np.lexsort((cells.rank[rows], block))
    rows = rows[order]
    return Course(
        cells.X, rows, T[rows], step[order], block[order], cells.regulators, cells.aimed, cells.perturbed[rows]
    ), said


def surrogate_scale(cells: Cells, alike: NDArray[np.intp], options: Options) -> float:
    """By how much z is too large where genes know nothing of one another: 1 at least.

    The size of surrogates' z over all pairs at their `TAIL`, against Student's t. Surrogates are made of all
    regulators and `SURROGATE_TARGETS` other genes at most, as often as gives `SURROGATE_PAIRS` pairs. Successors that
    were found by expression follow it more closely than chance allows, and would not follow surrogates so; where some
    are given, the scale is the larger of that with them and that with surrogates' own.
    """
    order = np.argsort(cells.rank, kind="stable")
    part, alike = some_genes(in_order(cells, order), options), alike[order]
    values = dense(part.X)
    series = None if part.successor is None else series_of(part.successor.tocsr())
    together = times_alike(part.time, alike)
    p, n_genes = part.regulators.size, len(part.genes)
    times = int(np.clip(-(-SURROGATE_PAIRS // max(p * (n_genes - 1), 1)), 2, MOST_SURROGATES))
    others = np.ones((p, n_genes), bool)
    others[np.arange(p), part.regulators] = False

    def sizes(surrogate: Cells, T: sparse.csr_matrix) -> Floats:
        """z over the t value at `TAIL`, of all pairs."""
        course, _ = course_of(surrogate, T, replace(options, n_bootstraps=0))
        changes = change_moments(course)
        penalty = choose_change_penalty(changes.correlations()) if options.penalty is None else options.penalty
        fit = fit_changes(changes, penalty)
        z: Floats = np.abs(fit.z, dtype=np.float64)[others] / -float(stats.t.ppf(TAIL / 2, np.median(fit.freedom)))
        return z

    def surrogate(number: int) -> list[Floats]:
        seed = (options.seed, 2, number)
        if series is not None and part.successor is not None:
            return [
                sizes(replace(part, X=exchanged_series(values, series, part.time, part.genes, seed)), part.successor)
            ]
        shuffled = replace(part, X=shuffled_within(values, together, part.genes, seed))
        own = successors(shuffled.X, part.time, alike, part.rank)
        return [sizes(shuffled, T) for T in (own, part.successor) if T is not None and T.nnz]

    found: list[list[Floats]] = []
    with small_products() as n_workers, ThreadPoolExecutor(n_workers) as workers:
        for number, sized in enumerate(workers.map(surrogate, range(times)), start=1):
            found.append(sized)
            options.report("surrogates", number, times)
    spreads = [np.concatenate(one) for one in zip(*found, strict=True)]
    return max([1.0, *(float(np.quantile(spread, 1 - TAIL)) for spread in spreads if spread.size)])


def in_order(cells: Cells, order: NDArray[np.intp]) -> Cells:
    """The cells in another order [n]."""
    return replace(
        cells,
        X=cells.X[order],
        rank=cells.rank[order],
        perturbed=cells.perturbed[order],
        control=cells.control[order],
        time=cells.time[order],
        successor=None if cells.successor is None else sparse.csr_matrix(cells.successor[order][:, order]),
    )


def some_genes(cells: Cells, options: Options) -> Cells:
    """The cells with all regulators and a few of the other genes, drawn by their names."""
    others = np.setdiff1d(np.arange(len(cells.genes)), cells.regulators)
    draw = [crc32(f"{options.seed} {cells.genes[c]}".encode()) for c in others]
    columns = np.sort(np.concatenate([cells.regulators, others[np.argsort(draw, kind="stable")[:SURROGATE_TARGETS]]]))
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
