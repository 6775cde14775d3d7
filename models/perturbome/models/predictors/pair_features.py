"""What is known of a pair of genes, the one that is perturbed and the one that is measured: [n_conditions, n_genes]."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.models.data.condition import Condition
from perturbome.models.predictors.features import Features, GeneGraph, GeneMatrix
from perturbome.models.predictors.training_rows import kinds

Array = NDArray[np.float64]
Pairs = Callable[[Sequence[str], Sequence[str]], Array]
"""From symbols of perturbed genes and of measured genes to what ties them [n_perturbed, n_measured]."""

DIRECTION = {"loss": -1.0, "gain": 1.0}  # of the perturbed gene; a compound's name is no gene's


def gene_pairs(features: Features) -> dict[str, Pairs]:
    """A function of pairs for every part of the features, all 0 where nothing is known.

    Regulation: the signed weight of the edge from the perturbed to the measured gene. Networks: the weight of the edge
    over the root of both degrees. Gene sets: sets of both over sets of either. Embeddings: the cosine.
    """
    found: dict[str, Pairs] = {}
    for name, graph in features.regulation.items():
        found[f"regulation {name}"] = lambda a, b, g=graph: _edges(g, g.weights, a, b)  # type: ignore[misc]
    for name, graph in features.networks.items():
        found[f"network {name}"] = lambda a, b, g=graph: _edges(g, _normalised(g), a, b)  # type: ignore[misc]
    for name, matrix in features.gene_sets.items():
        found[f"gene sets {name}"] = lambda a, b, m=matrix: _shared_sets(m, a, b)  # type: ignore[misc]
    for name, matrix in features.embeddings.items():
        found[f"embedding {name}"] = lambda a, b, m=matrix: _cosines(m, a, b)  # type: ignore[misc]
    return found


def of_pairs(pairs: Pairs, conditions: Sequence[Condition], symbols: Sequence[str]) -> Array:
    """phi [n_conditions, n_genes] = direction x sum over a condition's targets; 0 for the targets themselves.

    Direction: -1 for a loss, 1 for a gain, 0 for a compound.
    """
    direction = np.array([DIRECTION.get(kind, 0.0) for kind in kinds(conditions)])
    targets = sorted({t for c, d in zip(conditions, direction, strict=True) if d for t in c.targets})
    phi: Array = np.zeros((len(conditions), len(symbols)))
    if not targets:
        return phi
    each = pairs(targets, symbols)
    place = {t: i for i, t in enumerate(targets)}
    columns: dict[str, list[int]] = {}
    for j, symbol in enumerate(symbols):
        columns.setdefault(symbol, []).append(j)
    for i in np.flatnonzero(direction).tolist():
        own = conditions[i].targets
        phi[i] = direction[i] * each[[place[t] for t in own]].sum(axis=0)
        phi[i, [j for t in own for j in columns.get(t, ())]] = 0.0
    return phi


def _edges(graph: GeneGraph, weights: sparse.csr_matrix, perturbed: Sequence[str], measured: Sequence[str]) -> Array:
    rows, columns = graph.rows(perturbed), graph.rows(measured)
    found = np.zeros((len(rows), len(columns)))
    here, there = np.flatnonzero(rows >= 0), np.flatnonzero(columns >= 0)
    found[np.ix_(here, there)] = weights[rows[here]][:, columns[there]].toarray()
    return found


def _normalised(graph: GeneGraph) -> sparse.csr_matrix:
    """D^-1/2 W D^-1/2 of the undirected graph, W = (weights + weights') / 2."""
    w = sparse.csr_matrix((graph.weights + graph.weights.T) / 2)
    degree = np.asarray(abs(w).sum(axis=1)).ravel()
    root = sparse.diags(np.divide(1, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0))
    return sparse.csr_matrix(root @ w @ root)


def _shared_sets(members: GeneMatrix, perturbed: Sequence[str], measured: Sequence[str]) -> Array:
    a, b = (sparse.csr_matrix(members.of(genes) != 0, dtype=np.float64) for genes in (perturbed, measured))
    both = (a @ b.T).toarray()
    either = np.asarray(a.sum(axis=1)) + np.asarray(b.sum(axis=1)).T - both
    share: Array = np.divide(both, either, out=np.zeros_like(both), where=either > 0)
    return share


def _cosines(vectors: GeneMatrix, perturbed: Sequence[str], measured: Sequence[str]) -> Array:
    a, b = (_unit_rows(vectors.of(genes)) for genes in (perturbed, measured))
    cosines: Array = (a @ b.T).toarray()
    return cosines


def _unit_rows(x: sparse.csr_matrix) -> sparse.csr_matrix:
    length = np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel())
    scale = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
    return sparse.csr_matrix(sparse.diags(scale) @ x)
