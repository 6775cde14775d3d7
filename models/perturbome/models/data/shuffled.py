"""The null experiment: the same cells with labels drawn at random, in which no perturbation does anything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PARTS
from perturbome.models.moments import group_moments
from perturbome.platform.hashing import uniforms


def shuffled_labels(data: PerturbationData, seed: int = 0) -> PerturbationData:
    """Data whose cells exchanged their labels inside their contexts, control cells among them; numbers of cells stay.

    Nothing that is predicted of such data can be right but by chance. A cell's place is drawn from its name and the
    seed. Needs data cut with single cells (ModelError otherwise).
    """
    x, cells = data.cells.expression, data.cells
    k, group = len(data.conditions), data.cells.group
    context = np.where(
        group < 0, -1, np.concatenate([data.context, np.repeat(np.arange(len(data.contexts)), PARTS)])[group]
    )
    code = cells.code.copy()
    for c in range(len(data.contexts)):
        rows = np.flatnonzero(context == c)
        code[rows[np.argsort(uniforms(cells.key[rows], seed))]] = np.sort(cells.code[rows])
    drawn = replace(cells, code=code)
    moments = group_moments(x, drawn.group, k + len(data.contexts) * PARTS)
    return replace(
        data, cells=drawn, treated=moments[np.arange(k)], controls=moments[np.arange(k, len(moments.n))],
        said=(*data.said, "The labels of all cells were drawn at random: whatever is predicted right is chance."),
    )  # fmt: skip
