"""The genes that vary more than others of their mean: candidates where nobody says who regulates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.regulation.moments import Matrix
from perturbome.ingest.regulation.summary import Summary, summarise

N_BINS = 20
MIN_BIN = 20  # genes: of fewer, too many would be their own median
MIN_DETECTED = 10  # cells in which a gene must be seen: below, one cell decides a correlation
_SCALED_MAD = 1.4826  # makes the median absolute deviation a standard deviation for normal values


def most_variable(X: Matrix, names: Sequence[str], n: int) -> NDArray[np.intp]:
    """Columns, ascending, of the `n` most variable genes of X [n_cells, G] (log-normalised); fewer if fewer vary.

    Log of the dispersion (variance / mean; the variance alone where X has negative means), standardised by median
    and median absolute deviation within 20 bins of like mean, fewer where they would hold fewer than 20 genes
    (Zheng et al. 2017, "cell ranger"). Genes seen in fewer than 10 cells are left out. Equals are taken by `names`,
    so that the order of genes changes nothing.
    """
    known = summarise(X)
    mean, sd = known.mean, known.sd
    usable = np.flatnonzero(usable_genes(known))
    if usable.size <= n:
        return usable
    mean, variance = mean[usable], sd[usable] ** 2
    dispersion = np.log(variance if (mean <= 0).any() else variance / mean)
    n_bins = int(np.clip(usable.size // MIN_BIN, 1, N_BINS))
    edges = np.quantile(mean, np.linspace(0, 1, n_bins + 1)[1:-1])
    which = np.searchsorted(edges, mean, side="right")
    score = np.empty(usable.size)
    for b in np.unique(which):
        mine = which == b
        deviation = dispersion[mine] - np.median(dispersion[mine])
        # A bin in which most genes are alike has no scale of its own: its deviations stand as they are.
        score[mine] = deviation / (_SCALED_MAD * float(np.median(np.abs(deviation))) or 1.0)
    # Rounded: sums in another order differ in the last bits, and must not decide between equals.
    order = np.lexsort((np.asarray(names, dtype=str)[usable], -np.round(score, 9)))
    return np.sort(usable[order[:n]])


def usable_genes(known: Summary) -> NDArray[np.bool_]:
    """Genes that vary and are seen in enough cells (in all of them, where there are fewer than 10): [G]."""
    usable: NDArray[np.bool_] = (known.sd > 1e-6) & (known.seen >= min(MIN_DETECTED, known.n))
    return usable
