"""Target ranking by the simplest statistic: how strongly did the gene itself change?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from perturbome.models.contracts import Ranking
from perturbome.models.moments import Moments, welch
from perturbome.models.ordering import ranks


class DifferenceRanking:
    """Score |Welch t| of the gene's own expression; q by Benjamini and Hochberg over its p."""

    name = "difference"

    def rank(self, before: Moments, after: Moments, genes: Sequence[str]) -> Ranking:
        """Rank every gene by its own change; the whole change is explained by whatever changed most."""
        change = welch(before, after)
        t = np.nan_to_num(change.t[0])
        q = stats.false_discovery_control(change.p[0])
        return Ranking(tuple(genes), np.abs(t), ranks(np.abs(t)), q, np.sign(t).astype(np.int8), self.name)
