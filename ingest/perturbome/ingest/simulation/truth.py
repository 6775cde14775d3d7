"""What is true of a simulated experiment: its network, and the noise-free effect of every knock-out."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.simulation.dynamics import Schedule, trajectories
from perturbome.ingest.simulation.network import Network

SCALE = 1e4


def network_table(network: Network, genes: list[str]) -> pl.DataFrame:
    """One row per true edge: source, target, sign (+1 or -1), strength (share of the target's production)."""
    source, target = np.nonzero(network.weight)
    weight = network.weight[source, target]
    return pl.DataFrame(
        {
            "source": [genes[i] for i in source],
            "target": [genes[i] for i in target],
            "sign": np.sign(weight).astype(np.int8),
            "strength": np.abs(weight),
        }
    )


def true_effects(
    network: Network,
    schedule: Schedule,
    knockouts: list[int],
    types: list[str],
    type_of_cell: NDArray[np.integer],
    fate: NDArray[np.integer],
    stop: NDArray[np.integer],
    genes: list[str],
    *,
    hill: float,
) -> pl.DataFrame:
    """Change of mean log1p expression per knock-out, cell type and gene, from the noise-free system.

    Columns: perturbation, cell_type, gene, delta, regulatory. `delta` compares `log1p(1e4 x / sum(x))`, as an
    experiment without technical noise would; `regulatory` scales both by the control's sum, so that a gene
    no path leads to has exactly 0 (in `delta` it rises a little when another gene's share is freed).
    Each is averaged over the (fate, step) of the sampled cells of the type, the same for every knock-out;
    'all' averages over all cells. Rows: [n_knockouts x (n_types + 1) x n_genes].
    """
    fates = np.unique(fate)
    systems_fate = np.tile(fates, len(knockouts) + 1)
    systems_gene = np.repeat(np.array([-1, *knockouts]), fates.size)
    states = trajectories(network, schedule, systems_fate, systems_gene, hill=hill)
    n_conditions, n_genes = len(knockouts) + 1, network.n_genes
    states = states.reshape(schedule.steps + 1, n_conditions, fates.size, n_genes)
    totals = states.sum(-1, keepdims=True)
    measured = np.log1p(SCALE * states / totals)
    regulated = np.log1p(SCALE * states / totals[:, :1])
    fate_index = np.searchsorted(fates, fate)
    frames = []
    for index, name in [*enumerate(types), (-1, "all")]:
        member = (type_of_cell == index) if index >= 0 else np.ones(fate.size, bool)
        if not member.any():
            continue
        weight = np.zeros((schedule.steps + 1, fates.size))
        np.add.at(weight, (stop[member], fate_index[member]), 1.0 / member.sum())
        delta, regulatory = (_mean_change(values, weight) for values in (measured, regulated))
        frames.append(
            pl.DataFrame(
                {
                    "perturbation": np.repeat([genes[k] for k in knockouts], n_genes),
                    "cell_type": [name] * (len(knockouts) * n_genes),
                    "gene": genes * len(knockouts),
                    "delta": delta.ravel(),
                    "regulatory": regulatory.ravel(),
                }
            )
        )
    return pl.concat(frames)


def _mean_change(values: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted mean over (step, fate) of the change against condition 0: [n_conditions - 1, G]."""
    change: NDArray[np.float64] = np.einsum("scfg,sf->cg", values[:, 1:] - values[:, :1], weight)
    return change
