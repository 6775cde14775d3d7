"""B6: the residual from B1 regressed on what is known of the perturbed genes, by kernel ridge or nearest neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.spatial.distance import cdist, pdist

from perturbome.models.data.condition import Condition
from perturbome.models.predictors.contract import Answer, TablePredictor
from perturbome.models.predictors.features import of_conditions
from perturbome.models.predictors.kernels import gaussian
from perturbome.models.predictors.training_rows import groups, mean_change, perturbed_mean
from perturbome.platform.errors import ModelError, UnknownName

Array = NDArray[np.float64]


@dataclass
class FeatureRegression(TablePredictor):
    """B6: delta(p) = B1 + r(x_p), x_p the sum of the targets' vectors, scaled to length 1; fitted in each context.

    kernel ridge: r(x) = k(x)' (K + penalty I)^-1 R with a gaussian kernel whose length is the median distance of the
    training conditions; neighbours: the mean residual of the `k` nearest. `embedding` names an embedding or a
    collection of gene sets among the features (default: the first); conditions without a vector are B1.
    Csendes et al. 2025, BMC Genomics.
    """

    embedding: str = ""
    way: Literal["kernel ridge", "neighbours"] = "kernel ridge"
    penalty: float = 1.0
    k: int = 5

    def __post_init__(self) -> None:
        self.name = "feature kernel ridge" if self.way == "kernel ridge" else "feature neighbours"

    def learn(self, seed: int) -> tuple[dict[str, float], tuple[str, ...]]:
        """Nothing before the question; the features are found. ModelError for options out of range."""
        known = {**self.features.gene_sets, **self.features.embeddings}
        chosen = self.embedding or next(iter(known), "")
        if chosen not in known:
            raise UnknownName("features of perturbed genes", chosen, "the features", list(known))
        if self.penalty <= 0 or self.k < 1:
            raise ModelError(
                f"{self.name} needs a penalty above 0 and k of 1 or more, not {self.penalty} and {self.k}."
            )
        self._vectors = known[chosen]
        return {}, (f"{self.name} used the features '{chosen}'.",)

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """The regression of each context, or of all others where it has no training condition."""
        delta, how = perturbed_mean(self.table, conditions)
        for asked, rows, own in groups(self.table, conditions):
            x = self._of([self.table.conditions[i] for i in rows])
            new = self._of([conditions[i] for i in asked])
            known, answerable = np.any(x != 0, axis=1), np.any(new != 0, axis=1)
            answerable &= bool(np.any(known))
            if np.any(answerable):
                residual = self.table.delta[rows] - mean_change(self.table, rows)
                at = asked[answerable]
                if self.way == "neighbours":
                    delta[at] += nearest_mean(x[known], residual[known], new[answerable], self.k)
                else:
                    delta[at] += kernel_ridge(x[known], residual[known], new[answerable], self.penalty)
            for i, found in zip(asked, answerable.tolist(), strict=True):
                around = "" if own else f" around the {how[i]}"
                how[i] = f"{self.name}{around}" if found else f"{how[i]}, as its targets have no features"
        return Answer(delta, how)

    def _of(self, conditions: Sequence[Condition]) -> Array:
        x = of_conditions(self._vectors, conditions).toarray()
        length = np.linalg.norm(x, axis=1, keepdims=True)
        scaled: Array = np.divide(x, length, out=np.zeros_like(x), where=length > 0)
        return scaled


def kernel_ridge(x: Array, y: Array, new: Array, penalty: float) -> Array:
    """y [n, m] over x [n, d] predicted at new [n_new, d]: k' (K + penalty I)^-1 y, gaussian kernel of median length."""
    distance = pdist(x)
    length = float(np.median(distance)) if len(distance) and np.median(distance) > 0 else 1.0
    factor = linalg.cho_factor(gaussian(x, x, length) + penalty * np.eye(len(x)), lower=True)
    predicted: Array = gaussian(new, x, length) @ linalg.cho_solve(factor, y)
    return predicted


def nearest_mean(x: Array, y: Array, new: Array, k: int) -> Array:
    """Mean of y [n, m] over the k rows of x [n, d] nearest to each row of new; of equally near ones the first."""
    nearest = np.argsort(cdist(new, x), axis=1, kind="stable")[:, :k]
    mean: Array = y[nearest].mean(axis=1)
    return mean
