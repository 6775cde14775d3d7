"""What happens if genes are knocked out: predicted, beside the baseline and, where it was done, the measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from perturbome.models.comparison import score_measured
from perturbome.models.conditions import choose_dataset, read_conditions
from perturbome.models.contracts import Effects, PerturbationData
from perturbome.models.effect_rows import write_effects
from perturbome.models.moments import welch
from perturbome.models.network_model import GATED, PROPAGATION
from perturbome.models.propagation import DAMPING, STEPS
from perturbome.models.registry import find_model
from perturbome.models.wiring import Wiring, refuse_unreachable, wire
from perturbome.platform.errors import ModelError, NothingFound
from perturbome.platform.perturbation import Perturbation
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class KnockoutResult:
    """One predicted perturbation; `table` is sorted by the size of the predicted change."""

    run: str | None  # the run that holds the effects, None if not written
    perturbation: Perturbation
    table: pl.DataFrame  # gene, symbol, delta, lower, upper, baseline, measured, measured_error
    scores: dict[str, Any] = field(default_factory=dict)
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class AllKnockouts:
    """Every regulator's knock-out at once; `table` has one row per regulator, the farthest-reaching first."""

    run: str | None
    effects: Effects
    table: pl.DataFrame  # gene, symbol, n_changed, reach, strongest, strongest_delta
    said: tuple[str, ...] = ()


def knockout(
    store: Store, genes: str | Sequence[str], *, dataset: str | None = None, context: str | None = None,
    mode: str = "knockout", model: str = PROPAGATION, run: str | None = None, steps: int = STEPS,
    damping: float = DAMPING, strength: float | None = None, n_bootstraps: int = 50, seed: int = 0,
    write: bool = True, report: Report = silent,
) -> KnockoutResult:  # fmt: skip
    """Predict the effect of perturbing one gene, or several together, in one context of a data set.

    The change of every gene in log1p units with a 90 % interval, by `model` ("propagation" or "gated propagation")
    over the regulation run `run` (default the newest of the data set), beside the best baseline and the measured
    change where this perturbation was made. A measured perturbation is predicted, and its baseline taken, without
    its own cells. `strength` changes the mode's default (see `imposed.MODES`).

    Raises UnknownName for a gene, data set or context the store does not hold, NothingFound without regulation or
    control cells, ModelError where the model cannot be asked this.
    """
    dataset = choose_dataset(store, dataset)
    perturbation = name_targets(store, dataset, [genes] if isinstance(genes, str) else genes, mode)
    data = read_conditions(store, dataset, context, seed=seed, controls_needed=False)
    gated = _is_gated(model, data)
    wiring = wire(store, data, [perturbation, *data.perturbations], run)
    data = wiring.data
    refuse_unreachable(wiring, perturbation, data)
    options = {"steps": steps, "damping": damping, "strength": strength, "seed": seed}
    chosen = wiring.model(gated=gated, n_bootstraps=n_bootstraps, report=report, **options)
    fitted = chosen.fit(data)
    effects = chosen.predict([perturbation], data.context)

    scores: dict[str, Any] = {"model": chosen.name, "baseline_name": effects.baseline_names[0]}
    scores |= {"calibrated": effects.calibrated, "n_measured": len(data.perturbations), **fitted.numbers}
    measured = _measured_row(data, perturbation)
    if measured is not None:
        other = wiring.model(gated=not gated, n_bootstraps=0, **options)
        other.fit(data)
        compared = score_measured(data, {chosen.name: chosen, other.name: other}, [measured]).row(0, named=True)
        scores |= {"measured_as": compared["perturbation"], "n_cells": compared["n_cells"]}
        scores["pearson_delta"] = {k: compared[k] for k in (PROPAGATION, GATED, "baseline", "replicate")}
    said = (
        *wiring.stored.said, *fitted.said, *_about_targets(data, wiring, perturbation), *_about_scores(data, scores),
    )  # fmt: skip
    if measured is not None and (warning := wiring.stored.not_blind(scores["measured_as"])):
        said = (*said, warning)
    table = _table(data, effects, measured)
    if not write:
        return KnockoutResult(None, perturbation, table, scores, said)
    configuration = {"genes": list(perturbation.targets), "mode": mode, "context": data.context, "model": chosen.name,
                     "regulation": wiring.stored.run, "n_bootstraps": n_bootstraps, **options}  # fmt: skip
    with store.run(
        "predict", name=f"{mode} {perturbation.label} in {dataset}", configuration=configuration,
        parents=[wiring.stored.run], datasets=[dataset], report=report,
    ) as writer:  # fmt: skip
        write_effects(writer, data, effects)
        writer.metrics |= _flat(scores)
    return KnockoutResult(writer.id, perturbation, table, scores, said)


def knockout_all(
    store: Store, *, dataset: str | None = None, context: str | None = None, mode: str = "knockout",
    model: str = PROPAGATION, run: str | None = None, steps: int = STEPS, damping: float = DAMPING,
    strength: float | None = None, n_bootstraps: int = 20, seed: int = 0, write: bool = True, report: Report = silent,
) -> AllKnockouts:  # fmt: skip
    """Predict the effect of perturbing every regulator of the network, one at a time, as one matrix product.

    Stored are the genes that the network lets each one reach. In the table, `n_changed` counts other genes whose
    interval leaves zero out and `reach` is the summed absolute change of the other genes in log1p units.
    """
    dataset = choose_dataset(store, dataset)
    data = read_conditions(store, dataset, context, seed=seed, controls_needed=False)
    gated = _is_gated(model, data)
    wiring = wire(store, data, data.perturbations, run)
    data = wiring.data
    options = {"steps": steps, "damping": damping, "strength": strength, "seed": seed}
    chosen = wiring.model(gated=gated, n_bootstraps=n_bootstraps, report=report, **options)
    regulators = wiring.stored.network.regulators
    if not len(regulators):
        raise NothingFound(f"Run {wiring.stored.run} holds no edge between genes of '{dataset}'.")
    fitted = chosen.fit(data)
    singles = [Perturbation((data.symbols[r],), mode) for r in regulators]  # type: ignore[arg-type]
    effects = chosen.predict(singles, data.context)

    others = np.ones(effects.delta.shape, dtype=bool)
    others[np.arange(len(regulators)), regulators] = False
    outside = ((effects.lower > 0) | (effects.upper < 0)) & others
    size = np.where(others, np.abs(effects.delta), 0)
    strongest = size.argmax(axis=1)
    table = pl.DataFrame(
        {
            "gene": [data.genes[r] for r in regulators],
            "symbol": [data.symbols[r] for r in regulators],
            "n_changed": outside.sum(axis=1),
            "reach": size.sum(axis=1),
            "strongest": [data.symbols[g] for g in strongest],
            "strongest_delta": effects.delta[np.arange(len(regulators)), strongest],
        }
    ).sort("reach", descending=True)
    said = (*wiring.stored.said, *fitted.said)
    if not write:
        return AllKnockouts(None, effects, table, said)
    configuration = {"genes": "every regulator", "mode": mode, "context": data.context, "model": chosen.name,
                     "regulation": wiring.stored.run, "n_bootstraps": n_bootstraps, **options}  # fmt: skip
    with store.run(
        "predict", name=f"{mode} of every regulator in {dataset}", configuration=configuration,
        parents=[wiring.stored.run], datasets=[dataset], report=report,
    ) as writer:  # fmt: skip
        write_effects(writer, data, effects, keep=(effects.delta != 0) | (effects.baseline != 0))
        writer.metrics |= {"n_perturbations": len(singles), **fitted.numbers}
    return AllKnockouts(writer.id, effects, table, said)


def name_targets(store: Store, dataset: str, names: Sequence[str], mode: str) -> Perturbation:
    """The perturbation of these genes under the store's own symbols; names may be joined by '+'."""
    organisms = dict(store.datasets().select("dataset", "organism").iter_rows())
    organism = None if organisms.get(dataset) in (None, "unknown") else organisms[dataset]
    symbols = [store.find_gene(part.strip(), organism)["symbol"] for name in names for part in name.split("+")]
    return Perturbation(tuple(symbols), mode)  # type: ignore[arg-type]


def _is_gated(model: str, data: PerturbationData) -> bool:
    record = find_model(model, "effect")
    if record.baseline:
        raise ModelError(f"'{record.name}' is a baseline: it stands beside every prediction in the column 'baseline'.")
    if record.name == GATED and not data.perturbations:
        raise ModelError(
            f"'{GATED}' learns from measured perturbations; '{data.dataset}' has none in the context "
            f"'{data.context}'. Ask the model '{PROPAGATION}'."
        )
    return record.name == GATED


def _measured_row(data: PerturbationData, perturbation: Perturbation) -> int | None:
    """The measured perturbation with the same targets, the same mode first."""
    same = [k for k, p in enumerate(data.perturbations) if set(p.targets) == set(perturbation.targets)]
    return next((k for k in same if data.perturbations[k].mode == perturbation.mode), same[0] if same else None)


def _table(data: PerturbationData, effects: Effects, measured: int | None) -> pl.DataFrame:
    columns: dict[str, Any] = {"gene": data.genes, "symbol": data.symbols}
    columns |= {name: getattr(effects, name)[0] for name in ("delta", "lower", "upper", "baseline")}
    seen = None if measured is None else welch(data.control, data.treated[np.array([measured])])
    columns["measured"] = None if seen is None else seen.delta[0]
    columns["measured_error"] = None if seen is None else seen.error[0]
    table = pl.DataFrame(columns).with_columns(pl.col("measured", "measured_error").cast(pl.Float64))
    return table.sort(pl.col("delta").abs(), descending=True, maintain_order=True)


def _about_targets(data: PerturbationData, wiring: Wiring, perturbation: Perturbation) -> list[str]:
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
    return said


def _about_scores(data: PerturbationData, scores: dict[str, Any]) -> list[str]:
    """Sentences on the interval, the gate, and on who comes closer to the measurement."""
    if scores["calibrated"]:
        said = [
            f"Interval: 90 %, calibrated on {scores['n_measured']} measured perturbations; measured coverage on "
            f"targets left out {scores.get('coverage', float('nan')):.0%}."
        ]
    else:
        said = ["Interval: 90 % of networks redrawn within their errors; not calibrated on measured perturbations."]
    if "gamma" in scores:
        state = f"{scores['gamma']:.2g}" if scores["gamma"] else "0 (closed: the prediction is the baseline)"
        said.append(f"Gate: gamma = {state}, learned on {scores['n_measured']} measured perturbations.")
    found = scores.get("pearson_delta")
    if found is None:
        return [*said, f"Not measured in '{data.dataset}': nothing to compare with."]
    model, baseline = found[scores["model"]], found["baseline"]
    if model is None:
        said.append("The prediction does not vary over the other genes, so it has no correlation with the measurement.")
    elif baseline is not None and baseline >= model:
        said.append(
            f"The baseline ({scores['baseline_name']}) comes closer to the measurement than the model: "
            f"Pearson-delta {baseline:.2f} against {model:.2f}."
        )
    else:
        against = "no change, which has no correlation" if baseline is None else f"{baseline:.2f}"
        said.append(f"The model comes closer than the baseline: Pearson-delta {model:.2f} against {against}.")
    return said


def _flat(scores: dict[str, Any]) -> dict[str, Any]:
    found = scores.get("pearson_delta") or {}
    rest = {k: v for k, v in scores.items() if k != "pearson_delta"}
    return rest | {f"pearson_delta_{k.replace(' ', '_')}": v for k, v in found.items()}
