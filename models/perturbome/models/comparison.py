"""Predictions against what the experiment measured: model, baseline and replicate in one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.models.baselines import baseline_change
from perturbome.models.conditions import choose_dataset, read_conditions
from perturbome.models.contracts import PerturbationData
from perturbome.models.network_model import GATED, PROPAGATION, NetworkModel
from perturbome.models.scores import full_length, pearson_delta
from perturbome.models.wiring import wire
from perturbome.platform.errors import NothingFound, UnknownName
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store

Array = NDArray[np.float64]


def score_measured(data: PerturbationData, models: dict[str, NetworkModel], rows: Sequence[int]) -> pl.DataFrame:
    """Pearson-delta over genes, own targets left out, one row per measured perturbation.

    Every number is the mean over both ways to give one half of the control cells to the truth and the other to the
    prediction. `replicate` is what a second experiment of the same size would reach, from the two halves of the
    perturbed cells (Spearman-Brown); it is noisy for few cells, and no ceiling where the effect is weak. Null
    where a prediction does not vary over genes.
    """
    rows = list(rows)
    own = data.own()[rows]
    perturbations = [data.perturbations[k] for k in rows]
    ways: dict[str, list[Array]] = {name: [] for name in (*models, "baseline", "replicate")}
    for truth_half, other_half in ((0, 1), (1, 0)):
        truth = data.delta(truth_half)[rows]
        for name, model in models.items():
            predicted = model.predict(perturbations, data.context, half=other_half).delta
            ways[name].append(pearson_delta(predicted, truth, own))
        names, _, baseline = baseline_change(data, perturbations, other_half)
        ways["baseline"].append(pearson_delta(baseline, truth, own))
        first = data.first.mean[rows] - data.controls.mean[truth_half]
        second = data.second.mean[rows] - data.controls.mean[other_half]
        ways["replicate"].append(full_length(pearson_delta(first, second, own)))
    columns: dict[str, object] = {
        "perturbation": [data.ids[k] for k in rows],
        "n_cells": data.treated.n[rows].astype(np.int64),
    }
    columns |= {name: np.mean(values, axis=0) for name, values in ways.items()}
    columns["baseline_name"] = names
    return pl.DataFrame(columns).with_columns(pl.col(*ways).fill_nan(None))


def compare_with_measured(
    store: Store, dataset: str | None = None, targets: Sequence[str] | None = None, *, context: str | None = None,
    run: str | None = None, min_cells: int = 3, seed: int = 0, report: Report = silent,
) -> pl.DataFrame:  # fmt: skip
    """How well each measured perturbation is predicted, beside baseline and replicate, and whether blind.

    `targets` picks perturbations by id, label or a target's symbol (default all). One row each: perturbation,
    n_cells, propagation, gated propagation, baseline (its name in baseline_name), replicate: all Pearson-delta.
    Model and baseline are made without the perturbation's own cells; `blind` is true where the network was, too.
    """
    data = read_conditions(store, choose_dataset(store, dataset), context, min_cells=min_cells, seed=seed)
    rows = _rows(data, targets)
    wired = wire(store, data, data.perturbations, run=run)
    models = {
        name: wired.model(gated=name == GATED, n_bootstraps=0, seed=seed, report=report)
        for name in (PROPAGATION, GATED)
    }
    for model in models.values():
        model.fit(wired.data)
    blind = [wired.stored.not_blind(wired.data.ids[k]) is None for k in rows]
    return score_measured(wired.data, models, rows).with_columns(blind=pl.Series(blind, dtype=pl.Boolean))


def _rows(data: PerturbationData, targets: Sequence[str] | None) -> list[int]:
    if not data.perturbations:
        raise NothingFound(
            f"Data set '{data.dataset}' has no measured perturbation in the context '{data.context}', "
            "so there is nothing to compare a prediction with."
        )
    if targets is None:
        return list(range(len(data.perturbations)))
    names = {name: k for k, p in enumerate(data.perturbations) for name in (*p.targets, p.label, data.ids[k])}
    for target in targets:
        if target not in names:
            raise UnknownName("measured perturbation", target, f"data set '{data.dataset}'", sorted(names))
    return [names[target] for target in targets]
