"""How well a ranking of gene pairs finds the true edges of a gold standard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Truth = NDArray[np.integer]


def scores(strength: Floats, sign: Floats, truth: Truth, universe: NDArray[np.bool_], signed: bool) -> dict[str, float]:
    """All numbers of a ranking by `strength` [p, G] (NaN: last) over the pairs of `universe` [p, G].

    `truth` [p, G] is 1 for activation (or for an edge whose sign is not known), -1 for inhibition, 0 for no edge;
    `sign` [p, G] is that of the method. Where the truth is `signed`, early precision of activation and of inhibition
    as well, and the share of true edges found early whose sign is right.
    """
    score, true, sign = filled(strength[universe]), truth[universe], sign[universe]
    edge = true != 0
    density = float(edge.mean())
    found = {
        "auroc": auroc(score, edge),
        "aupr": aupr(score, edge),
        "aupr_ratio": aupr(score, edge) / density,
        "epr": early_precision(score, edge) / density,
    }
    if signed:
        for name, direction in (("epr_activation", 1), ("epr_inhibition", -1)):
            found[name] = signed_early_precision_ratio(score, true, direction)
        found["sign_right"] = early_sign(score, sign, true)
    return found


def filled(strength: Floats) -> Floats:
    """Strengths with NaN below all others, tied with one another."""
    finite = np.isfinite(strength)
    least = strength[finite].min() if finite.any() else 0.0
    return np.where(finite, strength, least - 1.0)


def auroc(score: Floats, edge: NDArray[np.bool_]) -> float:
    """Area under the receiver operating characteristic (scikit-learn): chance that an edge outranks another pair."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(edge, score))


def aupr(score: Floats, edge: NDArray[np.bool_]) -> float:
    """Area under precision and recall as average precision (scikit-learn); the density of edges if at random."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(edge, score))


def early_precision(score: Floats, edge: NDArray[np.bool_]) -> float:
    """Share of true edges among the k best pairs, k being the number of true edges (BEELINE, Pratapa et al. 2020).

    Pairs that tie for the last places share them: what a random order of the tied ones would give on average.
    """
    k = int(edge.sum())
    last = np.partition(score, score.size - k)[score.size - k]
    above, tied = score > last, score == last
    return float((edge[above].sum() + (k - above.sum()) * edge[tied].mean()) / k)


def signed_early_precision_ratio(score: Floats, true: Truth, direction: int) -> float:
    """Early precision of activation (1) or inhibition (-1) over its density, true edges of the other sign left out.

    NaN where the gold standard has no edge of that sign (BEELINE's rule: pairs are ranked by strength alone).
    """
    kept = true != -direction
    edge = true[kept] == direction
    if not edge.any():
        return float("nan")
    return early_precision(score[kept], edge) / float(edge.mean())


def early_sign(score: Floats, sign: Floats, true: Truth) -> float:
    """Share with the right sign of the true edges among the k best pairs, k the number of true edges; NaN if none."""
    k = int((true != 0).sum())
    early = (stats.rankdata(-score, method="min") <= k) & (true != 0)
    return float((np.sign(sign[early]) == np.sign(true[early])).mean()) if early.any() else float("nan")
