"""B4: what a perturbation did in other contexts, copied, averaged, or scaled gene by gene to the context asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.condition import Condition
from perturbome.models.predictors.contract import Answer, TablePredictor
from perturbome.models.predictors.training_rows import groups, perturbed_mean
from perturbome.platform.errors import UnknownName

Array = NDArray[np.float64]
Way = Literal["copy", "average", "regression"]


@dataclass
class MeanShift(TablePredictor):
    """B4: delta(b, p) from delta(a, p), a the other contexts in which training holds p.

    copy: of one context, `source` (default: where p has the most cells); average: over the contexts alike;
    regression: delta_g(b, p) = m_g(b) + slope_g (average_g(p) - m_g), see `shrunk_regression`, fitted to the
    perturbations that training holds in b and elsewhere. Where p was measured nowhere else it is B1.
    """

    way: Way = "regression"
    shrinkage: float = 1.0
    source: str | None = None

    def __post_init__(self) -> None:
        self.name = {"copy": "copied shift", "average": "mean shift", "regression": "scaled mean shift"}[self.way]

    def learn(self, seed: int) -> tuple[dict[str, float], tuple[str, ...]]:
        """Where each perturbation was measured; UnknownName for a source that training does not hold."""
        self._place: dict[str, dict[str, int]] = {}
        for row, c in enumerate(self.table.conditions):
            self._place.setdefault(c.perturbation.id, {})[c.context.name] = row
        known = sorted({c.context.name for c in self.table.conditions})
        if self.source is not None and self.source not in known:
            raise UnknownName("context", self.source, "the training conditions", known)
        return {}, ()

    def elsewhere(self, condition: Condition) -> Array | None:
        """What the perturbation did in other contexts [n_genes]; None where training holds it in none."""
        place = self._place.get(condition.perturbation.id, {})
        found = {c: row for c, row in place.items() if c != condition.context.name}
        if self.way == "copy" and found:
            best = max(sorted(found), key=lambda c: self.table.n[found[c]])
            chosen = best if self.source is None else self.source
            return self.table.delta[found[chosen]] if chosen in found else None
        change: Array | None = self.table.delta[[found[c] for c in sorted(found)]].mean(axis=0) if found else None
        return change

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """The shifts; without perturbations shared with the context asked for, a regression is an average."""
        delta, how = perturbed_mean(self.table, conditions)
        for asked, rows, own in groups(self.table, conditions):
            pairs = [(r, self.elsewhere(self.table.conditions[r])) for r in rows] if own else []
            x = [e for _, e in pairs if e is not None]
            y = self.table.delta[[r for r, e in pairs if e is not None]]
            for i in asked:
                shift = self.elsewhere(conditions[i])
                if shift is None:
                    how[i] += ", as the perturbation was not measured in "
                    how[i] += "another context" if self.way != "copy" or self.source is None else self.source
                elif self.way == "regression" and x:
                    delta[i] = shrunk_regression(np.array(x), y, shift, self.shrinkage)
                    how[i] = self.name
                else:
                    delta[i] = shift
                    how[i] = self.name if self.way != "regression" else "mean shift, as no perturbation is shared"
        return Answer(delta, how)


def shrunk_regression(x: Array, y: Array, new: Array, shrinkage: float) -> Array:
    """Regress y on x gene by gene and predict at `new` [n_genes]; x, y [n, n_genes].

        slope_g = S_xy / (S_xx + shrinkage * mean over genes of S_xx);   y_new = mean y + slope_g (new - mean x)

    with centred sums over the n shared perturbations. A large shrinkage gives the mean of y. Hoerl and Kennard 1970.
    """
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    xy, xx = np.sum((x - mean_x) * (y - mean_y), axis=0), np.sum((x - mean_x) ** 2, axis=0)
    penalised = xx + shrinkage * xx.mean()
    slope = np.divide(xy, penalised, out=np.zeros_like(xy), where=penalised > 0)
    predicted: Array = mean_y + slope * (new - mean_x)
    return predicted
