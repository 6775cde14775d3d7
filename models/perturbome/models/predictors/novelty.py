"""How new a condition is to what was trained on: what a gate learns is learned apart for each such class."""

from __future__ import annotations

from collections.abc import Sequence

from perturbome.models.data.condition import Condition
from perturbome.models.predictors.training_rows import contexts, kinds

SINGLE, ELSEWHERE, DOSE = "single, never seen", "seen in another context", "seen at another dose"
NEW_CONTEXT = "in a context without training conditions"


def novelty(conditions: Sequence[Condition], training: Sequence[Condition]) -> list[str]:
    """The class of each condition with respect to training conditions of its kind (loss, gain, compound).

    `seen in another context`, `seen at another dose`, `single, never seen`, or `combination, none|some|all of its
    targets seen`; each with `in a context without training conditions` where that is so.
    """
    seen, dosed = set(), set()
    targets: set[tuple[str, str]] = set()
    for kind, c in zip(kinds(training), training, strict=True):
        seen.add((kind, c.targets, c.dose))
        dosed.add((kind, c.targets))
        targets.update((kind, t) for t in c.targets)
    places = set(contexts(training))
    found = []
    for kind, c in zip(kinds(conditions), conditions, strict=True):
        n = sum((kind, t) in targets for t in c.targets)
        if (kind, c.targets, c.dose) in seen:
            what = ELSEWHERE
        elif (kind, c.targets) in dosed:
            what = DOSE
        elif len(c.targets) == 1:
            what = SINGLE
        else:
            what = f"combination, {'all' if n == len(c.targets) else 'some' if n else 'none'} of its targets seen"
        found.append(what if c.context.name in places else f"{what}, {NEW_CONTEXT}")
    return found
