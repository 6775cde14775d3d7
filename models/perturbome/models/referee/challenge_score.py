"""The score of the Virtual Cell Challenge 2025: how far three metrics are from a baseline's, on the way to perfect."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

BASELINE = "perturbed mean over cells"
"""The predictor that the challenge called its baseline: what the average perturbed cell does."""


class Members(NamedTuple):
    """The three metrics that the score is made of, each a mean over conditions."""

    des: float  # overlap of differentially expressed genes, 1 is perfect
    pds: float  # perturbation discrimination by absolute differences, 1 is perfect
    mae: float  # mean absolute error of the mean profile, 0 is perfect


METRIC = {"des": "cell-eval2 de_wilcoxon_overlap", "pds": "cell-eval2 pds_l1", "mae": "cell-eval2 expr_mae"}
"""The names under which a benchmark holds them.

The challenge scored submitted cells, so all three are cell-eval2's, of the same predicted cells: its `vcc` profile,
`overlap_at_N`, `discrimination_score_l1` and `mae` of cell-eval. Ours would differ: MAE leaves out own targets, and
PDS knows no sampled cells. cell-eval2 counts ranks of N conditions over N - 1 where the challenge had N, which cancels
out of (PDS - b) / (1 - b); and it leaves the targets of all conditions out, where the challenge left out each one's
own, a rule that could be gamed.
"""


def challenge_score(model: Members, baseline: Members) -> float:
    """100 × mean of max(0, (DES-b)/(1-b)), max(0, (PDS-b)/(1-b)), max(0, 1-MAE/b), with b the baseline's: 0..100.

    0: no better than the baseline in anything; 100: perfect. A member that is worse than the baseline's counts as
    much as one that is even. NaN where a member is missing (NaN) or the baseline is perfect in one of them.
    Arc Institute 2025, Virtual Cell Challenge.
    """
    if not np.isfinite([*model, *baseline]).all() or baseline.des >= 1 or baseline.pds >= 1 or baseline.mae <= 0:
        return float("nan")
    scaled = (
        (model.des - baseline.des) / (1 - baseline.des),
        (model.pds - baseline.pds) / (1 - baseline.pds),
        1 - model.mae / baseline.mae,
    )
    return 100 * float(np.mean(np.maximum(scaled, 0.0)))
