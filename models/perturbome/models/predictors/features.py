"""What is known of genes before any perturbation, as arrays: models never open a database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.models.data.condition import Condition
from perturbome.platform.errors import BadValues, InputError

Array = NDArray[np.float64]


def _checked(genes: tuple[str, ...], values: sparse.csr_matrix, what: str) -> None:
    if values.shape[0] != len(genes) or len(set(genes)) != len(genes):
        raise InputError(
            f"{what} has {values.shape[0]} rows for {len(genes)} genes ({len(set(genes))} different). Give one row for "
            "each gene, each gene once."
        )
    if not np.isfinite(values.data).all():
        raise BadValues(f"{what} holds {(~np.isfinite(values.data)).sum()} values that are not finite numbers.")


class _ByGene:
    genes: tuple[str, ...]

    @cached_property
    def place(self) -> dict[str, int]:
        """Row of each gene."""
        return {gene: i for i, gene in enumerate(self.genes)}

    def rows(self, genes: Sequence[str]) -> NDArray[np.intp]:
        """Row of each of these genes [len(genes)], -1 for one that is not there."""
        return np.array([self.place.get(g, -1) for g in genes], dtype=np.intp)


@dataclass(frozen=True, eq=False)
class GeneMatrix(_ByGene):
    """A vector for each gene: an embedding, loadings, or membership of gene sets (0 and 1). A row of zeros: unknown."""

    genes: tuple[str, ...]  # symbols
    values: sparse.csr_matrix  # [n, n_dimensions]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", sparse.csr_matrix(self.values, dtype=np.float64))
        _checked(self.genes, self.values, "A matrix of gene features")

    def of(self, genes: Sequence[str]) -> sparse.csr_matrix:
        """Vectors of these genes [len(genes), n_dimensions]; zeros for a gene that is not there."""
        at = self.rows(genes)
        known = np.flatnonzero(at >= 0)
        pick = sparse.csr_matrix((np.ones(len(known)), (known, at[known])), shape=(len(at), len(self.genes)))
        return sparse.csr_matrix(pick @ self.values)


@dataclass(frozen=True, eq=False)
class GeneGraph(_ByGene):
    """Weighted edges between genes; row = source, column = target where they are directed."""

    genes: tuple[str, ...]  # symbols
    weights: sparse.csr_matrix  # [n, n]

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", sparse.csr_matrix(self.weights, dtype=np.float64))
        _checked(self.genes, self.weights, "A graph of genes")
        if self.weights.shape[1] != len(self.genes):
            raise InputError(f"A graph of {len(self.genes)} genes has {self.weights.shape[1]} columns, not as many.")


@dataclass(frozen=True, eq=False)
class Features:
    """Prior knowledge by name; every part may be empty. Genes go by symbol, as the targets of perturbations do."""

    embeddings: Mapping[str, GeneMatrix] = field(default_factory=dict)  # text, protein or expression vectors
    gene_sets: Mapping[str, GeneMatrix] = field(default_factory=dict)  # membership, 0 or more
    networks: Mapping[str, GeneGraph] = field(default_factory=dict)  # undirected, weights 0 or more
    regulation: Mapping[str, GeneGraph] = field(default_factory=dict)  # regulator -> target, signed
    said: tuple[str, ...] = ()  # what a person should know of where they come from

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the names, genes and values of every part."""
        digest = hashlib.sha256()
        for kind in ("embeddings", "gene_sets", "networks", "regulation"):
            for name, part in sorted(getattr(self, kind).items()):
                values = (part.values if isinstance(part, GeneMatrix) else part.weights).tocsr()
                digest.update(f"{kind}|{name}|{values.shape}|{'|'.join(part.genes)}".encode())
                for array in (values.indptr, values.indices, values.data):
                    digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def genes_of(condition: Condition) -> tuple[str, ...]:
    """Symbols of the perturbed genes; none for a compound, whose name is no gene's."""
    return condition.targets if condition.perturbation.mode != "compound" else ()


def of_conditions(matrix: GeneMatrix, conditions: Sequence[Condition]) -> sparse.csr_matrix:
    """The vectors of each condition's targets, summed [n_conditions, n_dimensions]."""
    targets = [genes_of(c) for c in conditions]
    row = np.repeat(np.arange(len(targets)), [len(t) for t in targets])
    add = sparse.csr_matrix((np.ones(len(row)), (row, np.arange(len(row)))), shape=(len(targets), len(row)))
    return sparse.csr_matrix(add @ matrix.of([t for ts in targets for t in ts]))
