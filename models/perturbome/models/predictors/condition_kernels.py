"""Likeness of conditions: of what is known of their targets, of what they did elsewhere, in all contexts or in one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.models.data.condition import Condition
from perturbome.models.data.table import ConditionTable
from perturbome.models.predictors.features import Features, GeneMatrix
from perturbome.models.predictors.kernels import cosine, diffusion, jaccard
from perturbome.models.predictors.training_rows import contexts, kinds

Array = NDArray[np.float64]

SAME, ELSEWHERE, SIZE = "same target", "effects elsewhere", "number of targets"
EVERYWHERE, HERE = "in all contexts", "in its context"


def gene_kernels(features: Features) -> dict[str, Callable[[Sequence[str]], Array]]:
    """A function from symbols to their likeness [n, n] for every part of the features."""
    found: dict[str, Callable[[Sequence[str]], Array]] = {}
    for name, graph in features.networks.items():
        found[f"network {name}"] = partial(diffusion, graph)
    for name, matrix in features.gene_sets.items():
        found[f"gene sets {name}"] = lambda genes, m=matrix: jaccard(m.of(genes))  # type: ignore[misc]
    for name, matrix in features.embeddings.items():
        found[f"embedding {name}"] = lambda genes, m=matrix: cosine(m.of(genes))  # type: ignore[misc]
    for name, graph in features.regulation.items():
        goals = GeneMatrix(graph.genes, graph.weights)
        found[f"regulation {name}"] = lambda genes, m=goals: cosine(m.of(genes))  # type: ignore[misc]
    return found


def condition_kernels(conditions: Sequence[Condition], table: ConditionTable, features: Features) -> dict[str, Array]:
    """Kernels [n, n] between conditions, each as it holds in all contexts and as it holds inside one.

    For targets S and T, k(S, T) = sum over a in S, b in T of the genes' k(a, b): a combination is the sum of its
    targets, each unknown but for itself where nothing is known of it. Times 1 where both are losses, both gains or
    both compounds, else 0; `in its context` times 1 where the contexts agree. `table`: the training conditions, for
    what the same perturbation did in other contexts and for the usual number of targets. Doses are not told apart.
    """
    kind, where = kinds(conditions), contexts(conditions)
    items = sorted({(k, t) for k, c in zip(kind, conditions, strict=True) for t in c.targets})
    place = {item: j for j, item in enumerate(items)}
    row = np.repeat(np.arange(len(conditions)), [len(c.targets) for c in conditions])
    column = [place[k, t] for k, c in zip(kind, conditions, strict=True) for t in c.targets]
    member = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(len(conditions), len(items)))
    symbols = ["" if k == "compound" else t for k, t in items]  # no gene is called ''

    base = {SAME: (member @ member.T).toarray()}
    for name, kernel in gene_kernels(features).items():
        base[name] = member @ (member @ kernel(symbols)).T
    base[ELSEWHERE] = cosine(effects_elsewhere(conditions, table))
    alike = kind[:, None] == kind[None, :]
    together = where[:, None] == where[None, :]
    found = {}
    for name, k in base.items():
        found[f"{name}, {EVERYWHERE}"] = k * alike
        found[f"{name}, {HERE}"] = k * (alike & together)
    usual = np.mean([len(c.targets) for c in table.conditions])
    more = np.array([len(c.targets) for c in conditions]) - usual
    found[SIZE] = np.outer(more, more) * alike
    return found


def effects_elsewhere(conditions: Sequence[Condition], table: ConditionTable) -> Array:
    """What each condition's perturbation did in other training contexts, less their means [n, n_genes].

    The mean over those contexts; a combination not measured elsewhere is the sum of its singles there; zeros where
    that is unknown too.
    """
    where, kind = contexts(table.conditions), kinds(table.conditions)
    change = table.delta.copy()
    for group in {(w, k) for w, k in zip(where, kind, strict=True)}:
        rows = (where == group[0]) & (kind == group[1])
        change[rows] -= change[rows].mean(axis=0)
    place: dict[tuple[str, tuple[str, ...], float | None], dict[str, int]] = {}
    for i, c in enumerate(table.conditions):
        place.setdefault((kind[i], c.targets, c.dose), {})[where[i]] = i

    def mean_of(kind: str, targets: tuple[str, ...], dose: float | None, but: str) -> Array | None:
        rows = [i for w, i in sorted(place.get((kind, targets, dose), {}).items()) if w != but]
        found: Array | None = change[rows].mean(axis=0) if rows else None
        return found

    effects = np.zeros((len(conditions), len(table.genes)))
    for i, (k, c) in enumerate(zip(kinds(conditions), conditions, strict=True)):
        whole = mean_of(k, c.targets, c.dose, c.context.name)
        parts = [mean_of(k, (t,), c.dose, c.context.name) for t in c.targets] if whole is None else [whole]
        known = [p for p in parts if p is not None]
        if len(known) == len(parts):
            effects[i] = np.sum(known, axis=0)
    return effects
