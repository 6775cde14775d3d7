"""The network of one group of cells: fit, cut, and count how stable each edge is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.regulation.moments import Matrix, assign_blocks, block_moments, mean_and_sd
from perturbome.ingest.regulation.ridge import choose_penalty, fit_ridge, own_position
from perturbome.ingest.regulation.stability import edge_stability
from perturbome.ingest.regulation.variable import MIN_DETECTED
from perturbome.platform.progress import Report, silent

MEMORY = 1 << 30  # bytes for the Gram matrices of all blocks


@dataclass(frozen=True)
class Edges:
    """Edges of one group, strongest (least p) first; columns of the expression matrix, all [k]."""

    source: NDArray[np.intp]
    target: NDArray[np.intp]
    weight: NDArray[np.float64]  # change of the target, in its unit, per standard deviation of the regulator
    p: NDArray[np.float64]
    stability: NDArray[np.float64] | None  # None without bootstraps
    penalty: float
    n_regulators: int
    n_targets: int
    n_significant: int = 0  # pairs with q up to max_q; more than the edges where max_edges cut them


def infer_network(
    X: Matrix,
    regulators: NDArray[np.intp],
    rank: NDArray[np.integer],
    rng: np.random.Generator,
    *,
    perturbed: NDArray[np.bool_] | None = None,
    aimed: NDArray[np.intp] | None = None,
    penalty: float | None = None,
    n_bootstraps: int = 50,
    n_blocks: int = 100,
    max_edges: int = 5000,
    max_q: float = 0.05,
    report: Report = silent,
    what: str = "bootstraps",
) -> Edges:
    """Network of cells X [n, G] from `regulators` (columns): ridge, edges with q <= `max_q`, at most `max_edges`.

    q is Benjamini and Hochberg's over all pairs of the group. `rank` [n] orders the cells by something of their
    own (their key), so that the bootstrap does not depend on the order of rows. `perturbed` [n, m] says in which
    cells each of the genes `aimed` [m] is perturbed (see `fit_ridge`). `penalty` None: by GCV.
    Genes that are constant or seen in fewer than 10 cells take no part.
    """
    usable = _usable(X)
    regulators = regulators[usable[regulators]]
    n_targets = int(usable.sum())
    if regulators.size == 0 or n_targets < 2:
        nothing = np.empty(0, np.intp)
        return Edges(nothing, nothing, np.empty(0), np.empty(0), np.empty(0), 0.0, regulators.size, n_targets)
    # Genes that take no part would cost what the others do, in every bootstrap.
    columns = np.flatnonzero(usable)
    place = np.full(X.shape[1], -1, np.intp)
    place[columns] = np.arange(columns.size)
    X, regulators, usable = X[:, columns], place[regulators], usable[columns]
    if aimed is not None and perturbed is not None:
        aimed, perturbed = place[aimed[place[aimed] >= 0]], perturbed[:, place[aimed] >= 0]
    n_genes = columns.size
    n_blocks = int(np.clip(MEMORY // (4 * regulators.size * n_genes), 16, n_blocks))
    blocks = block_moments(X, regulators, assign_blocks(rank, n_blocks, rng), perturbed, aimed)
    own = own_position(regulators, n_genes)
    cor = blocks.correlations()
    penalty = choose_penalty(cor, own, usable) if penalty is None else penalty
    fit = fit_ridge(cor, own, penalty)

    pairs = np.broadcast_to(usable, fit.beta.shape).copy()
    pairs[own[regulators], regulators] = False
    source, target = np.nonzero(pairs)
    p, z = fit.p[source, target], np.abs(fit.z[source, target])
    # Beyond the least float p no longer tells strong edges apart; |z| does.
    order = np.lexsort((target, source, -z, p))
    q_passed = p[order] * p.size <= max_q * np.arange(1, p.size + 1)
    n_significant = int(np.flatnonzero(q_passed).max(initial=-1)) + 1
    kept = order[: min(n_significant, max_edges)]
    source, target, p = source[kept], target[kept], p[kept]
    beta = fit.beta[source, target]
    stability = None
    if n_bootstraps:
        stability = edge_stability(
            blocks,
            own,
            usable,
            penalty,
            (source, target),
            np.sign(beta).astype(np.int8),
            n_bootstraps,
            rng,
            report,
            what,
        )
    return Edges(
        columns[regulators[source]], columns[target], beta * cor.sd[target], p, stability, penalty,
        regulators.size, n_targets, n_significant,
    )  # fmt: skip


def _usable(X: Matrix) -> NDArray[np.bool_]:
    """Genes that vary and are seen in enough cells (in all of them, where there are fewer than 10)."""
    seen = np.asarray((X != 0).sum(0)).ravel()
    usable: NDArray[np.bool_] = (mean_and_sd(X)[1] > 1e-6) & (seen >= min(MIN_DETECTED, X.shape[0]))
    return usable
