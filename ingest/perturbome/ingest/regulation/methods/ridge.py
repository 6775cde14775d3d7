"""Ridge regression as a method: evidence of every pair, and bootstraps from the same sufficient statistics."""

from __future__ import annotations

import numpy as np

from perturbome.ingest.regulation.method import Cells, Evidence, Floats, Options
from perturbome.ingest.regulation.moments import (
    Blocks,
    Correlations,
    assign_blocks,
    block_moments,
    standardised,
    take_rows,
)
from perturbome.ingest.regulation.penalty import leave_one_out_penalty
from perturbome.ingest.regulation.ridge import choose_penalty, fit_ridge, two_sided_p
from perturbome.ingest.regulation.threads import small_products
from perturbome.platform.hashing import uniforms

MEMORY = 1 << 30  # bytes for the Gram matrices of all blocks
MOST_BLOCKS, FEWEST_BLOCKS = 100, 16
MOST_LEFT_OUT = 4096  # cells


def ridge(cells: Cells, options: Options) -> Evidence:
    """Every target on all regulators but itself, in closed form (see `fit_ridge`); strength is |z|.

    The penalty, unless it is told, is that of the least leave-one-out error (see `leave_one_out_penalty`).
    Bootstraps are Bayesian (Rubin 1981): blocks of cells, weighed by standard exponentials. A block's Gram matrix is
    made once, so that a bootstrap never touches a cell again.
    """
    with small_products():
        blocks = blocks_of(cells, options)
        own = cells.own
        cor = blocks.correlations()
        penalty = penalty_of(cells, options, blocks, cor) if options.penalty is None else options.penalty
        fit = fit_ridge(cor, own, penalty)
    z = fit.z
    weights = bootstrap_weights(blocks, options)

    def refit(b: int) -> Floats:
        return fit_ridge(blocks.correlations(weights[b], single=True), own, penalty).z

    return Evidence(fit.beta * cor.sd, np.abs(z), two_sided_p(z, fit.freedom), refit, options.n_bootstraps, penalty)


def blocks_of(cells: Cells, options: Options) -> Blocks:
    """Moments of the cells in as many random blocks as memory allows; each cell's is its own."""
    one = 4 * cells.regulators.size * (len(cells.genes) + cells.aimed.size)  # bytes
    n_blocks = int(np.clip(MEMORY // max(one, 1), FEWEST_BLOCKS, MOST_BLOCKS))
    block = assign_blocks(cells.key, n_blocks, options.seed)
    return block_moments(cells.X, cells.regulators, block, cells.perturbed, cells.aimed)


def penalty_of(cells: Cells, options: Options, blocks: Blocks, cor: Correlations) -> float:
    """The penalty by leave-one-out, over all cells or, where they are many, over `MOST_LEFT_OUT` of them at random."""
    start = choose_penalty(cor, cells.own, np.ones(len(cells.genes), bool))
    drawn = np.sort(np.argsort(uniforms(cells.key, options.seed, 2), kind="stable")[:MOST_LEFT_OUT])
    z = standardised(take_rows(cells.X, drawn), blocks.mean, blocks.sd)
    return leave_one_out_penalty(z, cor, cells.regulators, start)


def bootstrap_weights(blocks: Blocks, options: Options) -> Floats:
    """Weights of the blocks in each bootstrap [n_bootstraps, B]; they keep the number of cells."""
    return exponential_weights(blocks.count, options)


def exponential_weights(count: Floats, options: Options) -> Floats:
    """Standard exponentials of blocks of `count` [B] cells, scaled to keep their number [n_bootstraps, B].

    Each is of its block and bootstrap alone: one block or bootstrap more or less leaves the others as they are.
    """
    blocks = np.arange(count.size, dtype=np.uint64)
    drawn = -np.log([uniforms(blocks, options.seed, 1, b) for b in range(options.n_bootstraps)])
    drawn = drawn.reshape(options.n_bootstraps, count.size)
    weights: Floats = drawn * (count.sum() / (drawn @ count))[:, None]
    return weights
