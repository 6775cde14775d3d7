"""The kernel of prior knowledge: effects of unseen perturbations from those of perturbations that are like them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.condition import Condition
from perturbome.models.data.splits import KINDS
from perturbome.models.predictors.condition_kernels import ELSEWHERE, HERE, SAME, SIZE, condition_kernels
from perturbome.models.predictors.contract import Answer, TablePredictor
from perturbome.models.predictors.entry import entry_prices
from perturbome.models.predictors.gaussian_process import Class, condition_on, fit_scales, fit_weights, mixed
from perturbome.models.predictors.pair_effects import fit_pair_effects
from perturbome.models.predictors.pair_features import gene_pairs
from perturbome.models.predictors.training_rows import MEAN, perturbed_mean
from perturbome.platform.errors import ModelError, TooFewConditions

Array = NDArray[np.float64]

FEWEST = 4
MOST = 2000
"""Training conditions: a step costs their number cubed."""
SHARES = (0.5, 0.8, 0.95)
"""Shares of genes below the edges between classes of signal."""
SMALLEST_SIGNAL = 0.01  # of the noise
NEGLIGIBLE = 1e-3
"""A kernel with less than this share of the prior variance knows nothing."""
BATCH = 512
TARGETS_APART = ("targets", "some target", "target sets")
"""Where whole targets are held out, what a perturbation did elsewhere is known of none that is asked: its kernel would
take the credit that those of prior knowledge need."""


@dataclass
class PriorKernel(TablePredictor):
    """Gaussian process on condition means around B1, over a weighted sum of kernels between perturbations.

        delta_g = B1_g + sqrt(b_g) sum_k beta_k phi_kg + f_g,
        f_g ~ N(0, b_g scale_g sum_j w_j K_j),  measured with variance b_g tau / n_cells

    with b_g the variance of gene g inside conditions, and phi_kg what is known of the pair of the perturbed gene and
    g, as an edge of regulation (see `fit_pair_effects`). The kernels are those of `condition_kernels`; w and tau are
    those of largest marginal likelihood over all genes, in classes of like signal, where every kernel of prior
    knowledge pays for its weight (see `entry_prices`); then scale_g is each gene's own.
    `variance` is the posterior variance of beta and f: that of the true change around the true mean, control noise
    left out.
    """

    steps: int = 100
    name = "prior kernel"

    def learn(self, seed: int) -> tuple[dict[str, float], tuple[str, ...]]:
        """Weights, noise and scales; nothing is drawn. ModelError for too few or too many training conditions."""
        table = self.table
        if not FEWEST <= len(table) <= MOST:
            wrong = TooFewConditions if len(table) < FEWEST else ModelError
            raise wrong(f"{self.name} needs {FEWEST} to {MOST} training conditions; there are {len(table)}.")
        noise = 1 / table.n
        b = np.average(table.variance, axis=0, weights=table.n)
        b = np.where(b > 0, b, b[b > 0].min() if np.any(b > 0) else 1.0)
        y = (table.delta - perturbed_mean(table, table.conditions)[0]) / np.sqrt(b)
        self._pairs = fit_pair_effects(y, noise, table, self.symbols, gene_pairs(self.features))
        y -= self._pairs.of(table.conditions)[0]
        kernels = condition_kernels(table.conditions, table, self.features)
        if self.split is not None and self.split.kind in KINDS and KINDS[self.split.kind].apart in TARGETS_APART:
            kernels = {name: k for name, k in kernels.items() if not name.startswith(ELSEWHERE)}
        self._kernels, said = _telling(kernels)
        chosen = [kernels[name] for name in self._kernels]
        classes, signal = signal_classes(y, noise)
        free = [name.startswith((SAME, SIZE)) for name in self._kernels]
        null = [k for k, f in zip(chosen, free, strict=True) if f]
        w0, tau0, _ = fit_weights(null, noise, classes, steps=self.steps)
        prices = np.zeros(len(chosen))
        paying = [j for j, f in enumerate(free) if not f]
        prices[paying] = entry_prices([chosen[j] for j in paying], noise, classes, null, w0, tau0)
        self._weights, tau, likelihood = fit_weights(chosen, noise, classes, prices, self.steps)
        posterior = condition_on(mixed(self._weights, chosen), tau * noise, y, signal)
        self._posterior, self._unit = replace(posterior, scale=fit_scales(posterior)), b
        size = np.array([w * np.mean(np.diag(k)) for w, k in zip(self._weights, chosen, strict=True)])
        self._shares = dict(zip(self._kernels, size / size.sum(), strict=True))
        numbers = {f"share of {name}": float(share) for name, share in self._shares.items()}
        for name, beta, t in zip(self._pairs.pairs, self._pairs.beta, self._pairs.t, strict=True):
            numbers |= {f"effect along {name}": float(beta), f"t of the effect along {name}": float(t)}
        numbers |= {"noise scale": tau, "log likelihood per value": likelihood / y.size}
        return numbers, (*self._pairs.said, *said)

    def answer(self, conditions: Sequence[Condition]) -> Answer:
        """Posterior mean and variance; B1 and the whole prior variance where nothing ties a condition to training."""
        mean_change, how = perturbed_mean(self.table, conditions)
        delta, variance = mean_change.copy(), np.zeros_like(mean_change)
        for first in range(0, len(conditions), BATCH):
            rows = slice(first, first + BATCH)
            cross, own, tied = self._to_training(conditions[rows])
            mean, of_mean = self._posterior.predict(cross, own)
            along, of_along, paired = self._pairs.of(conditions[rows])
            tied |= paired
            delta[rows] += np.where(tied[:, None], (mean + along) * np.sqrt(self._unit), 0.0)
            variance[rows] = (of_mean + of_along) * self._unit
            for i, known in enumerate(tied, start=first):
                around = "" if how[i] == MEAN else f" around the {how[i]}"
                how[i] = f"{self.name}{around}" if known else f"{how[i]}, as nothing ties it to what was measured"
        return Answer(delta, how, variance, mean_change)

    def _to_training(self, conditions: Sequence[Condition]) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Kernel with the training conditions [n, n_train], with themselves [n], and whether anything ties them."""
        every = list(dict.fromkeys([*self.table.conditions, *conditions]))
        place = {c: i for i, c in enumerate(every)}
        at, n = [place[c] for c in conditions], len(self.table)
        kernels = condition_kernels(every, self.table, self.features)
        cross, own = np.zeros((len(at), n)), np.zeros(len(at))
        tied = np.zeros(len(at), dtype=bool)
        for name, weight in zip(self._kernels, self._weights, strict=True):
            cross += weight * kernels[name][at, :n]
            own += weight * np.diag(kernels[name])[at]
            if name != SIZE and self._shares[name] > NEGLIGIBLE:
                tied |= np.any(np.abs(kernels[name][at, :n]) > NEGLIGIBLE, axis=1)
        return cross, own, tied


def signal_classes(y: Array, noise: Array) -> tuple[list[Class], Array]:
    """Genes in classes of like signal, for the likelihood, and the signal of each one's class [n_genes].

    y [n, n_genes] in units of the noise of one cell; signal_g = mean y² - mean noise, at least a hundredth of it.
    """
    signal = np.maximum(np.mean(y**2, axis=0) - noise.mean(), SMALLEST_SIGNAL * noise.mean())
    kind = np.searchsorted(np.quantile(signal, SHARES), signal)
    of_class = np.zeros_like(signal)
    classes: list[Class] = []
    for k in np.unique(kind):
        of_class[kind == k] = signal[kind == k].mean()
        classes.append((float(signal[kind == k].mean()), y[:, kind == k]))
    return classes, of_class


def _telling(kernels: dict[str, Array]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the kernels whose weights the training conditions can tell apart, and sentences on the others.

    Left out: those by which no two conditions are alike (but for the same target's, which hold what is each one's
    own), and those that say the same as an earlier one.
    """
    kept: list[str] = []
    silent: list[str] = []
    for name, k in kernels.items():
        lonely = not name.startswith(SAME) and not np.any(k - np.diag(np.diag(k)))
        if lonely or not k.any() or any(np.array_equal(k, kernels[other]) for other in kept):
            silent.append(name)
        else:
            kept.append(name)
    silent = [s for s in silent if not s.endswith(HERE) and s != SIZE]
    said = (f"Left out, as they tie no two training conditions or say nothing new: {'; '.join(silent)}.",)
    return tuple(kept), said if silent else ()
