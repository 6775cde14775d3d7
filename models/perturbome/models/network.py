"""A signed regulatory network as arrays, with how sure each edge is, and random draws of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

Array = NDArray[np.float64]

LEAST_Z = 0.05
"""Below this z an edge says nothing of its own error: the error is then capped at 20 times the weight."""


@dataclass(frozen=True)
class Network:
    """Edges source -> target over `genes`; `weight` is the target's change per SD of the source, in log1p units."""

    genes: tuple[str, ...]
    source: NDArray[np.intp]  # [n_edges], index into genes
    target: NDArray[np.intp]  # [n_edges]
    weight: Array  # [n_edges]
    error: Array  # [n_edges], standard error of the weight
    stability: Array  # [n_edges], chance that the edge is there, 0..1

    @property
    def regulators(self) -> NDArray[np.intp]:
        """Genes with at least one outgoing edge, ascending."""
        return np.unique(self.source)

    def matrix(self, sd: Array, weight: Array | None = None) -> sparse.csr_matrix:
        """Edges as a matrix [source, target] of the target's change per log1p unit of the source: weight / sd.

        A regulator that never varies (sd = 0) has no slope in these units; its edges are left out.
        """
        weight = self.weight if weight is None else weight
        spread = sd[self.source]
        slope = np.divide(weight, spread, out=np.zeros_like(weight), where=spread > 0)
        n = len(self.genes)
        return sparse.csr_matrix((slope, (self.source, self.target)), shape=(n, n))

    def draw(self, rng: np.random.Generator) -> Array:
        """One network that the data would also allow, as weights [n_edges].

        An edge is there with probability `stability`; its weight is normal around the estimate with its error.
        """
        noisy = self.weight + self.error * rng.standard_normal(len(self.weight))
        return np.where(rng.random(len(self.weight)) < self.stability, noisy, 0.0)


def standard_error(weight: Array, p: Array) -> Array:
    """Standard error that gives `weight` its two-sided p: |w| / z with z = -normal quantile of p/2 (1 for no p)."""
    z = -special.ndtri(np.clip(np.nan_to_num(p, nan=0.3173), 1e-300, 1.0) / 2)  # 0.3173 is p at z = 1
    error: Array = np.abs(weight) / np.maximum(z, LEAST_Z)
    return error


def from_edges(
    genes: Sequence[str], source: Sequence[str], target: Sequence[str], weight: Array, error: Array, stability: Array
) -> Network:
    """Build a network over `genes`; edges with an end outside of `genes`, and loops, are left out."""
    index = {gene: i for i, gene in enumerate(genes)}
    tail = np.array([index.get(gene, -1) for gene in source], dtype=np.intp)
    head = np.array([index.get(gene, -1) for gene in target], dtype=np.intp)
    keep = (tail >= 0) & (head >= 0) & (tail != head)
    return Network(
        tuple(genes),
        tail[keep],
        head[keep],
        *(np.asarray(values, dtype=np.float64)[keep] for values in (weight, error, stability)),
    )
