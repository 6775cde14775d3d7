"""How a trained predictor does on the test side of its split, beside the simple baseline: numbers for its run."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from perturbome.models.data.contract import PerturbationData
from perturbome.models.predictors.averages import Additive
from perturbome.models.predictors.contract import Predicted, Predictor
from perturbome.models.referee.judging import judge

MODEL, BASELINE = "test: ", "test, baseline: "


def verdict(data: PerturbationData, seen: PerturbationData, predictor: Predictor) -> dict[str, float]:
    """Mean over test conditions of every metric that is defined, of the prediction and of what stands beside it.

    `data` is the judge's, `seen` what the predictor was fitted to. The baseline is the prediction's own where it has
    one, else the sum of single effects, or the perturbed mean. A number of one split only: see `perturbome bench`.
    """
    conditions = data.test.conditions
    found = predictor.predict(conditions)
    if found.baseline is None:
        simple = Additive()
        simple.fit(seen)
        beside = simple.predict(conditions)
    else:
        beside = replace(found, delta=found.baseline, lower=None, upper=None)
    return _means(data, found, MODEL) | _means(data, beside, BASELINE)


def _means(data: PerturbationData, found: Predicted, before: str) -> dict[str, float]:
    means = judge(data, found).drop_nans("value").group_by("metric", maintain_order=True).agg(pl.col("value").mean())
    return {f"{before}{metric}": float(value) for metric, value in means.iter_rows()}
