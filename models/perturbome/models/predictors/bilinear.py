"""B5: the linear model that no network beat on unseen genes, a bilinear ridge between gene and target embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.condition import Condition
from perturbome.models.predictors.contract import Answer, TablePredictor
from perturbome.models.predictors.features import genes_of, of_conditions
from perturbome.models.predictors.training_rows import Rows, groups, mean_change, perturbed_mean
from perturbome.platform.errors import ModelError, UnknownName

Array = NDArray[np.float64]

TRAINING, ELSEWHERE, NONE = "training", "other contexts", "none"
PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
FOLDS = 10


@dataclass
class Bilinear(TablePredictor):
    """B5: delta(p) = b + G K P_p with Y [genes, conditions] the training changes, b their mean (B1), and

        K = (G'G + penalty I)^-1 G' (Y - b) P' (P P' + penalty I)^-1

    G [genes, n_components]: first principal scores of the genes over the training profiles (control included).
    embedding, P [.., conditions], summed over a condition's targets: 'training', rows of G; 'other contexts',
    principal scores of what the same perturbation did elsewhere; the name of an embedding among the features; 'none',
    P = 0. Where P_p = 0 the answer is B1. penalty None: of PENALTIES the one that predicts training conditions best
    when their targets are left out, in each context; B1 where none does better. Ahlmann-Eltze et al. 2025, Nature
    Methods (penalty 0.1).
    """

    embedding: str = TRAINING
    n_components: int = 10
    penalty: float | None = 0.1
    name = "bilinear ridge"

    def learn(self, seed: int) -> tuple[dict[str, float], tuple[str, ...]]:
        """Nothing before the question, as it is fitted anew for each context; the options are checked."""
        known = [TRAINING, ELSEWHERE, NONE, *self.features.embeddings]
        if self.embedding not in known:
            raise UnknownName("embedding of perturbed genes", self.embedding, "the features", known)
        if (self.penalty is not None and self.penalty <= 0) or self.n_components < 1:
            raise ModelError(
                f"{self.name} needs a penalty above 0 and at least one component, not {self.penalty} and "
                f"{self.n_components}."
            )
        penalty = {} if self.penalty is None else {"penalty": self.penalty}
        return {**penalty, "n_components": float(self.n_components)}, ()

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """The model of each context for its conditions; B1 and why for those whose targets have no embedding."""
        mean, how = perturbed_mean(self.table, conditions)
        delta = mean.copy()
        for asked, rows, own in groups(self.table, conditions):
            if not own:
                continue
            penalty = self.tuned(rows) if self.penalty is None else self.penalty
            if penalty is None:
                for i in asked:
                    how[i] += ", as no penalty did better"
                continue
            [delta[asked]], known = self._predicted(rows, [conditions[i] for i in asked], [penalty])
            for i, found in zip(asked, known.tolist(), strict=True):
                how[i] = self.name if found else f"{how[i]}, as no target has an embedding"
        return Answer(delta, how, around=mean)

    def tuned(self, rows: Rows) -> float | None:
        """The penalty of least squared error on target sets left out in up to ten folds; None where B1 has less."""
        labels = ["+".join(self.table.conditions[i].targets) for i in rows]
        fold = np.unique(labels, return_inverse=True)[1] % FOLDS
        error = np.zeros(1 + len(PENALTIES))  # of B1, then of every penalty
        for left in np.unique(fold)[: len(rows) - 1]:
            rest, out = rows[fold != left], rows[fold == left]
            if len(rest):
                truth, asked = self.table.delta[out], [self.table.conditions[i] for i in out]
                found, _ = self._predicted(rest, asked, PENALTIES)
                error += [np.sum((truth - f) ** 2) for f in (mean_change(self.table, rest), *found)]
        best = int(np.argmin(error))
        return PENALTIES[best - 1] if best else None

    def _predicted(
        self, rows: Rows, asked: Sequence[Condition], penalties: Sequence[float]
    ) -> tuple[list[Array], NDArray[np.bool_]]:
        """Changes [n_asked, n_genes] under each penalty from training rows of one context, and who has an embedding."""
        scores = gene_scores(self._profiles(rows), self.n_components)
        both = self._embedded([*(self.table.conditions[i] for i in rows), *asked], scores)
        trained, p = both[:, : len(rows)], both[:, len(rows) :]
        centre = mean_change(self.table, rows)
        y = self.table.delta[rows].T - centre[:, None]
        found = [centre + (scores @ bilinear(y, scores, trained, penalty) @ p).T for penalty in penalties]
        return found, np.asarray(np.any(p != 0, axis=0))

    def _profiles(self, rows: Rows) -> Array:
        """Mean profiles [n_genes, n + 1] of training rows of one context, and their control's."""
        return np.vstack([self.table.mean[rows], self.table.control[rows[:1]]]).T

    def _embedded(self, conditions: Sequence[Condition], scores: Array) -> Array:
        """P [n_dimensions, len(conditions)]."""
        if self.embedding == NONE:
            return np.zeros((1, len(conditions)))
        if self.embedding == ELSEWHERE:
            return self._elsewhere(conditions)
        if self.embedding == TRAINING:
            assert self.data is not None
            place: dict[str, list[int]] = {}
            for j, symbol in enumerate(self.data.symbols):
                place.setdefault(symbol, []).append(j)
            of = [[j for t in genes_of(c) for j in place.get(t, ())] for c in conditions]
            return np.array([scores[columns].sum(axis=0) for columns in of]).T
        given: Array = of_conditions(self.features.embeddings[self.embedding], conditions).toarray().T
        return given

    def _elsewhere(self, conditions: Sequence[Condition]) -> Array:
        """Principal scores of the mean change of the same perturbation in other contexts, less each context's mean."""
        here = conditions[0].context.name
        others = [i for i, c in enumerate(self.table.conditions) if c.context.name != here]
        if not others:
            return np.zeros((1, len(conditions)))
        where = np.array([self.table.conditions[i].context.name for i in others])
        change = self.table.delta[others]
        for context in set(where):
            change[where == context] -= change[where == context].mean(axis=0)
        place: dict[str, list[int]] = {}
        for row, i in enumerate(others):
            place.setdefault(self.table.conditions[i].perturbation.id, []).append(row)
        axes = np.linalg.svd(change, full_matrices=False)[2][: self.n_components]
        scores = change @ axes.T
        found = [place.get(c.perturbation.id, []) for c in conditions]
        return np.array([scores[rows].mean(axis=0) if rows else np.zeros(len(axes)) for rows in found]).T


def gene_scores(profiles: Array, n_components: int) -> Array:
    """First principal component scores of genes [n_genes, at most n_components]; profiles [n_genes, n], centred over
    genes. Signs do not matter to what is made of them."""
    centred = profiles - profiles.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    scores: Array = (u * s)[:, :n_components]
    return scores


def bilinear(y: Array, g: Array, p: Array, penalty: float) -> Array:
    """K [n_g, n_p] of y = G K P by ridge on both sides; y [n_genes, n], g [n_genes, n_g], p [n_p, n]."""
    left = np.linalg.solve(g.T @ g + penalty * np.eye(g.shape[1]), g.T @ y @ p.T)
    both: Array = np.linalg.solve(p @ p.T + penalty * np.eye(len(p)), left.T).T
    return both
