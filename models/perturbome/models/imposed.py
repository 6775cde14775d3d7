"""What a perturbation imposes on its own targets before anything spreads: mode by mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Mode:
    """A way to perturb: the change it imposes on a target, from the target's control mean, SD and the strength."""

    name: str
    meaning: str
    strength: float
    change: Callable[[Array, Array, float], Array]


MODES: dict[str, Mode] = {
    m.name: m
    for m in (
        Mode("knockout", "expression goes to zero", 1.0, lambda mean, sd, strength: -mean),
        Mode(
            "knockdown",
            "a fraction of the log1p expression is lost",
            0.75,
            lambda mean, sd, s: -min(s, 1.0) * mean,
        ),
        Mode(
            "activation",
            "expression rises by so many control SDs",
            1.0,
            lambda mean, sd, strength: strength * sd,
        ),
        Mode(
            "compound",
            "known targets are inhibited as by a knockdown",
            0.75,
            lambda mean, sd, s: -min(s, 1.0) * mean,
        ),
    )
}


def impose(
    targets: Sequence[Sequence[int]], modes: Sequence[str], mean: Array, sd: Array,
    strength: float | None = None,
) -> tuple[Array, NDArray[np.bool_]]:  # fmt: skip
    """Start values and held mask [n_perturbations, n_genes] for perturbations given as gene indices and a mode each."""
    start = np.zeros((len(targets), len(mean)))
    held = np.zeros(start.shape, dtype=bool)
    for row, (genes, name) in enumerate(zip(targets, modes, strict=True)):
        mode, genes = MODES[name], list(genes)
        start[row, genes] = mode.change(mean[genes], sd[genes], mode.strength if strength is None else strength)
        held[row, genes] = True
    return start, held
