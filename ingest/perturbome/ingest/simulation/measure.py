"""What an instrument makes of molecules: unequal depth, dropout, counting, and places in a tissue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


def count_molecules(
    molecules: NDArray[np.float32],
    rng: np.random.Generator,
    *,
    depth: float = 0.5,
    depth_spread: float = 0.35,
    dropout: float = 0.15,
    steepness: float = 6.5,
    chunk: int = 4096,
) -> sparse.csr_matrix:
    """UMI counts [n, G], int32: `Poisson(s_i x_ig)` with `s_i` log-normal about `depth`, then dropout.

    Dropout is logistic in the expected count: `P(lost) = 1 / (1 + exp(steepness (log1p(l) - q)))`, with q
    the `dropout` quantile of `log1p(l)` over all entries (SERGIO, Dibaeinia and Sinha 2020), so that about
    that share of the entries is lost, the faint ones first. `dropout=0` loses none.
    """
    n = molecules.shape[0]
    size = depth * np.exp(depth_spread * rng.standard_normal(n) - depth_spread**2 / 2)
    midpoint = float(np.quantile(np.log1p(molecules * size[:, None].astype(np.float32)), dropout))
    blocks = []
    for start in range(0, n, chunk):
        expected = molecules[start : start + chunk] * size[start : start + chunk, None]
        counts = rng.poisson(expected).astype(np.int32)
        if dropout > 0:
            lost = 1 / (1 + np.exp(steepness * (np.log1p(expected) - midpoint)))
            counts[rng.random(counts.shape) < lost] = 0
        blocks.append(sparse.csr_matrix(counts))
    return sparse.csr_matrix(sparse.vstack(blocks, format="csr"))


def place_cells(
    fate: NDArray[np.integer], pseudotime: NDArray[np.float64], n_fates: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Coordinates [n, 2] in micrometres: each lineage fills a sector of a disc, the latest cells at its rim."""
    sector = 2 * np.pi / max(n_fates, 1)
    angle = np.maximum(fate, 0) * sector + sector * rng.beta(2, 2, fate.size)
    radius = 500 * np.sqrt(np.clip(pseudotime + 0.05 * rng.standard_normal(fate.size), 0.0, 1.0))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
