"""What a person should know of measured conditions before believing numbers made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from perturbome.platform.words import first_few

if TYPE_CHECKING:
    from perturbome.models.data.contract import PerturbationData

FEW = 10
"""A condition with fewer cells than this is flagged."""
MOST_NAMED = 5


def remarks(data: PerturbationData) -> tuple[str, ...]:
    """Sentences on conditions with few cells and their noise, on doubles without singles, on unmeasured targets."""
    table = data.table()
    said = []
    typical = float(np.median(np.median(table.error, axis=1)))
    for row in np.flatnonzero(table.n < FEW)[:MOST_NAMED]:
        noise = float(np.median(table.error[row]))
        times = f", {noise / typical:.1f} times that of the median condition" if typical > 0 else ""
        cells = "1 cell" if table.n[row] == 1 else f"{table.n[row]:.0f} cells"
        said.append(
            f"{table.names[row]} has {cells}: the standard error of its change is {noise:.2g} for the median gene"
            f"{times}."
        )
    more = int((table.n < FEW).sum()) - MOST_NAMED
    if more > 0:
        said.append(f"{more} more conditions have fewer than {FEW} cells.")
    several = [c for c in data.conditions if len(c.targets) > 1]
    found = table.singles(several)
    poor = [
        c.name for c, rows in zip(several, found, strict=True) if np.any(rows[: len(c.targets)] < 0)
    ]  # fmt: skip
    if poor:
        said.append(
            f"{len(poor)} of {len(several)} combinations lack a single of theirs: {first_few(poor, MOST_NAMED)}."
        )
    absent = [
        c.name
        for c, columns in zip(data.conditions, data.targets, strict=True)
        if not columns and c.perturbation.mode != "compound"
    ]
    if absent:
        said.append(f"{len(absent)} conditions perturb genes that were not measured: {first_few(absent, MOST_NAMED)}.")
    return tuple(said)
