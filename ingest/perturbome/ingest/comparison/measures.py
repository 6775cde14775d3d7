"""How alike two networks are, as numbers: edges shared, ranks, signs, and what their degrees alone would share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.floating]


def jaccard(n_shared: float, n_before: int, n_after: int) -> float:
    """Edges in both over edges in either, `|A and B| / |A or B|`; NaN where neither network has an edge."""
    either = n_before + n_after - n_shared
    return n_shared / either if either else float("nan")


def rank_correlation(before: Floats, after: Floats) -> float:
    """Spearman's rho of two strengths [E], ties sharing their mean rank; NaN where fewer than two or all are equal."""
    if before.size < 2 or np.ptp(before) == 0 or np.ptp(after) == 0:
        return float("nan")
    return float(np.corrcoef(stats.rankdata(before), stats.rankdata(after))[0, 1])


def top_overlap(before: Floats, after: Floats, k: int) -> float:
    """Share of the `k` strongest edges of each network that are among the `k` strongest of the other.

    `|top(A) and top(B)| / min(k, |A|, |B|)` of strengths [E], 0 where a network lacks the edge; of equally strong
    edges the first ones count. NaN where a network is empty.
    """
    tops = [
        set(np.argsort(-each, kind="stable")[: min(k, np.count_nonzero(each))].tolist()) for each in (before, after)
    ]
    fewest = min(map(len, tops))
    return len(tops[0] & tops[1]) / fewest if fewest else float("nan")


def same_sign(before: NDArray[np.integer], after: NDArray[np.integer]) -> float:
    """Share of edges [S] in both networks whose known signs agree; NaN where no edge has two known signs."""
    product = before.astype(np.int64) * after
    known = product != 0
    return float((product[known] > 0).mean()) if known.any() else float("nan")


def shared_by_degree(
    source: NDArray[np.integer], target: NDArray[np.integer], before: NDArray[np.bool_], after: NDArray[np.bool_]
) -> float:
    """Shared edges to expect of two networks that have nothing in common but who has many edges.

    `sum_s a_s b_s * sum_t c_t d_t / (|A| |B|)`, with a, b the targets of each regulator and c, d the regulators of
    each target in the two networks: each edge (s, t) is there with probability a_s c_t / |A|, independently (Chung
    and Lu 2002). `source`, `target` [E] are codes from 0; `before`, `after` [E] say which network has the edge.
    """
    sizes = before.sum() * after.sum()
    if sizes == 0:
        return 0.0
    expected = 1.0 / float(sizes)
    for ends in (source, target):
        n = int(ends.max()) + 1
        expected *= float(np.bincount(ends[before], minlength=n) @ np.bincount(ends[after], minlength=n))
    return expected


def strength_rank(weight: Floats) -> NDArray[np.float64]:
    """Place of each edge in its network by |weight| [E], in 0..1: the share of edges no stronger; absent (NaN) is 0.

    Equally strong edges share their mean place. Networks of other methods or units can be set beside it.
    """
    rank = np.zeros(weight.size)
    there = ~np.isnan(weight)
    rank[there] = stats.rankdata(np.abs(weight[there])) / max(there.sum(), 1)
    return rank


def difference(
    rank_before: Floats, rank_after: Floats, sign_before: NDArray[np.integer], sign_after: NDArray[np.integer]
) -> NDArray[np.float64]:
    """How much an edge changed [E], 0..2: the distance of its two signed places in 0..1 (see `strength_rank`).

    Where a sign is unknown (0), the distance of the places without signs. A strongest edge gained or lost makes 1,
    one that turns from activating to repressing makes 2.
    """
    known = (sign_before != 0) & (sign_after != 0)
    turned = known & (sign_before.astype(np.int64) * sign_after < 0)
    return np.abs(rank_after - np.where(turned, -1.0, 1.0) * rank_before)
