"""How STRING combines the direct and the transferred half of a channel, as its combine_subscores.py does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PRIOR = 0.041
"""Chance that two random proteins are associated, contained once in every STRING score."""

Scores = NDArray[np.floating]


def without_prior(score: Scores) -> Scores:
    """(s - p) / (1 - p) with s at least p: the score with the chance of a random association taken out."""
    return np.asarray((np.maximum(score, PRIOR) - PRIOR) / (1.0 - PRIOR), np.float32)


def combine(direct: Scores, transferred: Scores) -> Scores:
    """1 - (1 - a)(1 - b) of both halves with the prior taken out, then the prior put back once.

    Scores in 0..1, any shape; 0 where both halves are 0, as STRING's `detailed` files have it.
    Source: Szklarczyk et al., Nucleic Acids Res. 2021, and string-db.org/download/combine_subscores.py.
    """
    both = 1.0 - (1.0 - without_prior(direct)) * (1.0 - without_prior(transferred))
    combined = both * (1.0 - PRIOR) + PRIOR
    return np.where((direct > 0) | (transferred > 0), combined, 0.0).astype(np.float32)
