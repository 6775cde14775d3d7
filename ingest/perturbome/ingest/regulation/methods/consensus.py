"""The consensus of methods: the average of the ranks that each gives a pair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from perturbome.ingest.regulation.method import Cells, Evidence, Floats, Method, Options
from perturbome.ingest.regulation.registry import METHODS, find_method
from perturbome.platform.errors import InputError

MOST_P = 0.99


def consensus(cells: Cells, options: Options) -> Evidence:
    """Average rank of a pair over the members, the strongest pair of a member ranked 1 (Marbach et al. 2012).

    Members: those named, else every default one that the cells allow. A pair that a member can say nothing of is
    averaged over the others. Strength is the normal quantile of the place in the order of average ranks, so that it
    is on the scale of |z| as others are; the sign is that of the mean of the members' signed strengths, each on that
    scale. p is Cauchy's combination of the members' (Liu and Xie 2020), which holds for dependent tests; weight is
    the mean of the members' weights of that sign.
    """
    names, said = _members(cells, options)
    found = [METHODS[name](cells, options) for name in names]
    own = np.arange(cells.regulators.size), cells.regulators
    signed = [_signed_scores(np.sign(e.weight) * e.strength, own) for e in found]
    strength = average(signed)
    sign = np.sign(np.nansum(signed, axis=0))
    tested = [e.p for e in found if e.p is not None]
    n_refits = min((e.n_refits for e in found if e.refit), default=0)

    def refit(b: int) -> Floats:
        again = [_signed_scores(e.refit(b), own) for e in found if e.refit]
        signed_again: Floats = np.sign(np.nansum(again, axis=0)) * average(again)
        return signed_again

    return Evidence(
        _mean_weight([e.weight for e in found], sign), strength, cauchy(tested) if tested else None,
        refit if n_refits else None, n_refits, said=said + tuple(s for e in found for s in e.said),
    )  # fmt: skip


def average(signed: list[Floats]) -> Floats:
    """Strength [p, G] of pairs by their average rank in the members' signed strengths, NaN where none speaks."""
    total, spoken = np.zeros(signed[0].shape), np.zeros(signed[0].shape)
    for member in signed:
        says = np.isfinite(member)
        total[says] += stats.rankdata(np.abs(member[says])) / max(says.sum(), 1)
        spoken += says
    mean = np.divide(total, spoken, out=np.full(total.shape, np.nan), where=spoken > 0)
    return normal_scores(mean)


def normal_scores(values: Floats) -> Floats:
    """Values [p, G] as |z| in the same order, `-Phi^-1((1 - rank / (N + 1)) / 2)`, ties alike, NaN kept."""
    says = np.isfinite(values)
    scores = np.full(values.shape, np.nan)
    share = stats.rankdata(values[says]) / (says.sum() + 1)
    scores[says] = -special.ndtri((1 - share) / 2)
    return scores


def cauchy(tested: list[Floats]) -> Floats:
    """Cauchy's combination of p values [p, G], over those that are not NaN: `1/2 - atan(mean tan((1/2 - p) pi)) / pi`.

    p above 0.99 count as 0.99 (after Fang et al. 2023), else one member that is sure of nothing, p = 1, outweighs all
    others. NaN where no member has a p.
    """
    given = np.clip(np.stack(tested), 1e-300, MOST_P)
    # Near zero tan((1/2 - p) pi) is 1 / (p pi), which the subtraction would lose.
    tangent = np.where(given < 1e-8, 1 / (given * np.pi), np.tan((0.5 - given) * np.pi))
    says = np.isfinite(tangent)
    total, n = np.where(says, tangent, 0.0).sum(0), says.sum(0)
    mean = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
    combined: Floats = np.where(mean > 1e8, 1 / (np.maximum(mean, 1.0) * np.pi), 0.5 - np.arctan(mean) / np.pi)
    return combined


def _signed_scores(signed: Floats, own: tuple[NDArray[np.intp], NDArray[np.intp]]) -> Floats:
    """Signed strengths [p, G] as normal scores with their sign, so that no member's scale outweighs another's.

    What a member says of genes on themselves (places `own`) is taken away: it would shift the ranks of pairs.
    """
    size = np.abs(signed)
    size[own] = np.nan
    return np.sign(signed) * normal_scores(size)


def _mean_weight(weights: list[Floats], sign: Floats) -> Floats:
    """Mean over members of the weights that have the consensus's sign [p, G]; 0 where there is none."""
    total, n = np.zeros(sign.shape), np.zeros(sign.shape)
    for weight in weights:
        agrees = (np.sign(weight) == sign) & np.isfinite(weight)
        total[agrees] += weight[agrees]
        n += agrees
    return np.divide(total, n, out=np.zeros_like(total), where=n > 0)


def _members(cells: Cells, options: Options) -> tuple[list[str], tuple[str, ...]]:
    """Names of the members, and what to say of those left out; InputError where one was named that cannot be."""
    named: list[Method] = [find_method(name) for name in dict.fromkeys(options.members)]
    candidates = named or [m for m in METHODS.values() if m.consensus]
    lacking = {m.name: m.lacks(cells) for m in candidates}
    if named and any(lacking.values()):
        name, needed = next((n, lack) for n, lack in lacking.items() if lack)
        raise InputError(f"The consensus cannot take in '{name}': it needs {needed}. Leave it out of --members.")
    if any(m.name == "consensus" for m in candidates):
        raise InputError("A consensus cannot be a member of itself. Leave it out of --members.")
    left = [f"{name} takes no part in the consensus: it needs {lack}." for name, lack in lacking.items() if lack]
    return [name for name, lack in lacking.items() if not lack], tuple(left)
