"""The consensus of methods: the ranks that each gives a pair, those of causal evidence counting most."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from perturbome.ingest.regulation.checks import taking_part
from perturbome.ingest.regulation.method import Cells, Evidence, Floats, Ground, Options
from perturbome.ingest.regulation.registry import METHODS
from perturbome.platform.errors import InputError

WEIGHTS: dict[Ground, float] = {"association": 1.0, "course": 2.0, "intervention": 4.0}
"""Each step from seeing to doing counts double; chosen on simulated screens, see `benchmarks/consensus.py`."""
SIGNIFICANT = 0.05
MOST_P = 0.99


def consensus(cells: Cells, options: Options) -> Evidence:
    """Combined rank of a pair over the members, as Fisher (1932) combines p values.

    Members: those named, else every default one that the cells allow. A member that ranks a pair r-th from below of
    N has surprise `-log(1 - (r - 1/2) / N)` for it, which tells the first of a thousand from the tenth, as an average
    of ranks (Marbach et al. 2012) does not. Members that conclude from the same thing are averaged first, then what
    they conclude from, with `WEIGHTS`; who can say nothing of a pair has no vote on it, and perturbations that surely
    moved no pair (false discovery rate of 5 %) have none at all. The sign is that of the same average with signs.
    Strength is the normal quantile of the place in that order, on the scale of |z| as others are.
    p is Cauchy's combination of the members' (Liu and Xie 2020), which holds for dependent tests; weight is the mean
    of the members' weights of that sign.
    """
    names, said = _members(cells, options)
    found = {name: METHODS[name](cells, options) for name in names}
    weak = [name for name, e in found.items() if METHODS[name].ground == "intervention" and not any_significant(e.p)]
    if len(weak) < len(names):
        said += tuple(f"{name} has no vote in the consensus: its perturbations surely moved no pair." for name in weak)
        found = {name: e for name, e in found.items() if name not in weak}
    return combined(found, cells, said)


def combined(members: dict[str, Evidence], cells: Cells, said: tuple[str, ...] = ()) -> Evidence:
    """The consensus of members whose evidence is known, by their names; see `consensus`."""
    found = list(members.values())
    grounds = [METHODS[name].ground for name in members]
    own = np.arange(cells.regulators.size), cells.regulators
    strength, sign = combine([np.sign(e.weight) * e.strength for e in found], grounds, own)
    tested = [e.p for e in found if e.p is not None]
    n_refits = min((e.n_refits for e in found if e.refit), default=0)

    def refit(b: int) -> Floats:
        again = [(e.refit(b), ground) for e, ground in zip(found, grounds, strict=True) if e.refit]
        size, direction = combine([signed for signed, _ in again], [ground for _, ground in again], own)
        signed_again: Floats = direction * size
        return signed_again

    return Evidence(
        _mean_weight([e.weight for e in found], sign), strength, cauchy(tested) if tested else None,
        refit if n_refits else None, n_refits, said=said + tuple(s for e in found for s in e.said),
    )  # fmt: skip


def any_significant(p: Floats | None) -> bool:
    """Whether any of the p values, NaN left out, is below 5 % after Benjamini and Hochberg 1995; true without p."""
    if p is None:
        return True
    known = p[np.isfinite(p)]
    return bool(known.size) and bool((stats.false_discovery_control(known) < SIGNIFICANT).any())


def combine(
    signed: list[Floats], grounds: list[Ground], own: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> tuple[Floats, Floats]:
    """Strength and sign [p, G] of pairs from the members' signed strengths; NaN and 0 where no member speaks.

    What a member says of genes on themselves (places `own`) is taken away: it would shift the ranks of pairs.
    """
    total, direction, weight = (np.zeros(signed[0].shape) for _ in range(3))
    for ground in dict.fromkeys(grounds):
        size, way, n = (np.zeros(total.shape) for _ in range(3))
        for member, its in zip(signed, grounds, strict=True):
            if its == ground:
                surprise = surprises(member, own)
                speaks = np.isfinite(surprise)
                size[speaks] += surprise[speaks]
                way[speaks] += (np.sign(member) * surprise)[speaks]
                n += speaks
        share = np.where(n > 0, WEIGHTS[ground] / np.maximum(n, 1), 0.0)
        total += share * size
        direction += share * way
        weight += np.where(n > 0, WEIGHTS[ground], 0.0)
    mean = np.divide(total, weight, out=np.full(total.shape, np.nan), where=weight > 0)
    return normal_scores(mean), np.sign(direction)


def surprises(signed: Floats, own: tuple[NDArray[np.intp], NDArray[np.intp]]) -> Floats:
    """`-log(1 - (rank - 1/2) / N)` [p, G] of the sizes of one member's strengths, ties alike; NaN where it is silent.

    Under ranks at random its mean is 1: minus the logarithm of a p value.
    """
    size = np.abs(signed)
    size[own] = np.nan
    speaks = np.isfinite(size)
    found = np.full(size.shape, np.nan)
    n = max(int(speaks.sum()), 1)
    found[speaks] = -np.log1p(-(stats.rankdata(size[speaks]) - 0.5) / n)
    return found


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
    candidates = taking_part(METHODS["consensus"], options.members)
    lacking = {m.name: m.lacks(cells) for m in candidates}
    if options.members and any(lacking.values()):
        name, needed = next((n, lack) for n, lack in lacking.items() if lack)
        raise InputError(
            f"The consensus cannot take in '{name}': it needs {needed}. Leave it out of the members (--member)."
        )
    if any(m.name == "consensus" for m in candidates):
        raise InputError("A consensus cannot be a member of itself. Leave it out of the members (--member).")
    left = [f"{name} takes no part in the consensus: it needs {lack}." for name, lack in lacking.items() if lack]
    return [name for name, lack in lacking.items() if not lack], tuple(left)
