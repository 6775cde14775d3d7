"""Expression of any size in memory: sparse, with genes that move together, so that there are edges to be found."""

from __future__ import annotations

import numpy as np
from scipy import sparse

PORTION = 5_000
DENSITY = 0.1
N_PROGRAMS = 50


def expression(start: int, stop: int, n_genes: int, seed: int = 0) -> sparse.csr_matrix:
    """Cells `start` to `stop` of an endless experiment, log-normalised, about 10 % not zero: CSR, float32.

    Each gene follows one of 50 programs of activity: the more active it is in a cell, the likelier the gene is seen.
    A portion of cells depends on its own number alone, so that parts of an experiment fit together.
    """
    gene = np.random.default_rng([seed, 1])
    program, pull = gene.integers(N_PROGRAMS, size=n_genes), gene.uniform(0.1, 0.6, n_genes).astype(np.float32)
    often = gene.gamma(2.0, DENSITY / 2, n_genes).astype(np.float32).clip(0.01, 0.6)
    parts = []
    for number in range(start // PORTION, -(-stop // PORTION)):
        rng = np.random.default_rng([seed, 2, number])
        active = rng.standard_normal((PORTION, N_PROGRAMS), np.float32)
        chance = np.exp(pull * active[:, program] - pull**2 / 2) * often
        part = sparse.csr_matrix(rng.random((PORTION, n_genes), np.float32) < chance, dtype=np.float32)
        part.data = np.log1p(rng.geometric(0.4, part.nnz)).astype(np.float32)
        first = number * PORTION
        parts.append(part[max(start - first, 0) : stop - first])
    return sparse.vstack(parts, format="csr", dtype=np.float32)
