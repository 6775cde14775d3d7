"""Train predictors of effects on a data set of the store: cut, audited, fitted, and kept as a model's folder."""

from __future__ import annotations

import os
import resource
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perturbome.models.contracts import FitReport
from perturbome.models.data.audit import audit
from perturbome.models.data.build import list_conditions, perturbation_data
from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PARTS
from perturbome.models.data.fingerprint import text_hash
from perturbome.models.data.split_choice import NoSplit, choose_splits
from perturbome.models.data.splits import Split
from perturbome.models.predictors.features_from_store import features_from_store
from perturbome.models.training.configuration import Configuration, DataSettings, resolve
from perturbome.models.training.kept import FOLDER, save_folder
from perturbome.models.training.making import make
from perturbome.models.training.memory import Memory
from perturbome.models.training.model_folder import UNFINISHED, require_safetensors, sweep_models
from perturbome.models.training.preset_files import read_preset
from perturbome.models.training.verdict import verdict
from perturbome.platform.errors import InputError
from perturbome.platform.interruption import going_on
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class Trained:
    """One model trained on one split."""

    run: str | None  # None where another process of the same training wrote it
    model: str
    dataset: str
    split: Split
    folder: Path | None
    configuration: dict[str, Any]
    fit: FitReport
    metrics: dict[str, Any]
    said: tuple[str, ...]


def train(
    store: Store, models: str | Sequence[str] | None = None, *, dataset: str | None = None, split: str | Split = "none",
    preset: str | None = None, settings: Sequence[str] = (), seed: int = 0, n_genes: int | None = None,
    contexts: Sequence[str] | None = None, min_cells: int | None = None, report: Report = silent,
) -> list[Trained]:  # fmt: skip
    """Train predictors on a data set and keep each as a run with a model's folder in the store.

    models: names of predictors, or `gated NAME`; none where the preset names one. split: a text (see `choose_splits`),
    a Split, or 'none' to train on everything; a text that stands for several splits gives a run for each. settings:
    `section.name=value` over the preset. The predictor sees `hidden()` data only, after an audit.

    Raises UnknownName for a model, data set, context or preset that there is not, InputError for settings and splits
    that do not fit, NothingFound for a context without controls, LeakFound where the split leaks, ModelError where the
    model cannot be fitted to these conditions, MissingExtra without the packages of the extra `models`.
    """
    from perturbome.models.conditions import choose_dataset

    require_safetensors()
    dataset = choose_dataset(store, dataset)
    given = {"n_genes": n_genes, "contexts": None if contexts is None else list(contexts), "min_cells": min_cells}
    flags = {"data": {name: value for name, value in given.items() if value is not None}}
    names = [models] if isinstance(models, str) else list(models or [None])  # type: ignore[list-item]
    read = read_preset(preset) if preset else None
    resolved = [resolve(name, preset=read, flags=flags, texts=settings, seed=seed) for name in names]
    _require_different(resolved)
    trained = []
    for cut_as in dict.fromkeys(c.data for c in resolved):
        same = [c for c in resolved if c.data == cut_as]
        for one in _splits(store, dataset, cut_as, split, seed):
            started = datetime.now(UTC)
            data = _cut(store, dataset, cut_as, one, seed, any(c.features.loadings for c in same), report)
            for configuration in same:
                trained.append(_train(store, data, one, configuration, started, report))
                started = datetime.now(UTC)
    return trained


def shown(data: PerturbationData, split: Split) -> PerturbationData:
    """What a model may see: `hidden()` data; where nothing is held out, both halves of the control cells as one."""
    if not isinstance(split, NoSplit):
        return data.hidden()
    part = np.arange(len(data.controls.n)) % PARTS
    to = np.arange(len(part)) - part + np.array([2, 3, 2, 3])[part]
    kept = np.arange(len(data.conditions))
    return replace(
        data, controls=data.controls.merge(to, len(part)), cells=data.cells.regrouped(kept, to, len(kept)), split=split
    )  # fmt: skip


# -- steps --------------------------------------------------------------------------------------------------


def _splits(store: Store, dataset: str, cut: DataSettings, split: str | Split, seed: int) -> list[Split]:
    if isinstance(split, Split):
        return [split]
    conditions = list_conditions(
        store, dataset, contexts=cut.contexts, by_time=cut.by_time, min_cells=cut.min_cells
    )  # fmt: skip
    return choose_splits(conditions, split, seeds=[seed], dataset=dataset)


def _cut(
    store: Store, dataset: str, cut: DataSettings, split: Split, seed: int, cells: bool, report: Report
) -> PerturbationData:
    data = perturbation_data(
        store, dataset, split, contexts=cut.contexts, by_time=cut.by_time, min_cells=cut.min_cells,
        n_genes=cut.n_genes, seed=seed, cells=cells, report=report,
    )  # fmt: skip
    if not isinstance(split, NoSplit):
        audit(data)
    return data


def _train(
    store: Store, data: PerturbationData, split: Split, configuration: Configuration, started: datetime, report: Report
) -> Trained:
    chosen = asdict(configuration.features)
    features = features_from_store(store, data, **chosen)
    seen = shown(data, split)
    key = text_hash(f"{configuration.hash}|{data.hash}|{split.hash}")[:32]
    memory = Memory(folder=store.path / FOLDER / UNFINISHED / key)
    predictor = make(configuration.model, configuration.options, memory)
    before = memory.left()
    began = time.perf_counter()
    with going_on(lambda: _kept(memory)):
        fit = predictor.fit(seen, features, configuration.seed)
    took = time.perf_counter() - began
    stored = {
        **configuration.stored(), "dataset": data.dataset, "unit": data.unit, "split": split.configuration(),
        "data_hash": data.hash, "n_genes": len(data.genes), "gene_choice": data.gene_choice.how,
    }  # fmt: skip
    metrics = {
        **{f"fit: {name}": value for name, value in fit.numbers.items()},
        "n_train": len(split.train), "n_validation": len(split.validation), "n_test": len(split.test),
        "fit_seconds": took, "peak_memory_mb": _peak_megabytes(),
    }  # fmt: skip
    taken = (f"Taken from an earlier training that was interrupted: {before}.",) if before else ()
    said = (*taken, *data.said, *fit.said)
    if int(os.environ.get("RANK", "0")):
        return Trained(None, configuration.model, data.dataset, split, None, stored, fit, metrics, said)
    if split.test:
        metrics |= verdict(data, seen, predictor)
    name = f"{configuration.model} on {data.dataset}, {split.name}"
    parents = [str(run) for run in store.datasets().filter(dataset=data.dataset)["run"]]
    with store.run(
        "train", name=name, configuration=stored, parents=[*parents, *configuration.features.regulation_runs],
        datasets=[data.dataset], started=started, report=report,
    ) as writer:  # fmt: skip
        folder = store.path / FOLDER / writer.id
        save_folder(folder, stored | {"run": writer.id}, seen, features, memory, fit)
        sweep_models(folder.parent, {run.id for run in store.lake.runs("train")} | {writer.id})
        writer.metrics |= metrics | {"said": list(said)}
    shutil.rmtree(store.path / FOLDER / UNFINISHED / key, ignore_errors=True)
    return Trained(writer.id, configuration.model, data.dataset, split, folder, stored, fit, metrics, said)


def _kept(memory: Memory) -> str | None:
    """What an interruption leaves of a fit."""
    left = memory.left()
    return f"Kept of the model that was being fitted: {left}. The same command goes on from there." if left else None


def _require_different(resolved: Sequence[Configuration]) -> None:
    seen: set[str] = set()
    for configuration in resolved:
        if configuration.hash in seen:
            raise InputError(f"The model '{configuration.model}' is named twice with the same settings. Name it once.")
        seen.add(configuration.hash)


def _peak_megabytes() -> float:
    """The most memory this process has held, MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
