"""How often an edge comes back when the cells are weighed anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.regulation.moments import Blocks
from perturbome.ingest.regulation.ridge import fit_ridge
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
    for b in range(n_bootstraps):
        weight = rng.standard_exponential(blocks.count.size)
        weight *= blocks.count.sum() / (weight @ blocks.count)
        z = fit_ridge(blocks.correlations(weight), own, penalty).z
        strength = np.abs(z[:, columns]).ravel()
        floor = np.partition(strength, strength.size - k)[strength.size - k]
        again = z[edges]
        kept += (np.abs(again) >= floor) & (np.sign(again) == sign)
        report(what, b + 1, n_bootstraps)
    return kept / n_bootstraps
