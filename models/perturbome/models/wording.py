"""What a predicted knock-out says of itself: its targets, its interval, its gate, and who comes closer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from perturbome.models.baselines import KIND
from perturbome.models.conformal import TOP
from perturbome.models.contracts import Effects, PerturbationData
from perturbome.models.network_model import GATED, PROPAGATION
from perturbome.models.wiring import Wiring
from perturbome.platform.perturbation import Perturbation

ODD = 1.5
"""Measured changes this many times as large as predicted, or as small, are said."""
SHORT = 0.05
"""A coverage this far below the level is said to fall short."""


def about_targets(data: PerturbationData, wiring: Wiring, perturbation: Perturbation) -> list[str]:
    """Sentences on how each target acts, or why it cannot, and on what was measured of it."""
    said = [wiring.said[t] for t in perturbation.targets if t in wiring.said]
    if perturbation.mode != "activation":
        mean = dict(zip(data.symbols, data.control.mean[0], strict=True))
        silent_genes = [t for t in perturbation.targets if mean.get(t) == 0]
        said += [f"{t} is not expressed in the control cells: there is nothing to take away." for t in silent_genes]
    few = [
        f"{name} ({n} cells)"
        for name, n in data.too_few.items()
        if set(Perturbation.parse(name).targets) == set(perturbation.targets)
    ]
    said += [f"Measured in too few cells to compare with: {', '.join(few)}."] if few else []
    otherwise = [
        name
        for name, p in zip(data.ids, data.perturbations, strict=True)
        if set(p.targets) == set(perturbation.targets) and KIND[p.mode] != KIND[perturbation.mode]
    ]
    if otherwise:
        said.append(f"Measured in another mode, which is nothing to compare with: {', '.join(otherwise)}.")
    return said


def about_interval(data: PerturbationData, effects: Effects, scores: dict[str, Any], n_bootstraps: int) -> list[str]:
    """Sentences on what the interval is, how it held on targets left out, and where there is none."""
    said = []
    if effects.calibrated:
        said.append(_calibrated(scores))
    elif n_bootstraps:
        said.append(
            "Interval: the prediction stays within it in 90 % of networks redrawn within their errors; an end at about "
            "0 says that more than a tenth of them lack the way there. It is not calibrated on measured perturbations, "
            "so it may be far too narrow."
        )
    else:
        said.append("No interval: no network was redrawn, and too few measured perturbations could calibrate one.")
    said += _missing_ends(data, effects)
    slope = scores.get("magnitude")
    if effects.calibrated and slope is not None and not 1 / ODD < slope < ODD:
        if slope <= 0:
            way = "so neither sizes nor signs can be relied on"
        else:
            way = (
                f"so the predicted sizes are too {'small' if slope > 1 else 'large'}: trust order and sign before size"
            )
        said.append(
            f"Slope of measured on predicted change over the {scores['n_measured']} measured perturbations, each "
            f"predicted without itself: {slope:.2g}, {way}."
        )
    return said


def about_scores(data: PerturbationData, scores: dict[str, Any]) -> list[str]:
    """Sentences on the gate, and on who comes closer to the measurement."""
    said = []
    if "gamma" in scores:
        state = f"{scores['gamma']:.2g}" if scores["gamma"] else "0 (closed: the prediction is the baseline)"
        said.append(f"Gate: gamma = {state}, learned on {scores['n_measured']} measured perturbations.")
    found = scores.get("pearson_delta")
    if found is None:
        return [*said, f"Not measured in '{data.dataset}': nothing to compare with."]
    return [*said, _closest(scores["model"], scores["baseline_name"], found), *_gate_and_replicate(scores, found)]


def about_measured(inside: NDArray[np.bool_]) -> str:
    """How many of the largest predicted changes of this perturbation hold their measurement, largest first."""
    top = inside[:TOP]
    return f"Here the interval holds the measurement in {int(top.sum())} of the {len(top)} largest predicted changes."


def _calibrated(scores: dict[str, Any]) -> str:
    said = f"Interval: 90 %, calibrated on {scores['n_measured']} measured perturbations."
    names = {
        "coverage": "all genes",
        "coverage_top": f"the {TOP} largest predicted changes of each",
        "coverage_changed": "the genes measured to change (beyond 3 standard errors)",
    }
    known = [f"{scores[key]:.0%} of {name}" for key, name in names.items() if key in scores]
    if not known:
        return said
    said += f" Measured coverage on targets left out: {', '.join(known)}."
    if scores.get("coverage_changed", 1.0) < 0.9 - SHORT:
        said += " Genes that do move leave their interval more often than it says; the quiet ones make up the average."
    return said


def _missing_ends(data: PerturbationData, effects: Effects) -> list[str]:
    delta, upper = effects.delta[0], effects.upper[0]
    own = np.isin(data.symbols, effects.perturbations[0].targets)
    said = []
    if own.any():
        names = ", ".join(symbol for symbol, is_own in zip(data.symbols, own, strict=True) if is_own)
        said.append(f"The change of {names} is imposed, not predicted, so it has no interval.")
    none = int((np.isnan(upper) & ~own).sum())
    if none and np.isfinite(upper).any():
        said.append(f"No interval for {none} genes that no redrawn network reaches: nothing is known of their change.")
    floor = int((np.isnan(effects.lower[0]) & np.isfinite(upper) & (delta < 0)).sum())
    if floor:
        said.append(f"{floor} genes are predicted to lose all expression: they cannot fall further, so no lower end.")
    return said


def _closest(model: str, baseline_name: str, found: dict[str, float | None]) -> str:
    other = GATED if model == PROPAGATION else PROPAGATION
    ours, theirs, baseline = found[model], found[other], found["baseline"]
    better = ""
    if theirs is not None and theirs > (-2 if ours is None else ours):
        better = f"; {other} is better than it: {theirs:.2f}"
        if other == GATED and baseline is not None and abs(theirs - baseline) < 1e-9:
            better = f"; {other}, its gate closed, is that baseline" if ours is None or baseline >= ours else better
    against = "no change, which has no correlation" if baseline is None else f"{baseline:.2f}"
    if ours is None:
        return (
            f"The prediction in delta ({model}) does not vary over the other genes, so it has no correlation with the "
            f"measurement (baseline: {against}{better})."
        )
    if baseline is not None and baseline >= ours:
        return (
            f"The baseline ({baseline_name}) comes closer to the measurement than the model in delta ({model}): "
            f"Pearson-delta {baseline:.2f} against {ours:.2f}{better}."
        )
    return (
        f"The model in delta ({model}) comes closer than the baseline ({baseline_name}): "
        f"Pearson-delta {ours:.2f} against {against}{better}."
    )


def _gate_and_replicate(scores: dict[str, Any], found: dict[str, float | None]) -> list[str]:
    said = []
    gated, ungated, replicate = found[GATED], found[PROPAGATION], found["replicate"]
    if gated is not None and ungated is not None and gated < ungated:
        said.append(
            "The gate lowers the correlation here: it is set by squared error over all measured perturbations, which "
            "rewards small cautious steps, not by correlation on this one."
        )
    if replicate is not None:
        said.append(
            f"Replicate: the two halves of these {scores['n_cells']} cells against each other, scaled to a whole "
            "experiment; with few cells or a weak effect it is mostly noise, and a prediction can exceed it."
        )
    return said
