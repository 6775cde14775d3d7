"""What to know of an answer whose dose was never measured: which doses were, and which of them it answers as for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perturbome.models.data.condition import Condition, Context
from perturbome.models.training.kept import Model
from perturbome.platform.perturbation import Perturbation
from perturbome.platform.words import first_few

MOST_NAMED = 5
CLOSE = 1e-6
"""Answers are the same where no gene differs by more than this share of the largest change."""


def dose_remarks(model: Model, perturbations: Sequence[Perturbation], contexts: Sequence[Context]) -> list[str]:
    """A sentence for each perturbation asked for at a dose that training does not hold, or without one where it does.

    What the model makes of such a dose is not told from its name but tried: it is asked for the measured doses too,
    and those are named whose answer is the same in every one of the contexts.
    """
    asked = [(p, *_measured(model, p)) for p in dict.fromkeys(perturbations)]
    strange = [(p, where, doses) for p, where, doses in asked if p.dose not in doses]
    said = [_sentence(model, p, where, doses, contexts) for p, where, doses in strange[:MOST_NAMED]]
    more = len(strange) - MOST_NAMED
    if more > 0:
        said.append(f"{more} more perturbations were asked for at doses that were not measured in training.")
    return said


def _measured(model: Model, asked: Perturbation) -> tuple[str, list[float | None]]:
    """Whose doses, and at which training holds it; None is no dose. The whole mode's where these targets are new."""
    alike = [c.perturbation for c in model.data.conditions if c.perturbation.mode == asked.mode]
    same = [p for p in alike if p.targets == asked.targets]
    doses: set[float | None] = {p.dose for p in same or alike}
    if not same and asked.dose is None:
        doses.add(None)  # new targets without a dose are no surprise
    where = asked.label if same else f"{asked.mode} of others"
    return where, sorted(doses, key=lambda dose: (dose is not None, dose or 0.0))


def _sentence(
    model: Model, asked: Perturbation, where: str, measured: list[float | None], contexts: Sequence[Context]
) -> str:
    """What was asked, what was measured, and as for which measured dose the model answers."""
    given = "without a dose" if asked.dose is None else f"at dose {asked.dose:g}"
    doses = [dose for dose in measured if dose is not None]
    compared: list[float | None] = list(doses) or [None]
    held = f"{where} at {_listed(doses)}" if doses else f"{where} without doses" if measured else "nothing of this mode"
    what = f"{asked.label} {given} was not measured; training holds {held}."
    answers = model.predictor.predict([_at(asked, dose, c) for dose in (asked.dose, *compared) for c in contexts]).delta
    own, *others = np.split(answers, 1 + len(compared))
    room = CLOSE * np.abs(own).max()
    same = [dose for dose, other in zip(compared, others, strict=True) if np.abs(own - other).max() <= room]
    if same and not doses:
        return f"{what} '{model.name}' answers as for no dose."
    if len(same) == len(compared) > 1:
        return f"{what} '{model.name}' does not tell doses apart: it answers the same for each."
    if same:
        return f"{what} '{model.name}' answers as for {_listed([d for d in same if d is not None])}."
    return f"{what} '{model.name}' answers unlike for any of these doses, and no measurement stands behind it."


def _at(asked: Perturbation, dose: float | None, context: Context) -> Condition:
    return Condition(Perturbation(asked.targets, asked.mode, dose), context)


def _listed(doses: Sequence[float]) -> str:
    return first_few([f"{dose:g}" for dose in doses], 2 * MOST_NAMED)
