"""Folds of the training conditions that ask of a model what the outer split asks of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import TypeVar

from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.fingerprint import text_hash
from perturbome.models.data.splits import KINDS, Split
from perturbome.platform.errors import ModelError

FOLDS = 10
"""Units are left out one by one up to this number of them, and in this many groups beyond."""

SETS = "k-fold"
"""The kind of split by sets of targets."""

T = TypeVar("T", bound=Hashable)
Conditions = Sequence[Condition]
Fold = tuple[set[str], set[str]]
"""Names of the conditions that are tested, and of those that may stand on neither side."""


def inner_splits(data: PerturbationData, *, folds: int = FOLDS, seed: int = 0) -> tuple[list[Split], tuple[str, ...]]:
    """Splits of the training conditions that mimic the data's split, each condition tested at most once.

    Unseen targets: targets are left out, and what else was done to them stands on neither side. Unseen contexts:
    contexts. Unseen doses: doses. Pairs of which 0, 1 or 2 targets were seen: such pairs. All else: sets of targets.
    Where the training conditions do not allow it, sets of targets as well, and a sentence says so; no splits where
    there is nothing to divide. The same for a seed, whatever the order of the conditions. ModelError without a split.
    """
    outer = data.split
    if outer is None:
        raise ModelError("These data have no split, so no side of one. Give them one: data.with_split(split).")
    training = [data.conditions[i] for i in data.rows(outer.train)]
    said: tuple[str, ...] = ()
    found = _usable(_MAKERS.get(outer.kind, _target_sets)(training, folds, seed), training)
    if len(found) < 2 and outer.kind in _MAKERS:
        said = (
            f"The training conditions do not allow a split of the kind '{outer.kind}' among themselves: sets of "
            "targets were left out in turn instead, which may be easier or harder than what is asked.",
        )
        found = _usable(_target_sets(training, folds, seed), training)
    if len(found) < 2:
        return [], (*said, f"{len(training)} training conditions cannot be left out in turn.")
    kind = outer.kind if outer.kind in KINDS else SETS  # nothing is held out: what is asked later is not known
    splits = []
    for i, (test, out) in enumerate(found):
        train = tuple(c.name for c in training if c.name not in test | out)
        name = f"{outer.name}, inner fold {i + 1} of {len(found)}"
        splits.append(Split(name, kind, train, (), tuple(test), seed, tuple(out)))
    return splits, said


def _target_sets(training: Conditions, folds: int, seed: int) -> list[Fold]:
    fold = _dealt({c.targets for c in training}, folds, seed)
    return [({c.name for c in training if fold[c.targets] == f}, set()) for f in range(folds)]


def _targets(training: Conditions, folds: int, seed: int) -> list[Fold]:
    """Targets that were perturbed alone; combinations with them are left out."""
    fold = _dealt({c.targets[0] for c in training if len(c.targets) == 1}, folds, seed)
    return [_without(training, {t for t in fold if fold[t] == f}, lambda c: len(c.targets) == 1) for f in range(folds)]


def _some_target(training: Conditions, folds: int, seed: int) -> list[Fold]:
    """All that was done to a target; a combination is tested with one of its targets and left out with the others."""
    order = _order({t for c in training for t in c.targets}, seed)
    fold = _dealt(order, folds, seed)
    first = {c.name: min(c.targets, key=order.index) for c in training}

    def one(f: int) -> Fold:
        return _without(training, {t for t in fold if fold[t] == f}, lambda c: fold[first[c.name]] == f)

    return [one(f) for f in range(folds)]


def _pairs_unseen(training: Conditions, folds: int, seed: int) -> list[Fold]:
    """Pairs with both of their targets."""
    fold = _dealt({c.targets for c in training if len(c.targets) == 2}, folds, seed)

    def one(f: int) -> Fold:
        pairs = {pair for pair in fold if fold[pair] == f}
        return _without(training, {t for pair in pairs for t in pair}, lambda c: c.targets in pairs)

    return [one(f) for f in range(folds)]


def _pairs_half_seen(training: Conditions, folds: int, seed: int) -> list[Fold]:
    """Pairs with one of their targets, the other of which was perturbed alone."""
    alone = _alone(training)
    pairs = {c.targets for c in training if len(c.targets) == 2 and alone & set(c.targets)}
    unseen = {pair: _order([t for t in pair if alone.issuperset(set(pair) - {t})], seed)[0] for pair in pairs}
    fold = _dealt(set(unseen.values()), folds, seed)

    def one(f: int) -> Fold:
        gone = {t for t in fold if fold[t] == f}
        tested = {p for p, t in unseen.items() if t in gone and not gone & (set(p) - {t})}
        return _without(training, gone, lambda c: c.targets in tested)

    return [one(f) for f in range(folds)]


def _pairs_seen(training: Conditions, folds: int, seed: int) -> list[Fold]:
    """Pairs whose targets were both perturbed alone."""
    alone = _alone(training)
    pairs = {c.targets for c in training if len(c.targets) == 2 and alone.issuperset(c.targets)}
    fold: dict[tuple[str, ...], int] = _dealt(pairs, folds, seed)
    return [({c.name for c in training if fold.get(c.targets) == f}, set()) for f in range(folds)]


def _contexts(training: Conditions, folds: int, seed: int) -> list[Fold]:
    fold = _dealt({c.context.name for c in training}, folds, seed)
    return [({c.name for c in training if fold[c.context.name] == f}, set()) for f in range(folds)]


def _in_context(training: Conditions, folds: int, seed: int) -> list[Fold]:
    """What training holds in other contexts, in one context a fold."""
    return _rotated(training, lambda c: c.targets, lambda c: c.context.name, folds, seed)


def _doses(training: Conditions, folds: int, seed: int) -> list[Fold]:
    """Doses of what training holds at other doses, in all contexts."""
    dosed = [c for c in training if c.dose is not None]
    return _rotated(dosed, lambda c: (c.perturbation.mode, c.targets), lambda c: c.dose, folds, seed)


def _rotated(
    training: Conditions, what: Callable[[Condition], Hashable], where: Callable[[Condition], Hashable], folds: int,
    seed: int,
) -> list[Fold]:  # fmt: skip
    """What was done at several places, in folds so that no fold holds it at all of them."""
    places: dict[Hashable, set[Hashable]] = {}
    for c in training:
        places.setdefault(what(c), set()).add(where(c))
    several = [w for w in _order(places, seed) if len(places[w]) > 1]
    fold = {(w, p): (i + j) % folds for i, w in enumerate(several) for j, p in enumerate(_order(places[w], seed))}
    return [({c.name for c in training if fold.get((what(c), where(c))) == f}, set()) for f in range(folds)]


_MAKERS: dict[str, Callable[[Conditions, int, int], list[Fold]]] = {
    "unseen single": _targets,
    "unseen double, 0 seen": _pairs_unseen,
    "unseen double, 1 seen": _pairs_half_seen,
    "unseen double, 2 seen": _pairs_seen,
    "leave one target out": _some_target,
    "unseen context": _contexts,
    "unseen in context": _in_context,
    "unseen dose": _doses,
}


def _without(training: Conditions, gone: Collection[str], tested: Callable[[Condition], bool]) -> Fold:
    """Conditions that touch targets that are gone: tested, or on neither side."""
    touched = [c for c in training if set(gone) & set(c.targets)]
    test = {c.name for c in touched if tested(c)}
    return test, {c.name for c in touched} - test


def _usable(folds: list[Fold], training: Conditions) -> list[Fold]:
    """The folds that test something and leave something to train with."""
    return [(test, out) for test, out in folds if test and len(test | out) < len(training)]


def _alone(training: Conditions) -> set[str]:
    return {c.targets[0] for c in training if len(c.targets) == 1}


def _dealt(items: Iterable[T], folds: int, seed: int) -> dict[T, int]:
    """A fold for each item, dealt out in turn."""
    return {item: i % folds for i, item in enumerate(_order(items, seed))}


def _order(items: Iterable[T], seed: int) -> list[T]:
    """The different items in an order that the seed decides and nothing else."""
    return sorted(set(items), key=lambda item: text_hash(f"{seed}|{item!r}"))
