"""The genes that a condition changed most, as lists that remember whose cells they were found in."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PREDICTION, TRUTH
from perturbome.models.data.gene_list import GeneList


def differential_genes(
    data: PerturbationData, names: Collection[str], n: int = 20, *, scoring: bool = False
) -> tuple[GeneList, ...]:
    """For each named condition its n genes of largest |delta / error|, own targets left out; ids, sorted.

    To train with they are measured against the prediction's half of the controls, and must be training conditions
    (the audit looks); for scoring against the truth's half.
    """
    table = data.table(names, TRUTH if scoring else PREDICTION)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(table.error > 0, np.abs(table.delta) / table.error, 0.0)
    t[table.own()] = -1.0
    ids = np.asarray(table.genes)
    lists = []
    for row, name in enumerate(table.names):
        best = np.lexsort((ids, -t[row]))[:n]
        lists.append(
            GeneList(
                f"differential genes of {name}", tuple(sorted(map(str, ids[best]))),
                f"the {n} largest changes in units of their standard error", (name,),
                "scoring" if scoring else "training",
            )
        )  # fmt: skip
    return tuple(lists)
