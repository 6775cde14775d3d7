"""How much of the changes follows what is known of pairs of genes: one coefficient each, shared by all pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from perturbome.models.data.condition import Condition
from perturbome.models.data.table import ConditionTable
from perturbome.models.predictors.pair_features import Pairs, of_pairs
from perturbome.models.predictors.training_rows import perturbed_mean
from perturbome.platform.words import first_few

Array = NDArray[np.float64]

CHANCE = 0.05
"""The chance that anything at all enters where nothing deserves to."""
MOST_NAMED = 6
MOST_CONDITION = 1e10
"""Condition number beyond which coefficients are not told apart."""


@dataclass(frozen=True)
class PairEffects:
    """mean = sum_k beta_k (phi_k - its B1), phi_k [n, n_genes] what is known of pairs, of one unit of y each."""

    table: ConditionTable  # the training conditions, whose mean of phi is taken out
    symbols: tuple[str, ...]  # [n_genes]
    pairs: Mapping[str, Pairs]  # those that entered, k of them
    beta: Array  # [k], shrunken
    covariance: Array  # [k, k] of the coefficients
    t: Array  # [k], coefficient over standard error before it was shrunken
    tried: tuple[str, ...] = ()  # names of all that was known of any training pair

    @property
    def said(self) -> tuple[str, ...]:
        """A sentence on what entered, or on what was tried in vain."""
        if not self.tried:
            return ()
        if not self.pairs:
            names = first_few(self.tried, MOST_NAMED)
            return (f"What is known of pairs of genes tells no more of the changes than chance: {names}.",)
        entered = ", ".join(f"{name} (t = {t:.1f})" for name, t in zip(self.pairs, self.t, strict=True))
        return (f"Changes follow what is known of the perturbed and the measured gene: {entered}.",)

    def of(self, conditions: Sequence[Condition]) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Mean and variance of it [n, n_genes], and whether anything is known of a condition's pairs [n]."""
        mean = np.zeros((len(conditions), len(self.symbols)))
        tied = np.zeros(len(conditions), dtype=bool)
        phis = []
        for beta, pairs in zip(self.beta, self.pairs.values(), strict=True):
            phi, known = around_mean(self.table, self.symbols, pairs, conditions)
            mean += beta * phi
            tied |= known
            phis.append(phi)
        variance = np.zeros_like(mean)
        for i, one in enumerate(phis):
            for j, other in enumerate(phis):
                variance += self.covariance[i, j] * one * other
        return mean, np.maximum(variance, 0.0), tied


def around_mean(
    table: ConditionTable, symbols: Sequence[str], pairs: Pairs, conditions: Sequence[Condition]
) -> tuple[Array, NDArray[np.bool_]]:
    """phi less its mean over the training conditions, taken as B1 takes that of changes, and where phi is known."""
    trained = of_pairs(pairs, table.conditions, symbols)
    phi = trained if conditions is table.conditions else of_pairs(pairs, conditions, symbols)
    mean = perturbed_mean(replace(table, delta=trained), conditions)[0]
    return phi - mean, np.any(phi != 0, axis=1)


def fit_pair_effects(
    y: Array, noise: Array, table: ConditionTable, symbols: Sequence[str], pairs: Mapping[str, Pairs]
) -> PairEffects:
    """The coefficients of what tells something of y [n, n_genes], changes around B1 in units of the noise of a cell.

    Least squares over all pairs, conditions weighted by 1 / (signal + noise [n]), own targets left out. What is known
    enters one by one: where its coefficient alone differs from 0 by a t-test whose standard error is that of the
    jackknife over targets (genes move together, targets are drawn; Efron and Stein 1981), with as many degrees of
    freedom as the targets that carry it, (sum d)² / sum d² - 1, and Bonferroni's bound over all that were tried. What
    entered is fitted together; each coefficient is shrunken by 1 - 1/t² (James and Stein 1961, for one coefficient).
    """
    y = np.where(table.own(), 0.0, y)
    weight = 1 / (max(float(np.mean(y**2) - noise.mean()), 0.0) + noise)
    group = np.unique([" ".join(c.targets) for c in table.conditions], return_inverse=True)[1]
    sure: list[tuple[float, str]] = []
    phis: dict[str, Array] = {}
    tried: list[str] = []
    for name, one in pairs.items():
        phi = np.where(table.own(), 0.0, around_mean(table, symbols, one, table.conditions)[0])
        if phi.any():
            tried.append(name)
            chance = _chance(_coefficients([phi], y, weight, group), phi, weight, group)
            if chance < CHANCE:
                sure.append((chance, name))
                phis[name] = phi
    names: list[str] = []
    beta, covariance = np.zeros(0), np.zeros((0, 0))
    for chance, name in sorted(sure):
        found = _coefficients([phis[n] for n in (*names, name)], y, weight, group)
        if chance * len(tried) < CHANCE and found is not None:  # None: it says what a surer one said already
            names.append(name)
            beta, covariance = found
    t = _over(beta, np.sqrt(np.diag(covariance)))
    kept = np.maximum(1 - _over(np.ones_like(t), t**2), 0.0)
    entered = {n: pairs[n] for n in names}
    return PairEffects(table, tuple(symbols), entered, kept * beta, covariance, t, tuple(tried))


def _coefficients(
    phis: Sequence[Array], y: Array, weight: Array, group: NDArray[np.intp]
) -> tuple[Array, Array] | None:
    """Least squares of y on phis, and the jackknife's covariance [k, k] over groups; None where a group decides."""
    k, n = len(phis), int(group.max()) + 1
    gram, cross = np.zeros((n, k, k)), np.zeros((n, k))
    for i, one in enumerate(phis):
        np.add.at(cross[:, i], group, weight * np.sum(one * y, axis=1))
        for j, other in enumerate(phis):
            np.add.at(gram[:, i, j], group, weight * np.sum(one * other, axis=1))
    whole = gram.sum(axis=0)
    without = whole - gram
    if n < 3 or not np.all(np.linalg.cond(np.concatenate([whole[None], without])) < MOST_CONDITION):
        return None
    beta = np.linalg.solve(whole, cross.sum(axis=0))
    left_out = np.linalg.solve(without, (cross.sum(axis=0) - cross)[:, :, None])[:, :, 0]
    spread = left_out - beta
    return beta, (n - 1) / n * spread.T @ spread


def _chance(found: tuple[Array, Array] | None, phi: Array, weight: Array, group: NDArray[np.intp]) -> float:
    """Two-sided p of a coefficient alone, with (sum d)² / sum d² - 1 degrees of freedom; 1 where one target decides."""
    carried = np.bincount(group, weights=weight * np.sum(phi**2, axis=1))
    freedom = carried.sum() ** 2 / np.sum(carried**2) - 1
    if found is None or freedom <= 1 or found[1][0, 0] == 0:
        return 1.0
    return float(2 * stats.t.sf(abs(float(found[0][0])) / float(np.sqrt(found[1][0, 0])), freedom))


def _over(a: Array, b: Array) -> Array:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 0)
