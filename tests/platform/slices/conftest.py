"""A small slice every test of slices can draw by hand.

time 0:  A -T-> B (0.5)   A -B-> C (-1.0)
time 1:  B -T-> C (2.0)   C -T-> A (0.25)
"""

from __future__ import annotations

import numpy as np
import pytest

from perturbome.platform.slices.assemble import assemble
from perturbome.platform.slices.slice import GraphSlice


@pytest.fixture
def small() -> GraphSlice:
    """Four edges between genes A, B and C (keys 2, 5, 9), two relations, two times."""
    names = np.full(10, None, object)
    names[[2, 5, 9]] = ["A", "B", "C"]
    return assemble(
        np.array([[2, 2, 5, 9], [5, 9, 9, 2]]),
        np.array([0.5, -1.0, 2.0, 0.25], np.float32),
        names.take,
        time=np.array([0, 0, 1, 1], np.float32),
        relation=np.array([0, 1, 0, 0]),
        relation_names=("T cell", "B cell"),
        edge_features={"sign": np.array([1, -1, 1, 1], np.float32)},
    )
