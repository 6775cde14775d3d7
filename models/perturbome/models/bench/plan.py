"""What a benchmark will run: every model on every split of every seed, one cell of the table each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec

from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.fingerprint import text_hash
from perturbome.models.data.splits import Split
from perturbome.models.predictors.base_choice import closed_form_baselines
from perturbome.models.predictors.features import Features
from perturbome.models.predictors.registry import PREDICTORS
from perturbome.platform.lake.provenance import code_version

CEILING = "replicate"
NETWORK = "latent additive"
CONTENDERS = ("prior kernel", "gated prior kernel")
WITH_FEATURES = ("feature random forest", "feature elastic net", "gated feature elastic net")


@dataclass(frozen=True)
class Cell:
    """One cell of the table: a model, or the replicate, on one split of one seed."""

    model: str
    split: Split
    seed: int
    data_hash: str
    settings: str  # what else decides the result, as JSON
    features_hash: str = ""

    @property
    def key(self) -> str:
        """Name of what is kept of it: the same for the same data, split, model, seed, settings and code."""
        split = [self.split.hash, self.split.kind]
        what = [self.model, split, self.seed, self.data_hash, self.features_hash, self.settings, code_version()]
        return text_hash(json.dumps(what))[:32]

    @property
    def name(self) -> str:
        """As a line of progress calls it."""
        return f"{self.model} on {self.split.name}, seed {self.seed}"


def default_models(data: PerturbationData, features: Features) -> list[str]:
    """Every baseline that has what it needs here, the prior kernel, and the best of both kinds behind a gate.

    The latent additive network, which knows no target that it has not seen (there it is B1), is one where some of
    the test side's targets are seen, and torch is there.
    """
    baselines = [record.name for record in closed_form_baselines(data, features, tested=True)]
    with_features = WITH_FEATURES if any("features" in PREDICTORS[name].needs for name in baselines) else ()
    seen = {t for c in data.training.conditions for t in c.targets}
    asked = {t for name in (data.split.test if data.split else ()) for t in Condition.parse(name).targets}
    network = [NETWORK] if seen & asked and all(map(find_spec, ("torch", "lightning"))) else []
    return [*baselines, *with_features, *network, *CONTENDERS]


def is_baseline(model: str) -> bool:
    """Whether a model's name is that of a baseline, B0 to B8."""
    return model in PREDICTORS and PREDICTORS[model].id.startswith("B")
