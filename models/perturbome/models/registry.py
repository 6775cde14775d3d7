"""Every model as a record: to add one, write its file and name it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from perturbome.models.baselines import MEAN, NO_CHANGE, Baseline
from perturbome.models.difference import DifferenceRanking
from perturbome.models.inversion import InversionRanking
from perturbome.models.network_model import GATED, PROPAGATION, NetworkModel
from perturbome.models.regulon import RegulonRanking
from perturbome.platform.errors import UnknownName

Task = Literal["effect", "target", "temporal"]


@dataclass(frozen=True)
class Model:
    """A model's name, its task, one line for the screen, what it needs, its source, and how to make one."""

    name: str
    task: Task
    meaning: str
    needs: tuple[str, ...]  # of "regulation", "measured perturbations"
    paper: str
    factory: Callable[..., Any]  # takes the network first where it needs regulation
    baseline: bool = False


MODELS: dict[str, Model] = {
    m.name: m
    for m in (
        Model(
            PROPAGATION, "effect", "signed propagation over the stored network", ("regulation",),
            "after Kamimoto et al. 2023, Nature 614", NetworkModel,
        ),
        Model(
            GATED, "effect", "the baseline, corrected by propagation as far as measured perturbations bear it out",
            ("regulation", "measured perturbations"), "Ahlmann-Eltze et al. 2025, Nature Methods, for the baseline",
            lambda network, **options: NetworkModel(network, gated=True, **options),
        ),
        Model(
            NO_CHANGE, "effect", "nothing changes", (), "Ahlmann-Eltze et al. 2025, Nature Methods",
            lambda: Baseline(NO_CHANGE), baseline=True,
        ),
        Model(
            MEAN, "effect", "what the other perturbations do on average; for several genes, the sum of their effects",
            ("measured perturbations",), "Ahlmann-Eltze et al. 2025; Vinas Torne et al. 2025 (Systema)",
            lambda: Baseline(MEAN), baseline=True,
        ),
        Model(
            "inversion", "target", "whose predicted knock-out looks most like the change", ("regulation",),
            "Tusher et al. 2001 for the moderated unit; Fisher 1921 for z", InversionRanking,
        ),
        Model(
            "regulon", "target", "whose direct targets changed as their weights say", ("regulation",),
            "Badia-i-Mompel et al. 2022 (decoupler), univariate linear model", RegulonRanking,
        ),
        Model(
            "difference", "target", "whose own expression changed most", (), "Welch 1947", DifferenceRanking,
            baseline=True,
        ),
    )
}  # fmt: skip


def models(task: Task | None = None) -> list[Model]:
    """The models there are, for one task or all."""
    return [m for m in MODELS.values() if task in (None, m.task)]


def find_model(name: str, task: Task) -> Model:
    """The model of that name; UnknownName lists those of the task."""
    for model in models(task):
        if model.name == name or model.name.replace(" ", "-") == name:
            return model
    raise UnknownName(f"{task} model", name, "the registry", [m.name for m in models(task)])
