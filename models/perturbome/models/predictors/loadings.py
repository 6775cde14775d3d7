"""Genes as vectors of how they vary with others among control cells."""

from __future__ import annotations

import numpy as np
from scipy import linalg, sparse

from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PREDICTION
from perturbome.models.predictors.features import GeneMatrix


def control_loadings(data: PerturbationData, n_components: int = 50) -> GeneMatrix:
    """Loadings of genes on the first components of their correlation over control cells [n_genes, n_components].

    Cells of the prediction's half, centred inside each context. A gene that does not vary has zeros; of genes that
    share a symbol the first counts. Raises ModelError where the data hold no single cells.
    """
    n_genes = len(data.genes)
    square, n = np.zeros((n_genes, n_genes)), 0
    for c in range(len(data.contexts)):
        x = sparse.csr_matrix(data.cells.expression[data.cells.control_rows(c, PREDICTION)], dtype=np.float64)
        mean = np.asarray(x.mean(axis=0)).ravel()
        square += (x.T @ x).toarray() - x.shape[0] * np.outer(mean, mean)
        n += x.shape[0]
    sd = np.sqrt(np.maximum(np.diag(square), 0) / n)
    scale = np.divide(1, sd, out=np.zeros_like(sd), where=sd > 1e-9)
    k = min(n_components, n_genes)
    values, vectors = linalg.eigh(square / n * np.outer(scale, scale), subset_by_index=[n_genes - k, n_genes - 1])
    first = {symbol: j for j, symbol in reversed(list(enumerate(data.symbols)))}
    loadings = vectors[:, ::-1] * np.sqrt(np.maximum(values[::-1], 0))
    rows = sorted(first.values())
    return GeneMatrix(tuple(data.symbols[j] for j in rows), sparse.csr_matrix(loadings[rows]))
