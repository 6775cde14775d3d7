"""How often an edge comes back when the cells are weighed anew."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.regulation.mask import Mask
from perturbome.ingest.regulation.threads import small_products
from perturbome.platform.progress import Report, silent

Floats = NDArray[np.float64]


def edge_stability(
    refit: Callable[[int], Floats],
    n_refits: int,
    edges: tuple[NDArray[np.intp], NDArray[np.intp]],
    sign: NDArray[np.floating],
    mask: Mask | None = None,
    report: Report = silent,
) -> Floats:
    """Share of bootstraps in which an edge is again among the k strongest with the same sign: [k].

    `edges` are the k edges kept from all cells (positions of regulators, columns of targets). `refit(b)` gives the
    signed strength of every pair [p, G] in bootstrap b, of which the k largest in size (as `mask` has them) are "the
    k strongest"; a gene's strength on itself is taken as nothing, as are NaNs.
    """
    k = edges[0].size
    kept = np.zeros(k)
    if k == 0 or n_refits == 0:
        return kept

    def found_again(b: int) -> NDArray[np.bool_]:
        signed = refit(b)
        strength = np.abs(signed)
        if mask is not None:
            strength = mask.apply(strength)
        flat = np.where(np.isfinite(strength), strength, -np.inf).ravel()
        floor = np.partition(flat, flat.size - k)[flat.size - k]
        mine = strength[edges]
        again: NDArray[np.bool_] = (mine >= floor) & (np.sign(signed[edges]) == sign)
        return again

    with small_products() as n_workers, ThreadPoolExecutor(n_workers) as workers:
        for done, found in enumerate(workers.map(found_again, range(n_refits)), start=1):
            kept += found
            report("bootstraps", done, n_refits)
    return kept / n_refits
