"""Correlation as a method: each regulator with each target, one pair at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from perturbome.ingest.regulation.method import Cells, Evidence, Floats, Options
from perturbome.ingest.regulation.methods.ridge import blocks_of, bootstrap_weights


def correlation(cells: Cells, options: Options) -> Evidence:
    """Pearson's r of every regulator with every target; weight is r times the target's standard deviation.

    Two-sided p by Student's t, `t = r sqrt((n - 2) / (1 - r^2))`; strength is `|atanh r| sqrt(n - 3)` (Fisher's z).
    A measured perturbation is no association between genes, so a perturbed gene as a target is correlated with what
    is left of it once "it is perturbed in this cell" is partialled out,
    `(r_xy - r_xd r_yd) / sqrt((1 - r_xd^2) (1 - r_yd^2))`.
    """
    blocks = blocks_of(cells, options)
    cor = blocks.correlations()
    r = partial(cor.targets, cor.aimed, cor.aim_regulators, cor.aim_own)
    freedom = np.full(r.shape[1], cor.n - 2)
    freedom[cor.aimed] -= cells.perturbed.any(0)  # an indicator of no cell takes nothing
    freedom = np.maximum(freedom, 1.0)
    t = r * np.sqrt(freedom / np.maximum(1 - r**2, 1e-12))
    p = 2 * special.stdtr(freedom, -np.abs(t))
    scale = np.sqrt(np.maximum(freedom - 1, 0.0))
    weights = bootstrap_weights(blocks, options)

    def refit(b: int) -> Floats:
        again = blocks.correlations(weights[b])
        signed: Floats = fisher(partial(again.targets, again.aimed, again.aim_regulators, again.aim_own)) * scale
        return signed

    return Evidence(r * cor.sd, np.abs(fisher(r)) * scale, p, refit, options.n_bootstraps)


def partial(r: Floats, aimed: NDArray[np.intp], with_regulators: Floats, with_own: Floats) -> Floats:
    """Correlations [p, G] with those of the columns `aimed` [m] freed of an indicator, given both's own with it."""
    freed = r.copy()
    rest = (1 - with_regulators**2) * (1 - with_own**2)
    freed[:, aimed] = (r[:, aimed] - with_regulators * with_own) / np.sqrt(np.maximum(rest, 1e-12))
    return freed


def fisher(r: Floats) -> Floats:
    """Fisher's z of correlations, finite at 1."""
    z: Floats = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    return z
