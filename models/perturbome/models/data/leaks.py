"""Ways in which a test can leak into training, each a record with a question and a function that looks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PARTS
from perturbome.models.data.fingerprint import Hashes
from perturbome.models.data.splits import KINDS, SIDES, Apart, Split
from perturbome.platform.perturbation import strip_guide
from perturbome.platform.words import first_few

FEWEST_GENES = 50
"""Two cells are taken for one if they express the same genes to the same amounts, and at least so many of them."""

Find = Callable[[PerturbationData, Split], list[str]]


@dataclass(frozen=True)
class Check:
    """One way to leak: what must be true, and a function that says in sentences where it is not."""

    name: str
    must: str
    find: Find


def shared_conditions(_: PerturbationData, split: Split) -> list[str]:
    """Conditions named on two sides."""
    said = []
    for i, a in enumerate(SIDES):
        for b in SIDES[i + 1 :]:
            said += [f"{name} is in {a} and in {b}" for name in sorted(set(getattr(split, a)) & set(getattr(split, b)))]
    return said


def same_targets(data: PerturbationData, split: Split) -> list[str]:
    """Targets, sets of targets, contexts or doses on two sides that the kind of the split keeps apart.

    Guides count as their gene, and modes and doses do not tell sets of targets apart.
    """
    sides: dict[str, list[Condition]] = {
        side: [data.conditions[i] for i in data.rows(getattr(split, side))] for side in SIDES
    }
    targets = {t for c in data.conditions for t in c.targets}
    known = {*data.symbols, *targets}
    gene = {t: t if t in data.symbols else strip_guide(t, known - {t}) for t in targets}
    rule = RULES[KINDS[split.kind].apart]
    said = []
    for held, seen in (("test", ["train", "validation"]), ("validation", ["train"])):
        before = [c for side in seen for c in sides[side]]
        said += rule(sides[held], before, lambda c: frozenset(gene[t] for t in c.targets))
    return said


def shared_controls(data: PerturbationData, _: Split) -> list[str]:
    """Control cells in both halves, by name or by content."""
    code = data.cells.code
    group = -1 - code.astype(np.intp)
    half = np.where(data.cells.grouped & (code < 0), group % PARTS // 2, -1)
    said = []
    for what, value, tells in _identities(data):
        both = np.intersect1d(value[(half == 0) & tells], value[(half == 1) & tells])
        if len(both):
            said.append(f"{len(both)} control cells are in the truth's half and in the prediction's, by their {what}")
    return said


def same_cells(data: PerturbationData, _: Split) -> list[str]:
    """Cells in two conditions, or in a condition and among the controls, by name or by content."""
    inside = data.cells.grouped
    labels = [*data.names, *(f"control of {c.name}" for c in data.contexts for _ in range(PARTS))]
    # The parts of one context's controls are one group here; that they are disjoint is another check's question.
    merged = np.array([labels.index(label) for label in labels])
    group = merged[data.cells.group[inside]]
    said = []
    for what, value, tells in _identities(data):
        said += _in_two_groups(value[inside], group, tells[inside], labels, what)
    return said


def gene_choice(data: PerturbationData, split: Split) -> list[str]:
    """The genes of the data chosen by looking at cells that do not train."""
    return _looked(data.gene_choice.looked_at, split, "the genes of the data were chosen")


def gene_lists(data: PerturbationData, split: Split) -> list[str]:
    """Lists that a model may use, made from cells that do not train."""
    said = []
    for genes in data.gene_lists:
        if genes.purpose != "scoring":
            said += _looked(genes.looked_at, split, f"the list '{genes.name}' (for {genes.purpose}) was made")
    return said


CHECKS: dict[str, Check] = {
    c.name: c
    for c in (
        Check("shared conditions", "no condition stands on two sides", shared_conditions),
        Check("same targets", "what the kind of the split keeps apart is apart", same_targets),
        Check("shared control halves", "no control cell is in both halves", shared_controls),
        Check("same cell twice", "no cell is in two conditions", same_cells),
        Check("gene choice", "the genes were chosen by training and control cells alone", gene_choice),
        Check("gene lists", "lists to learn with were made from training and control cells alone", gene_lists),
    )
}


# -- what kinds of split keep apart ---------------------------------------------------------------------------

Genes = Callable[[Condition], frozenset[str]]
Rule = Callable[[Sequence[Condition], Sequence[Condition], Genes], list[str]]


def _targets_apart(held: Sequence[Condition], before: Sequence[Condition], genes: Genes) -> list[str]:
    """No target of a held-out condition was perturbed before."""
    seen = {gene: c.name for c in before for gene in genes(c)}
    return [
        f"{c.name} is held out, and {shared[0]} perturbed in {seen[shared[0]]}"
        for c in held
        if (shared := sorted(genes(c) & seen.keys()))
    ]


def _some_target_apart(held: Sequence[Condition], before: Sequence[Condition], genes: Genes) -> list[str]:
    """A held-out condition has a target that was not perturbed before."""
    seen = {gene: c.name for c in before for gene in genes(c)}
    return [
        f"{c.name} is held out, and " + " and ".join(f"{g} perturbed in {seen[g]}" for g in sorted(genes(c)))
        for c in held
        if genes(c) <= seen.keys()
    ]


def _key_apart(key: Callable[[Condition, Genes], object]) -> Rule:
    """No held-out condition shares a key with one before."""

    def rule(held: Sequence[Condition], before: Sequence[Condition], genes: Genes) -> list[str]:
        seen = {key(c, genes): c.name for c in before}
        return [f"{c.name} is held out, and {seen[k]} is not" for c in held if (k := key(c, genes)) in seen]

    return rule


RULES: dict[Apart, Rule] = {
    "targets": _targets_apart,
    "some target": _some_target_apart,
    "target sets": _key_apart(lambda c, genes: genes(c)),
    "contexts": _key_apart(lambda c, _: c.context),
    "target sets in a context": _key_apart(lambda c, genes: (genes(c), c.context)),
    "doses": _key_apart(lambda c, genes: (genes(c), c.perturbation.mode, c.dose)),
}


# -- inside -------------------------------------------------------------------------------------------------


def _identities(data: PerturbationData) -> Iterable[tuple[str, Hashes, NDArray[np.bool_]]]:
    """Two ways to tell a cell: by name, and by content where it says enough."""
    cells = data.cells
    yield "name", cells.key, np.ones(len(cells.key), dtype=bool)
    yield "expression", cells.content, cells.n_expressed >= FEWEST_GENES


def _in_two_groups(
    value: Hashes, group: NDArray[np.intp], tells: NDArray[np.bool_], labels: list[str], what: str
) -> list[str]:
    order = np.lexsort((group[tells], value[tells]))
    sorted_value, sorted_group = value[tells][order], group[tells][order]
    double = (np.diff(sorted_value) == 0) & (np.diff(sorted_group) != 0)
    pairs, counts = np.unique(
        np.stack([sorted_group[:-1][double], sorted_group[1:][double]]), axis=1, return_counts=True
    )
    return [
        f"{n} cells are both in {labels[a]} and in {labels[b]}, by their {what}"
        for (a, b), n in zip(pairs.T, counts, strict=True)
    ]


def _looked(looked_at: Sequence[str], split: Split, what: str) -> list[str]:
    train = set(split.train)
    strange = [name for name in looked_at if name not in train]
    if not strange:
        return []
    named = [f"{name} ({split.side(name) or 'not in the split'})" for name in strange]
    return [f"{what} by looking at cells of {first_few(named, 3)}"]
