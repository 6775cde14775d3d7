"""How far a propagated effect moves when the network is redrawn within its own uncertainty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perturbome.models.network import Network
from perturbome.models.propagation import propagate
from perturbome.platform.progress import Report, silent

Array = NDArray[np.float64]

LEVEL = 0.9
ROUNDING = 1e-5  # single precision must not decide whether a gene that many draws leave unmoved may be at zero
MEMORY = 256 * 2**20  # bytes that the draws of one block of perturbations may take


def bootstrap_half_width(
    network: Network, sd: Array, start: Array, held: NDArray[np.bool_], lowest: Array, delta: Array,
    steps: int, damping: float, n_bootstraps: int = 50, seed: int = 0, level: float = LEVEL, report: Report = silent,
) -> Array:  # fmt: skip
    """Distance from `delta` that a share `level` of redrawn networks stays within, shaped as delta.

    The distance is taken around the prediction itself, not between quantiles of the draws: edges that some draws
    lack, and clipping at zero expression, push the draws to one side, and quantiles would then end at the prediction.
    Draw b is the same network for every perturbation (seeded by (seed, b)), whatever the block it is computed in.
    0 with no draws, where a value is imposed, and for a gene the network does not reach.
    """
    half = np.zeros(delta.shape)
    if n_bootstraps < 1 or len(network.weight) == 0:
        return half
    block = max(1, MEMORY // (4 * n_bootstraps * delta.shape[1]))
    total = n_bootstraps * -(-len(delta) // block)
    for at in range(0, len(delta), block):
        rows = slice(at, at + block)
        away = np.empty((n_bootstraps, *delta[rows].shape), dtype=np.float32)
        for b in range(n_bootstraps):
            weights = network.matrix(sd, network.draw(np.random.default_rng((seed, b))))
            away[b] = np.abs(propagate(weights, start[rows], held[rows], lowest, steps, damping) - delta[rows])
            report("networks redrawn", at // block * n_bootstraps + b + 1, total)
        half[rows] = (1 + ROUNDING) * np.quantile(away, level, axis=0)
    return np.where(held, 0.0, half)
