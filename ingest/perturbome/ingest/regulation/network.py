"""The network of one group of cells: ask a method for evidence, cut, and count how stable each edge is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.regulation.mask import Mask
from perturbome.ingest.regulation.method import Cells, Evidence, Floats, Method, Options
from perturbome.ingest.regulation.stability import edge_stability
from perturbome.ingest.regulation.summary import summarise
from perturbome.ingest.regulation.variable import usable_genes

LEAST_P = float(np.finfo(np.float32).tiny)  # p is stored as float32


@dataclass(frozen=True)
class Edges:
    """Edges of one group, strongest first; columns of the expression matrix, all [k]."""

    source: NDArray[np.intp]
    target: NDArray[np.intp]
    weight: Floats  # change of the target, in its unit, per standard deviation of the regulator
    p: Floats | None  # None where the method has no test
    stability: Floats | None  # None without bootstraps
    strength: Floats  # what they are ranked by, on the scale of |z|
    penalty: float | None
    regulators: NDArray[np.intp]  # columns of the regulators that the method could say something of
    n_targets: int
    n_significant: int = 0  # pairs with q up to max_q; more than the edges where max_edges cut them
    least_q: float | None = None  # of all pairs; None where the method has no test
    said: tuple[str, ...] = ()


def infer_network(
    cells: Cells,
    method: Method,
    options: Options,
    *,
    mask: Mask | None = None,
    max_edges: int = 5000,
    max_q: float = 0.05,
) -> Edges:
    """Network of a group of cells by one method: edges with q <= `max_q`, at most `max_edges`.

    q is Benjamini and Hochberg's over all pairs of the group that the method says something of; a soft `mask` weighs
    it (see `Mask`), a hard one leaves pairs out. Where a method has no test, the strongest `max_edges` pairs are taken.
    Genes that are constant or seen in fewer than 10 cells take no part. `mask` is [p, G], as `cells` has them.
    """
    part, columns, positions = usable_part(cells)
    n_targets = len(part.genes)
    if part.regulators.size == 0 or n_targets < 2:
        nothing, none = np.empty(0, np.intp), np.empty(0)
        return Edges(nothing, nothing, none, none, none, none, None, nothing, n_targets)
    evidence = method(part, options)
    part_mask = None if mask is None else mask.take(positions, columns)
    strength = allowed_strength(evidence, part, part_mask)
    spoken = np.isfinite(strength).any(1)
    source, target = np.nonzero(np.isfinite(strength))
    sure = strength[source, target]
    least_q = None
    if evidence.p is None:
        order = np.lexsort((target, source, -sure))
        n_significant = int((sure > 0).sum())
    else:
        p = evidence.p[source, target]
        if part_mask is not None:
            p = np.minimum(p / part_mask.weight[source, target], 1.0)
        # Beyond the least float p no longer tells strong edges apart; the strength does.
        order = np.lexsort((target, source, -sure, p))
        n_significant = passed(p[order], max_q)
        least_q = float((p[order] * p.size / np.arange(1, p.size + 1)).min(initial=1.0))
    # p says who is significant, strength who is strongest: in a consensus these are two orders.
    kept = order[:n_significant]
    kept = kept[np.lexsort((target[kept], source[kept], -sure[kept]))][:max_edges]
    source, target = source[kept], target[kept]
    weight = evidence.weight[source, target]
    stability = None
    if evidence.refit is not None and evidence.n_refits:
        stability = edge_stability(
            evidence.refit, evidence.n_refits, (source, target), np.sign(weight), part_mask, options.report
        )
    return Edges(
        columns[part.regulators[source]], columns[target], weight,
        None if evidence.p is None else np.maximum(evidence.p[source, target], LEAST_P), stability,
        strength[source, target], evidence.penalty, columns[part.regulators[spoken]], n_targets,
        n_significant, least_q, evidence.said,
    )  # fmt: skip


def usable_part(cells: Cells) -> tuple[Cells, NDArray[np.intp], NDArray[np.intp]]:
    """The cells with the genes that can take part, their columns [G'], and the positions [p'] of their regulators.

    Genes that take no part would cost what the others do, in every bootstrap. Cells in which one of them is perturbed
    are known as such (`Cells.otherwise`).
    """
    usable = usable_genes(summarise(cells.X))
    columns = np.flatnonzero(usable)
    positions = np.flatnonzero(usable[cells.regulators])
    if columns.size == usable.size:
        return cells, columns, positions
    place = np.full(usable.size, -1, np.intp)
    place[columns] = np.arange(columns.size)
    seen = place[cells.aimed] >= 0
    lost = np.asarray(cells.perturbed[:, ~seen].any(1))
    part = replace(
        cells,
        X=cells.X[:, columns],
        genes=tuple(cells.genes[c] for c in columns),
        regulators=place[cells.regulators[positions]],
        aimed=place[cells.aimed[seen]],
        perturbed=cells.perturbed[:, seen],
        otherwise=lost if cells.otherwise is None else cells.otherwise | lost,
    )
    return part, columns, positions


def allowed_strength(evidence: Evidence, cells: Cells, mask: Mask | None) -> Floats:
    """Strength [p, G] with NaN where a gene meets itself, where nothing is said, and where the mask forbids."""
    strength = evidence.strength.copy()
    strength[np.arange(cells.regulators.size), cells.regulators] = np.nan
    return strength if mask is None else mask.apply(strength)


def passed(p: Floats, max_q: float) -> int:
    """How many of the ascending p values [k] have q <= `max_q` (Benjamini and Hochberg 1995)."""
    good = p * p.size <= max_q * np.arange(1, p.size + 1)
    return int(np.flatnonzero(good).max(initial=-1)) + 1
