"""A random gene regulatory network: sparse, signed, scale-free out-degrees, with a lineage switch on top."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BASAL, RANGE = 0.05, 0.9  # share of full production without input, and the share all regulators command
SIGNAL, REPRESSION = 0.7, 0.2  # of a lineage driver's production: its lineage signal, its rivals' absence
MOST_POPULAR = 8.0  # times the popularity of the least popular regulator
HOUSEKEEPING = 0.1  # share of the other genes that no regulator touches


@dataclass(frozen=True)
class Network:
    """Regulators are genes 0..R-1; genes 0..F-1 are the lineage drivers, gene F maintains the progenitor.

    Production of gene g, as a share of `rate[g]`, is
    `basal[g] + sum_r weight[r, g] h_r + signal[g] * (its signal)`, with the Hill function
    `h_r = x_r^n / (half[r]^n + x_r^n)`; a repressor's weight is negative and basal holds its magnitude,
    so that production is `w (1 - h)` for repressors and never negative.
    """

    weight: Floats  # [R, G], signed
    basal: Floats  # [G]
    signal: Floats  # [G], only drivers and the maintenance gene
    rate: Floats  # [G], molecules per hour at full production
    decay: Floats  # [G], per hour
    half: Floats  # [R], molecules at half effect
    n_fates: int

    @property
    def n_regulators(self) -> int:
        """Number of genes that regulate."""
        return int(self.weight.shape[0])

    @property
    def n_genes(self) -> int:
        """Number of genes."""
        return int(self.weight.shape[1])

    def reached_from(self, gene: int) -> NDArray[np.bool_]:
        """Genes on a regulatory path from `gene`, the gene itself included: [G]."""
        reached = np.zeros(self.n_genes, bool)
        front = [gene]
        while front:
            current = front.pop()
            if reached[current]:
                continue
            reached[current] = True
            if current < self.n_regulators:
                front.extend(np.flatnonzero(self.weight[current]).tolist())
        return reached


def draw_network(
    n_genes: int,
    n_regulators: int,
    n_fates: int,
    rng: np.random.Generator,
    *,
    activation: float = 0.65,
    regulators_per_gene: tuple[int, ...] = (1, 2, 2, 3, 3, 4),
    n_loops: int | None = None,
) -> Network:
    """Draw a network: regulators act down an order (acyclic) but for the drivers' switch and a few loops.

    Each gene draws its number of regulators from `regulators_per_gene` and the regulators themselves in
    proportion to Pareto-distributed popularities, so that few regulators have many targets.
    `activation` is the share of activating edges; `n_loops` edges (one per 15 regulators) run back up.
    """
    weight = np.zeros((n_regulators, n_genes))
    n_roots = min(n_fates + 1, n_regulators)  # drivers and the maintenance gene listen to signals
    popularity = np.minimum(1 + rng.pareto(1.5, n_regulators), MOST_POPULAR)  # no single gene rules them all
    # The lineage programmes need many targets, or the fates would differ in the drivers alone.
    popularity[:n_roots] = MOST_POPULAR
    for gene in range(n_roots, n_genes):
        n_above = min(gene, n_regulators)
        regulated = gene < n_regulators or rng.random() >= HOUSEKEEPING
        n_inputs = min(int(rng.choice(regulators_per_gene)), n_above) if regulated else 0
        if n_inputs:
            chance = popularity[:n_above] / popularity[:n_above].sum()
            inputs = rng.choice(n_above, n_inputs, replace=False, p=chance)
            weight[inputs, gene] = _strengths(n_inputs, activation, rng)
    _close_loops(weight, n_roots, max(1, n_regulators // 15) if n_loops is None else n_loops, activation, rng)
    for driver in range(n_fates):
        rivals = [r for r in range(n_fates) if r != driver]
        weight[rivals, driver] = -REPRESSION / max(len(rivals), 1)
    signal = np.zeros(n_genes)
    signal[:n_roots] = SIGNAL
    unregulated = (np.abs(weight).sum(0) == 0) & (signal == 0)
    basal = BASAL + np.clip(-weight, 0, None).sum(0)
    basal[unregulated] = rng.uniform(0.4, 0.7, int(unregulated.sum()))
    decay = np.log(2) / np.exp(rng.normal(np.log(4.0), 0.3, n_genes))  # half-life of about four hours
    level = np.exp(rng.normal(np.log(80.0), 0.6, n_genes))  # molecules at full production
    half = level[:n_regulators] * rng.uniform(0.35, 0.6, n_regulators)
    return Network(weight, basal, signal, level * decay, decay, half, n_fates)


def _strengths(n: int, activation: float, rng: np.random.Generator) -> Floats:
    """`n` signed strengths whose magnitudes sum to RANGE."""
    size = rng.uniform(0.5, 1.5, n)
    strengths: Floats = RANGE * size / size.sum() * np.where(rng.random(n) < activation, 1.0, -1.0)
    return strengths


def _close_loops(weight: Floats, n_roots: int, n_loops: int, activation: float, rng: np.random.Generator) -> None:
    """Give `n_loops` regulators one more input from below them, keeping the sum of their strengths."""
    n_regulators = weight.shape[0]
    for _ in range(n_loops if n_regulators - n_roots >= 2 else 0):
        target = int(rng.integers(n_roots, n_regulators - 1))
        source = int(rng.integers(target + 1, n_regulators))
        weight[source, target] = _strengths(1, activation, rng)[0] / 2
        total = np.abs(weight[:, target]).sum()
        weight[:, target] *= min(1.0, RANGE / total)
