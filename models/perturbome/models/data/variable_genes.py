"""The most variable genes, from sums over cells alone, so that they can be found while cells stream by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perturbome.models.moments import Moments
from perturbome.platform.errors import InputError

Array = NDArray[np.float64]

BINS = 20
SMALLEST_MEAN = 1e-12
DECIMALS = 9
ROUNDING = 1e-12
"""A variance below this share of the mean square is what rounding leaves of a gene that does not vary."""


def normalised_dispersion(linear: Moments) -> Array:
    """How much more a gene varies than others of its mean [n_genes]; the score of highly variable genes.

    linear: moments [n_contexts] of expression without its logarithm (expm1). Variance is within contexts:
        dispersion = log(variance / mean), in 20 equal bins of log1p(mean): (dispersion - mean of bin) / SD of bin
    A gene alone in its bin scores 1, a gene that is nowhere -inf. Raises InputError for negative means. Satija et
    al. 2015 (Seurat); for one context the `dispersions_norm` of scanpy's flavor "seurat".
    """
    n = linear.n.sum()
    if np.any(linear.total < 0):
        raise InputError(
            "Some genes have negative mean expression, so how variable they are for their mean is not defined. "
            f"Take all of them, --n-genes {linear.total.shape[1]} (n_genes=None), or in Python name those to take "
            "(genes=[...])."
        )
    filled = linear[np.flatnonzero(linear.n > 0)]
    mean = linear.total.sum(axis=0) / n
    within = (filled.squares - filled.total**2 / filled.n[:, None]).sum(axis=0)
    within[within < ROUNDING * filled.squares.sum(axis=0)] = 0.0
    variance = within / max(n - len(filled.n), 1)
    dispersion = variance / np.where(mean == 0, SMALLEST_MEAN, mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = np.log(np.where(dispersion == 0, np.nan, dispersion))
    level = np.log1p(mean)
    low, high = level.min(), level.max()
    width = (high - low) or 1.0
    # Bins are open below and closed above, as pandas.cut draws them.
    bin_ = np.clip(np.ceil((level - low) / width * BINS).astype(int) - 1, 0, BINS - 1)
    score = np.full(len(mean), -np.inf)
    for b in np.unique(bin_):
        inside = (bin_ == b) & ~np.isnan(dispersion)
        values = dispersion[inside]
        if len(values) == 1:
            score[inside] = 1.0
        elif len(values):
            spread = values.std(ddof=1)
            score[inside] = (values - values.mean()) / spread if spread > 0 else 0.0
    return score


def most_variable(score: Array, genes: tuple[str, ...], n: int) -> NDArray[np.intp]:
    """Columns of the n highest scores, sorted; ties go to the first id, so that the order of genes does not matter.

    Scores that differ by less than the order of a sum can make them differ are tied: two genes alone in their bin
    both score 1/sqrt(2).
    """
    order = np.lexsort((np.asarray(genes), -np.round(score, DECIMALS)))
    return np.sort(order[:n])
