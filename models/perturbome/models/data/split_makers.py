"""Splits drawn from conditions: by gene, by pair, by context, by dose, in folds; the same for a seed everywhere."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from perturbome.models.data.condition import Condition
from perturbome.models.data.splits import Split
from perturbome.platform.errors import InputError, UnknownName
from perturbome.platform.words import first_few

Conditions = Sequence[Condition]
Held = tuple[list[Condition], list[Condition], list[Condition]]
"""Conditions that stay, that are held out, and that may stand on neither side."""

TEST_SHARE, VALIDATION_SHARE = 0.25, 0.1
MOST_NAMED = 5


def unseen_single(
    conditions: Conditions, *, share: float = TEST_SHARE, validation: float = VALIDATION_SHARE, seed: int = 0
) -> Split:
    """Hold out genes: all that was done to each alone is tested, combinations with it are left out.

    `share` is of the genes (or compounds) that were perturbed alone, `validation` of the rest of them.
    """

    def hold(pool: Conditions, part: float, salt: str) -> Held:
        alone = {c.targets[0] for c in pool if len(c.targets) == 1}
        unseen = set(_drawn(alone, part, seed, salt, leave=1))
        return _divided(pool, lambda c: _side(c, unseen, len(c.targets) == 1))

    return _made("unseen single", conditions, hold, share, validation, seed)


def unseen_double(
    conditions: Conditions, seen: int, *, share: float = TEST_SHARE, validation: float = VALIDATION_SHARE, seed: int = 0
) -> Split:
    """Hold out pairs of genes of which `seen` (0, 1 or 2) are perturbed alone in training.

    `share` is of the pairs, at the least where `seen` is below 2: there genes become unseen, one or both of a pair
    drawn, until so many pairs are held out. What else was done to an unseen gene is left out. Where `seen` is above
    0, a pair whose seen genes were not perturbed alone cannot be tested, and stays in training if all its genes are
    seen. Raises InputError where no pair can be held out.
    """
    if seen not in (0, 1, 2):
        raise InputError(f"A pair has 0, 1 or 2 genes seen in training, not {seen!r}.")

    promised: set[str] = set()  # genes that pairs already held out need to be seen

    def hold(pool: Conditions, part: float, salt: str) -> Held:
        alone = {c.targets[0] for c in pool if len(c.targets) == 1}
        pairs: set[tuple[str, ...]] = {c.targets for c in pool if len(c.targets) == 2}
        if seen == 2:
            drawn = set(_drawn({p for p in pairs if alone.issuperset(p)}, part, seed, salt))
            return _divided(pool, lambda c: "held" if c.targets in drawn else "stays")
        unseen = _unseen_genes(pairs, alone, promised, seen, part, seed, salt)

        def tested(pair: tuple[str, ...]) -> bool:
            rest = set(pair) - unseen
            return len(pair) == 2 and len(rest) == seen and alone.issuperset(rest)

        found = _divided(pool, lambda c: _side(c, unseen, tested(c.targets)))
        promised.update(g for c in found[1] for g in c.targets if g not in unseen)
        return found

    return _made(f"unseen double, {seen} seen", conditions, hold, share, validation, seed)


def unseen_context(conditions: Conditions, test: Collection[str], *, validation: Collection[str] = ()) -> Split:
    """Hold out whole contexts, by their names; all others train. Of a test context only control cells are seen."""
    known = sorted({c.context.name for c in conditions})
    for name in (*_listed(test, "test"), *_listed(validation, "validation")):
        if name not in known:
            raise UnknownName("context", name, "these conditions", known)
    _require_several(conditions)
    sides: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for c in conditions:
        where = c.context.name
        sides["test" if where in test else "validation" if where in validation else "train"].append(c.name)
    return Split(
        f"unseen context: {', '.join(sorted(test))}", "unseen context", tuple(sides["train"]),
        tuple(sides["validation"]), tuple(sides["test"]),
    )  # fmt: skip


def unseen_dose(
    conditions: Conditions, *, share: float = TEST_SHARE, validation: float = VALIDATION_SHARE, seed: int = 0
) -> Split:
    """Hold out doses of what was given at several: each is unseen in every context, at least one dose stays.

    `share` is of the pairs of perturbation and dose that can be held out so, at the most.
    """

    def hold(pool: Conditions, part: float, salt: str) -> Held:
        doses: dict[str, set[float]] = {}
        for c in pool:
            if c.dose is not None:
                doses.setdefault(_without_dose(c), set()).add(c.dose)
        pairs = [(what, dose) for what, given in doses.items() if len(given) > 1 for dose in given]
        unseen: set[tuple[str, float]] = set()
        for what, dose in _drawn(pairs, part, seed, salt):
            if len(doses[what]) > 1:
                doses[what].remove(dose)
                unseen.add((what, dose))
        return _divided(
            pool, lambda c: "held" if c.dose is not None and (_without_dose(c), c.dose) in unseen else "stays"
        )

    return _made("unseen dose", conditions, hold, share, validation, seed)


def leave_one_target_out(conditions: Conditions) -> list[Split]:
    """One split for each perturbed gene or compound: all that was done to it, alone or with others, is tested."""
    _require_several(conditions)
    targets = sorted({t for c in conditions for t in c.targets})
    splits = []
    for target in targets:
        train = tuple(c.name for c in conditions if target not in c.targets)
        if train:
            test = tuple(c.name for c in conditions if target in c.targets)
            splits.append(Split(f"without {target}", "leave one target out", train, (), test))
    if not splits:
        raise InputError(f"Every condition perturbs {' and '.join(targets)}, so no target can be left out.")
    return splits


def k_fold(conditions: Conditions, k: int = 5, *, validate: bool = False, seed: int = 0) -> list[Split]:
    """k splits whose test sides cover all conditions once; what was done to one set of targets stays in one fold.

    With `validate`, the fold after the tested one validates. Raises InputError for more folds than sets of targets.
    """
    _require_several(conditions)
    sets = _shuffled({c.targets for c in conditions}, seed, "fold")
    fewest = 3 if validate else 2
    if not fewest <= k <= len(sets):
        raise InputError(
            f"{k} folds cannot be made of {len(sets)} different sets of targets. Give a number from {fewest} to "
            f"{len(sets)}."
        )
    fold = {targets: i % k for i, targets in enumerate(sets)}
    splits = []
    for i in range(k):
        sides: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
        for c in conditions:
            at = fold[c.targets]
            sides["test" if at == i else "validation" if validate and at == (i + 1) % k else "train"].append(c.name)
        splits.append(
            Split(
                f"fold {i + 1} of {k}", "k-fold", tuple(sides["train"]), tuple(sides["validation"]),
                tuple(sides["test"]), seed,
            )
        )  # fmt: skip
    return splits


# -- the steps they share -----------------------------------------------------------------------------------


def _made(
    kind: str, conditions: Conditions, hold: Callable[[Conditions, float, str], Held], share: float, validation: float,
    seed: int,
) -> Split:  # fmt: skip
    """Hold out the test side, then the validation side from what stays, in the same way."""
    if not 0 < share < 1 or not 0 <= validation < 1:
        raise InputError(
            f"Shares lie between 0 and 1; 'share' is {share:g} and 'validation' {validation:g}. 'validation' may be 0."
        )
    _require_several(conditions)
    stays, test, out = hold(conditions, share, "test")
    if not test or not stays:
        raise InputError(
            f"No split of the kind '{kind}' can be made of these {len(conditions)} conditions: "
            f"{'none would be left to train with' if test else _why_none(kind, conditions)}. "
            "Choose another kind of split, as 5-fold or leave-one-out."
        )
    held: list[Condition] = []
    if validation > 0:
        rest, held, more = hold(stays, validation, "validation")
        if rest and held:
            stays, out = rest, [*out, *more]
        else:
            held = []
    names = [tuple(c.name for c in side) for side in (stays, held, test, out)]
    return Split(f"{kind}, seed {seed}", kind, names[0], names[1], names[2], seed, names[3])


def _why_none(kind: str, conditions: Conditions) -> str:
    """Why nothing can be held out as a kind of split would."""
    alone = {c.targets[0] for c in conditions if len(c.targets) == 1}
    if kind == "unseen single":
        return f"targets perturbed alone: {len(alone)}, and one of them must stay"
    if kind == "unseen dose":
        doses = {(_without_dose(c), c.dose) for c in conditions if c.dose is not None}
        if not doses:
            return "none of them has a dose"
        return f"each of the {len({what for what, _ in doses})} that have a dose was given at one dose only"
    pairs = {c.targets for c in conditions if len(c.targets) == 2}
    if not pairs:
        return "none of them perturbs two targets together"
    lacking = first_few(sorted({t for pair in pairs for t in pair} - alone), MOST_NAMED)
    of = {"unseen double, 2 seen": "both genes were", "unseen double, 1 seen": "a gene was"}.get(kind)
    many = "the one pair" if len(pairs) == 1 else f"none of the {len(pairs)} pairs"
    if of is None or not lacking:
        return "none of them can be held out so"
    return f"of {many} {of} {'not ' if len(pairs) == 1 else ''}perturbed alone (not alone: {lacking})"


def _divided(pool: Conditions, side: Callable[[Condition], str]) -> Held:
    sides: dict[str, list[Condition]] = {"stays": [], "held": [], "out": []}
    for c in pool:
        sides[side(c)].append(c)
    return sides["stays"], sides["held"], sides["out"]


def _side(condition: Condition, unseen: Collection[str], tested: bool) -> str:
    """Where a condition goes when some genes must stay unseen."""
    return "stays" if not set(condition.targets) & set(unseen) else "held" if tested else "out"


def _unseen_genes(
    pairs: set[tuple[str, ...]], alone: set[str], promised: set[str], seen: int, part: float, seed: int, salt: str
) -> set[str]:
    """Genes that must stay unseen for a share of the pairs to have `seen` genes that are seen; no promised ones."""
    unseen: set[str] = set()
    wanted = _count(len(pairs), part)

    def held() -> int:
        rests = [set(p) - unseen for p in pairs]
        return sum(len(rest) == seen and alone.issuperset(rest) for rest in rests)

    for pair in _shuffled(pairs, seed, salt):
        if held() >= wanted:
            break
        if seen == 0:
            unseen |= set(pair)
        elif not unseen & set(pair):
            may = [g for g in _shuffled(pair, seed, salt) if g not in promised and alone.issuperset(set(pair) - {g})]
            unseen |= set(may[:1])
    return unseen


def _drawn(items: Iterable[object], part: float, seed: int, salt: str, leave: int = 0) -> list[Any]:
    """A share of the items, at least one of them, but `leave` so many."""
    order = _shuffled(items, seed, salt)
    return order[: max(0, min(_count(len(order), part), len(order) - leave))]


def _count(n: int, part: float) -> int:
    return max(1, math.floor(n * part + 0.5))


def _shuffled(items: Iterable[object], seed: int, salt: str) -> list[Any]:
    """The items in an order that a seed decides and nothing else: by SHA-256, the same with every library."""
    return sorted(set(items), key=lambda item: hashlib.sha256(f"{seed}|{salt}|{item!r}".encode()).digest())


def _without_dose(condition: Condition) -> str:
    p = condition.perturbation
    return f"{p.mode}:{p.label}"


def _listed(names: Collection[str], what: str) -> list[str]:
    if isinstance(names, str):
        raise InputError(f"'{what}' must be a list of contexts, not the text '{names}'. Give ['{names}'].")
    return list(names)


def _require_several(conditions: Conditions) -> None:
    if len({c.name for c in conditions}) < 2:
        there = f"only one condition, {conditions[0].name}," if conditions else "no condition"
        raise InputError(f"There is {there} so nothing can be held out: a split needs two or more.")
