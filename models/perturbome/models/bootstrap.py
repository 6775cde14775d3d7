"""How far a propagated effect moves when the network is redrawn within its own uncertainty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perturbome.models.network import Network
from perturbome.models.propagation import propagate
from perturbome.platform.progress import Report, silent

Array = NDArray[np.float64]

LEVEL = 0.9
MEMORY = 256 * 2**20  # bytes that the draws of one block of perturbations may take


def bootstrap_interval(
    network: Network, sd: Array, start: Array, held: NDArray[np.bool_], lowest: Array, delta: Array,
    steps: int, damping: float, n_bootstraps: int = 50, seed: int = 0, level: float = LEVEL, report: Report = silent,
) -> tuple[Array, Array]:  # fmt: skip
    """Quantiles of the effect over redrawn networks, widened to hold `delta` itself: (lower, upper), shaped as delta.

    Draw b is the same network for every perturbation (seeded by (seed, b)), whatever the block it is computed in.
    With no draws, or for a gene the network does not reach, both ends are `delta`.
    """
    lower, upper = delta.copy(), delta.copy()
    if n_bootstraps < 1 or len(network.weight) == 0:
        return lower, upper
    block = max(1, MEMORY // (4 * n_bootstraps * delta.shape[1]))
    tail = (1 - level) / 2
    total = n_bootstraps * -(-len(delta) // block)
    for at in range(0, len(delta), block):
        rows = slice(at, at + block)
        draws = np.empty((n_bootstraps, *delta[rows].shape), dtype=np.float32)
        for b in range(n_bootstraps):
            weights = network.matrix(sd, network.draw(np.random.default_rng((seed, b))))
            draws[b] = propagate(weights, start[rows], held[rows], lowest, steps, damping)
            report("networks redrawn", at // block * n_bootstraps + b + 1, total)
        low, high = np.quantile(draws, (tail, 1 - tail), axis=0)
        lower[rows], upper[rows] = np.minimum(low, delta[rows]), np.maximum(high, delta[rows])
    # A value that is imposed is known, whatever single precision made of it.
    return np.where(held, delta, lower), np.where(held, delta, upper)
