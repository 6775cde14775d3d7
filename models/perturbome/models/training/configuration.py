"""One resolved configuration of a training: defaults, a preset over them, then what was asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from perturbome.models.data.assemble import N_GENES
from perturbome.models.data.fingerprint import text_hash
from perturbome.models.data.remarks import FEW
from perturbome.models.predictors.features_from_store import LEAST_SCORE, LOADINGS
from perturbome.models.training.making import canonical, options_of
from perturbome.models.training.overrides import overridden, settings_of
from perturbome.models.training.preset_files import Preset
from perturbome.platform.errors import InputError


@dataclass(frozen=True)
class DataSettings:
    """How the data set is cut; see `perturbation_data`."""

    contexts: tuple[str, ...] | None = None
    by_time: bool = False
    min_cells: int = FEW
    n_genes: int | None = N_GENES  # None: all

    def __post_init__(self) -> None:
        for name, value in (("min_cells", self.min_cells), ("n_genes", self.n_genes)):
            if value is not None and value < 1:
                raise InputError(f"data.{name} must be 1 or more, not {value}.")


@dataclass(frozen=True)
class FeatureSettings:
    """Which prior knowledge is read; see `features_from_store`."""

    regulation_runs: tuple[str, ...] = ()
    least_score: float = LEAST_SCORE
    loadings: int = LOADINGS

    def __post_init__(self) -> None:
        if self.loadings < 0:
            raise InputError(f"features.loadings must be 0 (none) or more, not {self.loadings}.")
        if not 0 <= self.least_score <= 1:
            raise InputError(f"features.least_score must lie between 0 and 1, not {self.least_score}.")


@dataclass(frozen=True)
class Configuration:
    """All that a training depends on, but for the data and the split."""

    model: str
    options: Mapping[str, Any]
    data: DataSettings
    features: FeatureSettings
    seed: int
    preset: str | None = None

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InputError(f"The seed must be 0 or more, not {self.seed}.")

    def stored(self) -> dict[str, Any]:
        """As JSON holds it."""
        plain = {
            "model": self.model, "options": dict(self.options), "data": asdict(self.data),
            "features": asdict(self.features), "seed": self.seed, "preset": self.preset,
        }  # fmt: skip
        found: dict[str, Any] = json.loads(json.dumps(plain))
        return found

    @property
    def hash(self) -> str:
        """SHA-256 of what decides numbers; where it came from does not."""
        return text_hash(json.dumps({k: v for k, v in self.stored().items() if k != "preset"}, sort_keys=True))


def resolve(
    model: str | None, *, preset: Preset | None = None, flags: Mapping[str, Mapping[str, Any]] | None = None,
    texts: Sequence[str] = (), seed: int = 0,
) -> Configuration:  # fmt: skip
    """The configuration of a model: its defaults, the preset, the command's own flags, then `section.name=value`.

    Sections: model (the predictor's options), data, features. Raises UnknownName for a model that there is not;
    InputError for a setting that there is not or of another type, and for a preset made for another model.
    """
    name = model or (preset.model if preset else None)
    if name is None:
        raise InputError("No model is named. Name one, or a preset that does: perturbome train prior-kernel.")
    name = canonical(name)
    if preset and preset.model and canonical(preset.model) != name.removeprefix("gated "):
        raise InputError(
            f"The preset '{preset.name}' is for '{canonical(preset.model)}', not for '{name}'. Leave out the model's "
            "name, or the preset."
        )
    settings = {"model": options_of(name), "data": settings_of(DataSettings), "features": settings_of(FeatureSettings)}
    layers = [(preset.where, preset.values)] if preset else []
    if flags:
        layers.append(("the command", flags))
    values = overridden(settings, layers, texts)
    return Configuration(
        name, values["model"], DataSettings(**values["data"]), FeatureSettings(**values["features"]), seed,
        preset.name if preset else None,
    )  # fmt: skip
