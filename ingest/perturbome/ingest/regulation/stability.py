"""How often an edge comes back when the cells are weighed anew."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.regulation.moments import Blocks
from perturbome.ingest.regulation.ridge import fit_ridge
from perturbome.ingest.regulation.threads import small_products
from perturbome.platform.progress import Report, silent


def edge_stability(
    blocks: Blocks,
    own: NDArray[np.intp],
    usable: NDArray[np.bool_],
    penalty: float,
    edges: tuple[NDArray[np.intp], NDArray[np.intp]],
    sign: NDArray[np.integer],
    n_bootstraps: int,
    rng: np.random.Generator,
    report: Report = silent,
    what: str = "bootstraps",
) -> NDArray[np.float64]:
    """Share of bootstraps in which an edge is again among the k strongest with the same sign: [k].

    `edges` are the k edges kept from all cells (positions of regulators, columns of targets); in every
    Bayesian bootstrap (Rubin 1981: blocks of cells weighed by standard exponentials) all edges are fitted
    anew, and the k with the largest |z| are "the k strongest" of that bootstrap.
    """
    k = edges[0].size
    kept = np.zeros(k)
    if k == 0 or n_bootstraps == 0:
        return kept
    columns = np.flatnonzero(usable)
    weights = rng.standard_exponential((n_bootstraps, blocks.count.size))
    weights *= blocks.count.sum() / (weights @ blocks.count)[:, None]

    def found_again(weight: NDArray[np.float64]) -> NDArray[np.bool_]:
        z = fit_ridge(blocks.correlations(weight), own, penalty).z
        strength = np.abs(z[:, columns]).ravel()
        floor = np.partition(strength, strength.size - k)[strength.size - k]
        again: NDArray[np.bool_] = (np.abs(z[edges]) >= floor) & (np.sign(z[edges]) == sign)
        return again

    with small_products() as n_workers, ThreadPoolExecutor(n_workers) as workers:
        for done, found in enumerate(workers.map(found_again, weights), start=1):
            kept += found
            report(what, done, n_bootstraps)
    return kept / n_bootstraps
