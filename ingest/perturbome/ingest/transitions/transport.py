"""Transitions between time points by optimal transport: whole populations are carried over, not cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.transitions.approximate import spread
from perturbome.ingest.transitions.components import principal_components
from perturbome.ingest.transitions.method import Cells, Edges, Found, Options, sorted_edges
from perturbome.ingest.transitions.nearest import nearest
from perturbome.ingest.transitions.sinkhorn import couple, extend, log_mean, plan
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError

Floats = NDArray[np.float64]
DENSE_UP_TO = 9_000_000
"""Pairs of two time points up to which all are costed at once: 3,000 cells each, 72 MB a matrix."""
SAMPLE = 2500  # cells of either side from which potentials are learned beyond
BLOCK = 4096
MASS = 0.99  # of a cell's mass, kept


@dataclass(frozen=True)
class Step:
    """Where the cells of one time point go: rows [n, m] that sum to 1, and what became of the plan on the way."""

    rows: sparse.csr_matrix
    kept: float  # mean share of a row's mass in the targets kept
    settled: bool
    misplaced: float | None = None  # share of the plan's mass that the sampled potentials put in the wrong columns
    recall: float | None = None  # of the heaviest targets; None where all were seen


def transport(cells: Cells, options: Options) -> Found:
    """Couple each time point with the next (see `step`); the last has no edges. InputError without time points."""
    if not cells.points:
        raise InputError(
            "Transport leads from one measured time point to the next, and these cells have "
            f"{np.unique(cells.time).size:,} different times. Take --method diffusion or knn."
        )
    groups = [np.flatnonzero(cells.time == point) for point in np.unique(cells.time)]
    if len(groups) == 1:
        nothing = Edges(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))
        return Found(nothing, ("There is one time point only: transport has nowhere to lead, and the graph no edges.",))
    sources, targets, weights, steps = [], [], [], []
    for number, (early, late) in enumerate(pairwise(groups)):
        options.report("transport", number, len(groups) - 1)
        gap = float(cells.time[late[0]] - cells.time[early[0]])
        scores = principal_components(cells.X[np.concatenate([early, late])], cells.n_components)
        mass = np.ones(early.size) if options.growth is None else options.growth[early] ** gap
        found = step(scores[: early.size], scores[early.size :], mass, options)
        steps.append(found)
        coo = found.rows.tocoo()
        sources.append(early[coo.row])
        targets.append(late[coo.col])
        weights.append(coo.data)
    options.report("transport", len(groups) - 1, len(groups) - 1)
    edges = sorted_edges(np.concatenate(sources), np.concatenate(targets), np.concatenate(weights), cells.time)
    return Found(edges, _said(steps, options), _details(steps, options))


def step(early: NDArray[np.float32], late: NDArray[np.float32], mass: Floats, options: Options) -> Step:
    """Where cells `early` [n, d] of that `mass` [n] go among cells `late` [m, d].

    The plan P minimises <P, C> + epsilon sum P (log P - 1) + l1 KL(P1 | a) + l2 KL(P'1 | b): C is the squared
    distance over its mean, a the mass and b uniform, both of sum 1. Rows of P are divided by their sums and cut to
    the fewest targets with 99 % of the mass, at most `n_neighbors`. Source: Schiebinger et al. 2019, Cell 176, 928,
    with its epsilon 0.05, l1 1, l2 50 and 30 components of the two time points. Beyond 9e6 pairs the potentials are
    learned on 2,500 cells of either side and extended to all, and a cell's heaviest targets are found as nearest
    neighbours, so that memory grows with cells times neighbours.
    """
    if len(early) * len(late) > DENSE_UP_TO:
        return _sampled_step(early, late, mass / mass.mean(), options)
    cost = squared_distances(early, late) / mean_cost(early, late)
    a, b = mass / mass.sum(), np.full(len(late), 1 / len(late))
    coupling = couple(cost, a, b, options.epsilon, options.source_penalty, options.target_penalty)
    full = plan(cost, coupling, options.epsilon)
    most = min(options.n_neighbors, len(late))
    found = np.argpartition(-full, most - 1, axis=1)[:, :most]
    rows, kept = heaviest(found, np.take_along_axis(full, found, 1), full.sum(1), len(late))
    return Step(rows, kept, coupling.settled)


def _sampled_step(early: NDArray[np.float32], late: NDArray[np.float32], mass: Floats, options: Options) -> Step:
    """As `step`, with potentials learned on samples of the cells; `mass` has mean 1."""
    n, m, epsilon, scale = len(early), len(late), options.epsilon, mean_cost(early, late)
    some, others = spread(early, SAMPLE), spread(late, SAMPLE)
    x, y = early[some], late[others]
    a, b = mass[some] / mass[some].sum(), np.full(len(y), 1 / len(y))
    penalties = options.source_penalty, options.target_penalty
    sample = couple(squared_distances(x, y) / scale, a, b, epsilon, *penalties)
    f, g, total, arrived = np.empty(n), np.empty(m), np.empty(n), np.zeros(len(y))
    for begin in range(0, n, BLOCK):
        part = slice(begin, begin + BLOCK)
        cost = squared_distances(early[part], y) / scale
        f[part] = extend(cost, mass[part], sample.g, epsilon, options.source_penalty)
        total[part] = f[part] / epsilon + log_mean(cost, sample.g, epsilon)
        arrived += np.exp((f[part, None] + sample.g - cost) / epsilon).sum(0)
    for begin in range(0, m, BLOCK):
        part = slice(begin, begin + BLOCK)
        g[part] = extend(squared_distances(late[part], x) / scale, 1.0, sample.f, epsilon, options.target_penalty)
    # g_j - C_ij is largest where |x_i - y_j|^2 + scale (max g - g_j) is least: a distance, with one dimension more.
    lifted = np.column_stack([late, np.sqrt(scale * (g.max() - g))]).astype(np.float32)
    level = np.column_stack([early, np.zeros(n)]).astype(np.float32)
    near = nearest(lifted, level, min(options.n_neighbors, m), exact=options.exact, report=options.report)
    exponent = (f[:, None] + g.max() - near.distance.astype(np.float64) ** 2 / scale) / epsilon
    share = np.exp(exponent - total[:, None])
    share[near.index < 0] = 0.0
    rows, kept = heaviest(near.index, share, np.full(n, float(m)), m)
    misplaced = float(np.abs(arrived / arrived.sum() - 1 / len(y)).sum() / 2)
    return Step(rows, kept, sample.settled, misplaced, near.recall)


def squared_distances(x: NDArray[np.floating], y: NDArray[np.floating]) -> Floats:
    """Squared Euclidean distances [n, m] between the rows of x and y."""
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(x.astype(np.float64), y.astype(np.float64), "sqeuclidean"))


def mean_cost(x: NDArray[np.floating], y: NDArray[np.floating]) -> float:
    """Mean squared distance over all pairs, without making them; 1 where all cells are in one place."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    centre = y.mean(0)
    mean = (((x - centre) ** 2).sum(1)).mean() + (((y - centre) ** 2).sum(1)).mean()
    return float(mean) if mean > 0 else 1.0


def heaviest(found: NDArray[np.integer], value: Floats, total: Floats, m: int) -> tuple[sparse.csr_matrix, float]:
    """Each row's fewest entries with 99 % of its `total` [n] as rows [n, m] that sum to 1, and the mean share kept.

    found, value [n, k]: columns and entries among which to choose.
    """
    order = np.argsort(-value, axis=1, kind="stable")
    found, value = np.take_along_axis(found, order, 1), np.take_along_axis(value, order, 1)
    share = value / np.maximum(total, 1e-300)[:, None]
    keep = (np.cumsum(share, axis=1) - share < MASS) & (value > 0)
    value = np.where(keep, value, 0.0)
    weight = value / np.maximum(value.sum(1), 1e-300)[:, None]
    row = np.repeat(np.arange(len(found)), keep.sum(1))
    rows = sparse.csr_matrix((weight[keep], (row, found[keep])), shape=(len(found), m))
    return rows, float(np.minimum((share * keep).sum(1), 1.0).mean())


def _said(steps: list[Step], options: Options) -> tuple[str, ...]:
    said = []
    kept = float(np.mean([s.kept for s in steps]))
    if kept < 0.9:
        said.append(
            f"The edges hold {kept:.0%} of the transported mass: the plan is wider than {options.n_neighbors} targets "
            "a cell. More of them (--neighbors) or a smaller --epsilon hold more."
        )
    unsettled = sum(not s.settled for s in steps)
    if unsettled:
        said.append(f"{many(unsettled, 'step')} of {len(steps)} did not settle; a larger --epsilon would.")
    sampled = [s for s in steps if s.recall is not None]
    if sampled:
        said.append(
            f"{many(len(sampled), 'step')} of {len(steps)} had too many pairs of cells: potentials were learned on "
            f"{SAMPLE:,} cells of either side ({max(s.misplaced or 0.0 for s in sampled):.1%} of the mass at most "
            f"misplaced); {min(s.recall or 0.0 for s in sampled):.1%} of the heaviest targets were found."
        )
    return tuple(said)


def _details(steps: list[Step], options: Options) -> dict[str, object]:
    return {
        "epsilon": options.epsilon,
        "source_penalty": options.source_penalty,
        "target_penalty": options.target_penalty,
        "growth": options.growth is not None,
        "mass_kept": [round(s.kept, 4) for s in steps],
        "recall": [s.recall for s in steps],
        "misplaced": [s.misplaced for s in steps],
    }
