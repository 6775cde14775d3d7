"""Predictors by name with their options, the one place where training meets the registry."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

from perturbome.models.predictors import registry
from perturbome.models.predictors.contract import Predictor
from perturbome.models.training.memory import Memory
from perturbome.models.training.overrides import Setting, settings_of

GATED, MEMORY = "gated ", "memory"


def canonical(name: str) -> str:
    """A predictor's name as the registry spells it, with `gated` before it where it was; UnknownName otherwise."""
    text = name.replace("-", " ") if name.casefold().startswith("gated-") else name
    if text.casefold().startswith(GATED):
        return GATED + registry.find_predictor(text[len(GATED) :].strip()).name
    return registry.find_predictor(name).name


def options_of(name: str) -> dict[str, Setting]:
    """What can be set of a predictor by its canonical name; of a gated one, of the predictor inside and of the gate."""
    of_gate: dict[str, Setting] = {}
    if name.startswith(GATED):
        from perturbome.models.predictors.gated import OPTIONS, Gated

        of_gate = {key: s for key, s in settings_of(Gated).items() if key in OPTIONS}
    made = registry.find_predictor(name.removeprefix(GATED)).factory
    given: dict[str, Any] = {}
    if isinstance(made, partial):
        given, arguments, made = dict(made.keywords), made.args, made.func
        names = list(settings_of(made))
        given |= dict(zip(names, arguments, strict=False))
    return settings_of(made, given) | of_gate


def make(name: str, options: Mapping[str, Any], memory: Memory | None = None) -> Predictor:
    """The predictor of that canonical name; options that are as by default are not named.

    memory: for predictors that learn in passes, which say so by a field `memory`: what their fits have learned.
    """
    usual = options_of(name)
    changed = {key: value for key, value in options.items() if value != usual[key].default}
    if memory is not None and remembers(name):
        changed["memory"] = memory
    found: Predictor = registry.make_predictor(name, **changed)
    return found


def remembers(name: str) -> bool:
    """Whether what the predictor learns is kept as weights, not learned again."""
    made = registry.find_predictor(name.removeprefix(GATED)).factory
    return any(f.name == MEMORY for f in dataclasses.fields(made.func if isinstance(made, partial) else made))  # type: ignore[arg-type]
