"""B6: the residual from B1 regressed on what is known of the perturbed genes, in one of four ways."""

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

RATIO = 0.5  # of an elastic net's penalty that is on lengths, the rest on squares


@dataclass
class FeatureRegression(TablePredictor):
    """B6: delta(p) = B1 + r(x_p), x_p the sum of the targets' vectors, scaled to length 1; fitted in each context.

    kernel ridge: r(x) = k(x)' (K + penalty I)^-1 R with a gaussian kernel whose length is the median distance of the
    training conditions; neighbours: the mean residual of the `k` nearest; random forest: of `trees` trees on all genes
    at once; elastic net: linear, all genes sharing their features, its penalty the `share` of the least one that
    leaves nothing. `embedding` names an embedding or a collection of gene sets among the features (default: the
    first); conditions without a vector are B1. Csendes et al. 2025, BMC Genomics.
    """

    embedding: str = ""
    way: Literal["kernel ridge", "neighbours", "random forest", "elastic net"] = "kernel ridge"
    penalty: float = 1.0
    k: int = 5
    trees: int = 100
    share: float = 0.1

    def __post_init__(self) -> None:
        self.name = f"feature {self.way}"

    def learn(self, seed: int) -> tuple[dict[str, float], tuple[str, ...]]:
        """Nothing before the question; the features are found. ModelError for options out of range."""
        known = {**self.features.gene_sets, **self.features.embeddings}
        chosen = self.embedding or next(iter(known), "")
        if chosen not in known:
            raise UnknownName("features of perturbed genes", chosen, "the features", list(known))
        if self.penalty <= 0 or min(self.k, self.trees) < 1 or not 0 < self.share <= 1:
            raise ModelError(
                f"{self.name} needs a penalty above 0, k and trees of 1 or more, and a share in (0, 1], not "
                f"{self.penalty}, {self.k}, {self.trees} and {self.share}."
            )
        self._vectors, self._seed = known[chosen], seed
        return {}, (f"{self.name} used the features '{chosen}'.",)

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """The regression of each context, or of all others where it has no training condition."""
        mean, how = perturbed_mean(self.table, conditions)
        delta = mean.copy()
        for asked, rows, own in groups(self.table, conditions):
            x = self._of([self.table.conditions[i] for i in rows])
            new = self._of([conditions[i] for i in asked])
            known, answerable = np.any(x != 0, axis=1), np.any(new != 0, axis=1)
            answerable &= bool(np.any(known))
            if np.any(answerable):
                residual = self.table.delta[rows] - mean_change(self.table, rows)
                at = asked[answerable]
                delta[at] += self._regressed(x[known], residual[known], new[answerable])
            for i, found in zip(asked, answerable.tolist(), strict=True):
                around = "" if own else f" around the {how[i]}"
                how[i] = f"{self.name}{around}" if found else f"{how[i]}, as its targets have no features"
        return Answer(delta, how, around=mean)

    def _regressed(self, x: Array, y: Array, new: Array) -> Array:
        if self.way == "neighbours":
            return nearest_mean(x, y, new, self.k)
        if self.way == "random forest":
            return forest(x, y, new, self.trees, self._seed)
        return (
            elastic_net(x, y, new, self.share) if self.way == "elastic net" else kernel_ridge(x, y, new, self.penalty)
        )

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


def forest(x: Array, y: Array, new: Array, trees: int, seed: int) -> Array:
    """Random forest of all columns of y [n, m] over x [n, d], predicted at new [n_new, d]. Breiman 2001.

    Fitted to the principal scores of y, of which there are fewer than n: the squared error that decides on splits is
    the same in all of them as in all columns (but for ties between splits).
    """
    from sklearn.ensemble import RandomForestRegressor

    scores, axes = _scores(y)
    model = RandomForestRegressor(trees, random_state=seed, n_jobs=1, max_features="sqrt")
    model.fit(x, scores[:, 0] if scores.shape[1] == 1 else scores)
    found: Array = model.predict(new).reshape(len(new), -1) @ axes
    return found


def elastic_net(x: Array, y: Array, new: Array, share: float) -> Array:
    """Linear y [n, m] over x [n, d], predicted at new [n_new, d]: with centred x and y, W the least of

        |Y - X W|² / 2n + a (sum_j |W_j| + |W|² / 2) / 2,   a = share max_j |X_j' Y| 2 / n

    |W_j| the length of feature j's row, so that a feature counts for all genes or for none (Zou and Hastie 2005;
    Yuan and Lin 2006); share = 1: the mean of y. In the principal scores of y, which leave all those lengths alike.
    """
    from sklearn.linear_model import MultiTaskElasticNet

    scores, axes = _scores(y)
    centred = x - x.mean(axis=0)
    most = float(np.linalg.norm(centred.T @ scores, axis=1).max(initial=0.0)) / (len(x) * RATIO)
    if most == 0:
        return np.repeat(y.mean(axis=0)[None], len(new), axis=0)
    model = MultiTaskElasticNet(alpha=share * most, l1_ratio=RATIO, tol=1e-4, max_iter=5000)
    model.fit(centred, scores - scores.mean(axis=0))
    found: Array = y.mean(axis=0) + (new - x.mean(axis=0)) @ model.coef_.T @ axes
    return found


def _scores(y: Array) -> tuple[Array, Array]:
    """y [n, m] as scores [n, at most n] times orthonormal axes; what is numerically nothing is left out."""
    u, s, axes = np.linalg.svd(y, full_matrices=False)
    kept = max(1, int(np.sum(s > 1e-10 * s.max(initial=0.0))))
    return (u * s)[:, :kept], axes[:kept]
