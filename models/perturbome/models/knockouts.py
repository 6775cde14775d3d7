"""What happens if genes are knocked out: predicted, beside the baseline and, where it was done, the measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.models.baselines import same_kind
from perturbome.models.comparison import score_measured
from perturbome.models.conditions import choose_dataset, expression_unit, read_conditions
from perturbome.models.conformal import TOP
from perturbome.models.contracts import Effects, PerturbationData
from perturbome.models.effect_rows import write_effects
from perturbome.models.moments import welch
from perturbome.models.network_model import GATED, PROPAGATION
from perturbome.models.propagation import DAMPING, STEPS
from perturbome.models.registry import find_model
from perturbome.models.wiring import refuse_unreachable, wire
from perturbome.models.wording import about_interval, about_measured, about_scores, about_targets
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
    unit: str = ""  # of delta, as the data set gives it


@dataclass(frozen=True)
class AllKnockouts:
    """Every regulator's knock-out at once; `table` has one row per regulator, the farthest-reaching first."""

    run: str | None
    effects: Effects
    table: pl.DataFrame  # gene, symbol, n_changed, reach, strongest, strongest_delta
    said: tuple[str, ...] = ()
    unit: str = ""


def knockout(
    store: Store, genes: str | Sequence[str], *, dataset: str | None = None, context: str | None = None,
    mode: str = "knockout", model: str = PROPAGATION, run: str | None = None, steps: int = STEPS,
    damping: float = DAMPING, strength: float | None = None, n_bootstraps: int = 50, seed: int = 0,
    write: bool = True, report: Report = silent,
) -> KnockoutResult:  # fmt: skip
    """Predict the effect of perturbing one gene, or several together, in one context of a data set.

    The change of every gene in the data set's expression unit with a 90 % interval, by `model`
    ("propagation" or "gated propagation") over the regulation run `run` (default the newest of the data set), beside
    the best baseline and the measured change where this perturbation was made. An end of the interval is null where
    it has no meaning. A measured perturbation is predicted, and its baseline taken, without its own cells. `strength`
    changes the mode's default (see `imposed.MODES`).

    Raises UnknownName for a gene, data set or context the store does not hold, NothingFound without regulation or
    control cells, ModelError where the model cannot be asked this.
    """
    started, dataset = datetime.now(UTC), choose_dataset(store, dataset)
    perturbation = name_targets(store, dataset, [genes] if isinstance(genes, str) else genes, mode)
    data = read_conditions(store, dataset, context, seed=seed, controls_needed=False)
    gated = _is_gated(model, data)
    wiring = wire(store, data, [perturbation, *data.perturbations], run)
    data = wiring.data
    refuse_unreachable(wiring, perturbation, data)
    options = {"steps": steps, "damping": damping, "strength": strength, "seed": seed}
    chosen = wiring.model(gated=gated, n_bootstraps=n_bootstraps, report=report, **options)
    fitted = chosen.fit(data, mode=mode)
    effects = chosen.predict([perturbation], data.context)

    scores: dict[str, Any] = {"model": chosen.name, "baseline_name": effects.baseline_names[0]}
    scores |= {"calibrated": effects.calibrated, "n_measured": fitted.n_perturbations, **fitted.numbers}
    measured = _measured_row(data, perturbation)
    if measured is not None:
        other = wiring.model(gated=not gated, n_bootstraps=0, **options)
        other.fit(data, mode=mode)
        compared = score_measured(data, {chosen.name: chosen, other.name: other}, [measured]).row(0, named=True)
        scores |= {"measured_as": compared["perturbation"], "n_cells": compared["n_cells"]}
        scores["pearson_delta"] = {k: compared[k] for k in (PROPAGATION, GATED, "baseline", "replicate")}
    table = _table(data, effects, measured)
    said = [*wiring.stored.said, *fitted.said, *about_targets(data, wiring, perturbation)]
    said += about_interval(data, effects, scores, n_bootstraps)
    if measured is not None and (inside := _inside(table)) is not None:
        scores["inside_top"] = float(inside[:TOP].mean())
        said.append(about_measured(inside))
    said += about_scores(data, scores)
    if measured is not None and (warning := wiring.stored.not_blind(scores["measured_as"])):
        said.append(warning)
    unit = expression_unit(store, dataset)
    if not write:
        return KnockoutResult(None, perturbation, table, scores, tuple(said), unit)
    configuration = {"genes": list(perturbation.targets), "mode": mode, "context": data.context, "model": chosen.name,
                     "regulation": wiring.stored.run, "n_bootstraps": n_bootstraps, **options}  # fmt: skip
    with store.run(
        "predict", name=f"{mode} {perturbation.label} in {dataset}", configuration=configuration,
        parents=[wiring.stored.run], datasets=[dataset], started=started, report=report,
    ) as writer:  # fmt: skip
        write_effects(writer, data, effects)
        writer.metrics |= _flat(scores)
    return KnockoutResult(writer.id, perturbation, table, scores, tuple(said), unit)


def knockout_all(
    store: Store, *, dataset: str | None = None, context: str | None = None, mode: str = "knockout",
    model: str = PROPAGATION, run: str | None = None, steps: int = STEPS, damping: float = DAMPING,
    strength: float | None = None, n_bootstraps: int = 20, seed: int = 0, write: bool = True, report: Report = silent,
) -> AllKnockouts:  # fmt: skip
    """Predict the effect of perturbing every regulator of the network, one at a time, as one matrix product.

    Stored are the genes that the network lets each one reach. In the table, `n_changed` counts other genes whose
    interval leaves zero out and `reach` is the summed absolute change of the other genes in the expression unit.
    """
    started, dataset = datetime.now(UTC), choose_dataset(store, dataset)
    data = read_conditions(store, dataset, context, seed=seed, controls_needed=False)
    gated = _is_gated(model, data)
    wiring = wire(store, data, data.perturbations, run)
    data = wiring.data
    options = {"steps": steps, "damping": damping, "strength": strength, "seed": seed}
    chosen = wiring.model(gated=gated, n_bootstraps=n_bootstraps, report=report, **options)
    regulators = wiring.stored.network.regulators
    if not len(regulators):
        raise NothingFound(f"Run {wiring.stored.run} holds no edge between genes of '{dataset}'.")
    fitted = chosen.fit(data, mode=mode)
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
    said, unit = (*wiring.stored.said, *fitted.said), expression_unit(store, dataset)
    if not write:
        return AllKnockouts(None, effects, table, said, unit)
    configuration = {"genes": "every regulator", "mode": mode, "context": data.context, "model": chosen.name,
                     "regulation": wiring.stored.run, "n_bootstraps": n_bootstraps, **options}  # fmt: skip
    with store.run(
        "predict", name=f"{mode} of every regulator in {dataset}", configuration=configuration,
        parents=[wiring.stored.run], datasets=[dataset], started=started, report=report,
    ) as writer:  # fmt: skip
        write_effects(writer, data, effects, keep=(effects.delta != 0) | (effects.baseline != 0))
        writer.metrics |= {"n_perturbations": len(singles), **fitted.numbers}
    return AllKnockouts(writer.id, effects, table, said, unit)


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
    """The measured perturbation of the same kind with the same targets, the same mode first."""
    same = [
        k for k in same_kind(data, perturbation.mode) if set(data.perturbations[k].targets) == set(perturbation.targets)
    ]
    return next((k for k in same if data.perturbations[k].mode == perturbation.mode), same[0] if same else None)


def _table(data: PerturbationData, effects: Effects, measured: int | None) -> pl.DataFrame:
    columns: dict[str, Any] = {"gene": data.genes, "symbol": data.symbols}
    columns |= {name: getattr(effects, name)[0] for name in ("delta", "lower", "upper", "baseline")}
    seen = None if measured is None else welch(data.control, data.treated[np.array([measured])])
    columns["measured"] = None if seen is None else seen.delta[0]
    columns["measured_error"] = None if seen is None else seen.error[0]
    table = pl.DataFrame(columns).with_columns(pl.col("measured", "measured_error").cast(pl.Float64))
    table = table.with_columns(pl.col("lower", "upper").fill_nan(None))
    return table.sort(pl.col("delta").abs(), descending=True, maintain_order=True)


def _inside(table: pl.DataFrame) -> NDArray[np.bool_] | None:
    """Whether the interval of each predicted change that has one holds its measurement, the largest first."""
    seen = table.filter(pl.col("upper").is_not_null() & (pl.col("delta") != 0))
    if seen.is_empty():
        return None
    lower = pl.col("lower").fill_null(float("-inf"))
    return seen.select(pl.col("measured").is_between(lower, "upper")).to_series().to_numpy()


def _flat(scores: dict[str, Any]) -> dict[str, Any]:
    found = scores.get("pearson_delta") or {}
    rest = {k: v for k, v in scores.items() if k != "pearson_delta"}
    return rest | {f"pearson_delta_{k.replace(' ', '_')}": v for k, v in found.items()}
