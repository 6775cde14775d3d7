"""From scores to ranks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def ranks(score: NDArray[np.float64]) -> NDArray[np.intp]:
    """Rank of each score, 1 the highest; equal scores keep their order, so that a ranking is always complete."""
    order = np.argsort(-score, kind="stable")
    rank = np.empty(len(score), dtype=np.intp)
    rank[order] = np.arange(1, len(score) + 1)
    return rank
