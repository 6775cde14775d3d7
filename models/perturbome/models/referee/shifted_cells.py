"""Cells for a prediction that has only means: control cells, resampled and shifted by the predicted change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PREDICTION

Array = NDArray[np.float64]


def shifted_cells(control: Array, delta: Array, n: int, rng: np.random.Generator) -> Array:
    """n cells [n, n_genes]: control cells [n_control, n_genes] drawn with replacement, plus delta [n_genes].

    Residuals of control cells around their mean are so carried to the predicted mean. Expression is not negative: a
    gene that goes down is shifted by more where it can go down, until the drawn cells' mean has changed by delta, and
    no further than 0 (see `lowered`). Means keep the noise of the draw, as those of real cells do.
    """
    cells = np.asarray(control, dtype=np.float64)[rng.integers(len(control), size=n)]
    down = delta < 0
    cells[:, ~down] += delta[~down]
    if n and down.any():
        cells[:, down] = lowered(cells[:, down], np.maximum(cells[:, down].mean(axis=0) + delta[down], 0.0))
    return cells


def lowered(cells: Array, mean: Array) -> Array:
    """max(0, cells - s) [n, n_genes] with the one s >= 0 for each gene that gives it this mean [n_genes].

    For cells not below 0 whose means are not below `mean`. The projection onto the simplex: with the values of a gene
    sorted downwards and c_k the sum of the first k, s = (c_k - n mean) / k for the largest k that leaves the k-th
    above 0. Duchi et al. 2008, figure 1.
    """
    n = len(cells)
    down = -np.sort(-cells, axis=0)
    above = (np.cumsum(down, axis=0) - n * mean) / np.arange(1, n + 1)[:, None]  # s, were the first k left above 0
    k = np.maximum((down - above > 0).sum(axis=0), 1)
    found: Array = np.maximum(cells - np.take_along_axis(above, k[None, :] - 1, axis=0), 0.0)
    return found


def cells_of(
    data: PerturbationData, context: int, names: Sequence[str], deltas: Mapping[str, Array], seed: int
) -> dict[str, Array]:
    """Predicted cells of conditions of one context: as many shifted control cells as each was measured in."""
    control = data.cells.expression[data.cells.control_rows(context, PREDICTION)].toarray()
    number, made = {name: i for i, name in enumerate(data.names)}, {}
    for name in names:
        rng = np.random.default_rng((seed, number[name]))
        made[name] = shifted_cells(control, deltas[name], int(data.treated.n[number[name]]), rng)
    return made
