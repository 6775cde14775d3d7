"""A trained model kept in a folder and taken up again: the same answers, bit by bit, and no expression read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perturbome.models.contracts import FitReport
from perturbome.models.data.condition import Condition
from perturbome.models.data.contract import PerturbationData
from perturbome.models.predictors.averages import Additive
from perturbome.models.predictors.contract import Array, Predicted, Predictor
from perturbome.models.predictors.features import Features
from perturbome.models.training.making import make
from perturbome.models.training.memory import Memory
from perturbome.models.training.model_folder import read_model, write_model
from perturbome.models.training.stored_data import data_arrays, data_of, feature_arrays, features_of, split_of
from perturbome.platform.errors import InputError, NothingFound, UnknownName

if TYPE_CHECKING:
    from perturbome.platform.lake import Run
    from perturbome.platform.store import Store

FOLDER = "models"
"""Where a store keeps the folders of its models, each called as its run."""
_WEIGHTS = "weights/"
MOST_NAMED = 12


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted predictor, what it has seen, and how it was trained."""

    name: str
    configuration: dict[str, Any]
    data: PerturbationData  # hidden: what it was fitted to
    features: Features
    predictor: Predictor

    @cached_property
    def symbols(self) -> frozenset[str]:
        """Genes that the model holds in any of its lists: measured, perturbed, or known from before."""
        features = self.features
        parts = (features.embeddings, features.gene_sets, features.networks, features.regulation)
        known = {gene for part in parts for matrix in part.values() for gene in matrix.genes}
        perturbed = {t for c in self.data.conditions for t in c.targets}
        return frozenset({*known, *perturbed, *self.data.symbols})

    def baseline(self, conditions: Sequence[Condition]) -> Predicted:
        """The simple answer beside any other: the sum of single effects, or the perturbed mean."""
        simple = Additive()
        simple.fit(self.data)
        return simple.predict(conditions)

    def predict(self, conditions: Sequence[Condition]) -> tuple[Predicted, Array, tuple[str, ...]]:
        """The prediction, and the baseline beside it with what answered for it."""
        found = self.predictor.predict(conditions)
        if found.baseline is not None:
            return found, found.baseline, found.baseline_how
        simple = self.baseline(conditions)
        return found, simple.delta, simple.how


def find_train_run(store: Store, run: str | None) -> Run:
    """The train run of that id (or its beginning), by default the newest.

    UnknownName lists those there are, InputError those whose ids all begin so.
    """
    trained = store.lake.runs("train")
    if not trained:
        raise NothingFound("The store holds no trained model yet. Train one: perturbome train prior-kernel.")
    if run is None:
        return trained[-1]
    found = [r for r in trained if r.id == run] or [r for r in trained if run and r.id.startswith(run)]
    if len(found) > 1:
        raise InputError(f"'{run}' begins the ids of {len(found)} train runs: {_named(found)}. Give more of the id.")
    if not found:
        other = [r for r in store.lake.all_runs() if r.id == run]
        what = f"It is a run of kind {other[0].kind}, {other[0].status}. " if other else ""
        raise UnknownName("train run", run, str(store.path), [], f"{what}Trained models: {_named(trained)}.")
    return found[0]


def _named(runs: Sequence[Run]) -> str:
    """The newest of some runs by id and name."""
    older = f"; and {len(runs) - MOST_NAMED} older ones" if len(runs) > MOST_NAMED else ""
    return "; ".join(f"{r.id} ({r.name})" for r in runs[-MOST_NAMED:]) + older


def load_model(store: Store, run: str | None = None) -> Model:
    """The model of a train run. UnknownName for another run; StoreError where its folder is absent or damaged."""
    return load_folder(store.path / FOLDER / find_train_run(store, run).id)


def save_folder(
    folder: Path, settings: dict[str, Any], data: PerturbationData, features: Features, memory: Memory, fit: FitReport
) -> None:
    """Keep what a predictor was fitted to and what was learned; `settings` hold model, options, seed and split."""
    from perturbome.platform.lake.provenance import code_version

    arrays, names = data_arrays(data)
    more, names["features"] = feature_arrays(features)
    learned = {f"{_WEIGHTS}{name}": a for name, a in memory.arrays().items()}
    found = {"n_perturbations": fit.n_perturbations, "numbers": fit.numbers, "said": list(fit.said)}
    found |= {"curve": [dict(row) for row in fit.curve]}
    whole = {**settings, "fit": found, "code_version": code_version()}
    write_model(folder, whole, names, {**arrays, **more, **learned})


def load_folder(folder: Path) -> Model:
    """The model in a folder: closed forms are learned again from what they saw, weights are taken up."""
    stored = read_model(folder)
    settings = stored.configuration
    data = data_of(stored.arrays, stored.names, split_of(settings["split"]))
    features = features_of(stored.arrays, stored.names["features"])
    learned = {n.removeprefix(_WEIGHTS): a for n, a in stored.arrays.items() if n.startswith(_WEIGHTS)}
    predictor = make(settings["model"], _options(settings), Memory.of_arrays(learned))
    predictor.fit(data, features, settings["seed"])
    return Model(settings["model"], settings, data, features, predictor)


def _options(settings: dict[str, Any]) -> dict[str, Any]:
    """Options as they were resolved; lists of JSON are tuples."""
    return {name: tuple(v) if isinstance(v, list) else v for name, v in settings["options"].items()}
