"""Cells whose true time is known, for every method."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


def _branch(n: int = 900, noise: float = 0.02, seed: int = 0, d: int = 10) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores [n, d], true time [n] in 0..1 and lineage [n] (0 before the fork at 0.4, then 1 or 2)."""
    rng = np.random.default_rng(seed)
    time = rng.random(n)
    side = rng.integers(0, 2, n)
    late = np.maximum(time - 0.4, 0.0)
    scores = rng.normal(0, noise, (n, d))
    scores[:, 0] += time
    scores[:, 1] += np.where(side == 1, late, -late)
    scores[:, 2] += 0.3 * np.sin(3 * time)
    return scores.astype(np.float32), time, np.where(time < 0.4, 0, 1 + side)


@pytest.fixture(scope="session")
def branch() -> Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """A branching path through three dimensions, with noise in ten."""
    return _branch
