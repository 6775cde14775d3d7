"""Principal components of cells, exact and with a fixed sign."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

MOST_GENES = 2000
CHUNK = 4096


def principal_components(
    X: NDArray[np.floating] | sparse.csr_matrix, n_components: int = 30, most_genes: int = MOST_GENES
) -> NDArray[np.float32]:
    """Scores of cells X [n, G] on the first components of the covariance of genes: [n, <= n_components].

    Exact eigenvectors of the covariance of the `most_genes` most variable genes, built chunk by chunk so that
    no dense copy of X is made. The entry of largest magnitude of each component is positive, so the same cells
    give the same scores on any machine. Components without variance are left out.
    """
    n = X.shape[0]
    mean, variance = _mean_and_variance(X)
    genes = np.sort(np.argsort(-variance, kind="stable")[:most_genes])
    genes = genes[variance[genes] > 1e-12]
    n_components = min(n_components, genes.size, n - 1)
    if n_components < 1:
        return np.zeros((n, 1), np.float32)
    part, centre = X[:, genes], mean[genes]
    covariance = np.zeros((genes.size, genes.size))
    for start in range(0, n, CHUNK):
        centred = _dense(part[start : start + CHUNK]) - centre
        covariance += centred.T @ centred
    first = genes.size - n_components
    _, vectors = linalg.eigh(covariance / n, subset_by_index=(first, genes.size - 1))
    vectors = vectors[:, ::-1]
    largest = vectors[np.abs(vectors).argmax(0), np.arange(n_components)]
    vectors = vectors * np.sign(largest)
    scores = np.empty((n, n_components), np.float32)
    for start in range(0, n, CHUNK):
        scores[start : start + CHUNK] = (_dense(part[start : start + CHUNK]) - centre) @ vectors
    return scores


def _dense(part: NDArray[np.floating] | sparse.csr_matrix) -> NDArray[np.float64]:
    return np.asarray(part if isinstance(part, np.ndarray) else part.toarray(), np.float64)


def _mean_and_variance(
    X: NDArray[np.floating] | sparse.csr_matrix,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if isinstance(X, np.ndarray):
        return X.mean(0, dtype=np.float64), X.var(0, dtype=np.float64)
    wide = X.astype(np.float64)
    mean = np.asarray(wide.mean(0)).ravel()
    return mean, np.maximum(np.asarray(wide.multiply(wide).mean(0)).ravel() - mean**2, 0.0)
