"""Control cells divided by their names: two disjoint halves, each of two parts, the same in every run of a seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.fingerprint import Hashes, seeded

TRUTH, PREDICTION = 0, 1
"""The two disjoint halves of the control cells of a context: what the truth is measured against, and what a prediction
starts from. With a shared half, Pearson-delta is 0.5 on pure noise."""
PARTS = 4
"""Each half is itself halved, so that a model can be tuned as it is judged: parts 0, 1 are the truth's, parts 2, 3 the
prediction's."""


def control_parts(keys: Hashes, group: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """Part 0 to 3 of every cell inside its group; parts are equal to within one key.

    keys [n] are hashes of the cells' names; cells with one key, as a cell listed twice, share a part. Within a group
    the distinct keys are put in the order of their seeded hash and dealt out in turn to parts 0, 2, 1, 3, so that the
    halves (0 and 1, 2 and 3) are equal to within one key as well.
    """
    hashes = seeded(keys, seed)
    order = np.lexsort((hashes, group))
    new_group = np.r_[True, np.diff(group[order]) != 0][: len(order)]
    new_key = new_group | np.r_[True, np.diff(hashes[order]) != 0][: len(order)]
    count = np.cumsum(new_key) - 1  # distinct keys so far, over all groups
    first = np.maximum.accumulate(np.where(new_group, count, 0))
    part = np.empty(len(order), dtype=np.intp)
    part[order] = np.array([0, 2, 1, 3])[(count - first) % PARTS]
    return part
