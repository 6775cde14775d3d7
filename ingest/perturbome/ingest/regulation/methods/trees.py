"""Randomised trees as a method: how much each regulator helps to foretell a target, beside shuffled regulators."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.regulation.method import Cells, Evidence, Options
from perturbome.ingest.regulation.methods.forest import PER_BAG, Ground, Grown, draw_bags, grow
from perturbome.ingest.regulation.methods.shadows import Null
from perturbome.ingest.words import many
from perturbome.platform.errors import MissingExtra

MEMORY = 1 << 30  # bytes for the importances of single bags
FEWEST_SHADOWS = 2000  # of all targets together
MOST_LEAF = 5


def trees(cells: Cells, options: Options) -> Evidence:
    """Importance of every regulator in randomised trees that foretell a target (GENIE3, Huynh-Thu et al. 2010).

    For every target `n_trees` extremely randomised trees (Geurts et al. 2006) on all regulators but itself, sqrt(p) of
    them tried at a node, at least n / 200 cells (1 to 5) to a leaf. They are grown ten at a time on bootstraps of the
    cells ("bags"), so that a bag is a small forest of its own: the network comes from the mean of the bags, stability
    from each alone. Cells in which the target itself is perturbed take no part, its level there not being its
    regulators' doing. Importance is the share of the reduction of the target's variance that falls to a regulator's
    splits, averaged over trees; the sign is that of the correlation with the target.

    Beside the regulators stand shadows, regulators shuffled over the cells, half as many or more: p is the share of the
    shadows of all targets that are as important (see `Null`). It asks whether a regulator tells anything of a target,
    alone or with others; not whether it does so directly, as what goes along with a regulator shares its importance.
    m shadows give no p below 1 / (m + 1), so that in a network of few genes none may be significant. Strength is on the
    scale of |z| and in the same order. Weight is a pseudo-correlation, the square root of the importance beyond a
    shadow's, times the sign and the standard deviation of the target. Raises MissingExtra without scikit-learn.
    """
    if find_spec("sklearn") is None:
        raise MissingExtra("scikit-learn", "models", "Inference by trees")
    p, n_genes, n = cells.regulators.size, len(cells.genes), cells.key.size
    by_name = np.array(sorted(range(p), key=lambda i: cells.genes[cells.regulators[i]]), np.intp)
    by_key = np.argsort(cells.key)
    place = np.append(np.argsort(by_name), -1)[cells.own]  # of each gene among the regulators by name, -1 for none
    columns = cells.X if isinstance(cells.X, np.ndarray) else cells.X.tocsc()

    def levels(which: list[int]) -> NDArray[np.floating]:
        part = columns[:, which]
        dense: NDArray[np.floating] = part if isinstance(part, np.ndarray) else part.toarray()
        return dense[by_key]

    n_bags = max(1, options.n_trees // PER_BAG)
    ground = Ground(
        levels(cells.regulators[by_name].tolist()).astype(np.float32),
        draw_bags(cells.key[by_key], n_bags, options.seed),
        max(1, options.n_trees // n_bags),
        int(np.clip(n // 200, 1, MOST_LEAF)),
        int(np.clip(-(-FEWEST_SHADOWS // n_genes), -(-p // 2), 2 * p)),
        options.seed,
    )
    unlike = {int(j): cells.perturbed[by_key, m] for m, j in enumerate(cells.aimed)}
    n_kept = int(min(options.n_bootstraps, n_bags, MEMORY // (4 * p * n_genes)))
    share, sd = np.zeros((p, n_genes)), np.zeros(n_genes)
    bags = np.zeros((n_kept, p, n_genes), np.float32)
    shadow, null = np.zeros((ground.n_shadows, n_genes), np.intp), np.full((ground.n_shadows, n_genes), np.nan)

    def plant(j: int) -> Grown | None:
        y = levels([j])[:, 0].astype(np.float64)
        sd[j] = y.std()
        return grow(ground, cells.genes[j], y, np.flatnonzero(~unlike.get(j, np.zeros(n, bool))), int(place[j]))

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as workers:
        try:
            for j, grown in enumerate(workers.map(plant, range(n_genes))):
                if grown is not None:
                    rows = by_name[grown.allowed]
                    share[rows, j] = np.abs(grown.importance).mean(0, dtype=np.float64) * grown.sign
                    bags[:, rows, j] = grown.importance[:n_kept]
                    shadow[:, j], null[:, j] = by_name[grown.shadow], grown.null
                options.report("targets", j + 1, n_genes)
        finally:
            workers.shutdown(cancel_futures=True)  # an interruption does not wait for hours of trees

    against = Null.of(shadow, null, p)
    importance = np.abs(share)
    unknown = np.isnan(null).all(0) | (cells.own == np.arange(p)[:, None])
    return Evidence(
        np.sign(share) * np.sqrt(against.excess(importance)) * sd,
        np.where(unknown, np.nan, against.strength(importance)),
        np.where(unknown, np.nan, against.p(importance)),
        lambda b: np.sign(bags[b]) * against.strength(np.abs(bags[b])),
        n_kept,
        said=_said(options, n_bags, n_kept),
    )


def _said(options: Options, n_bags: int, n_kept: int) -> tuple[str, ...]:
    """What to tell where stability is counted over fewer bootstraps than were asked for."""
    if n_kept == options.n_bootstraps:
        return ()
    why = f"{options.n_trees} trees make no more" if n_kept == n_bags else "memory holds no more"
    return (f"Stability is counted over {many(n_kept, 'bootstrap')} of {PER_BAG} trees: {why}.",)
