"""What a trained model says of perturbations: every gene's change with its interval, beside the baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from perturbome.models.data.condition import Condition
from perturbome.models.effect_rows import effect_rows
from perturbome.models.predictors.contract import Array, Predicted
from perturbome.models.training.asked_doses import dose_remarks
from perturbome.models.training.kept import Model, find_train_run, load_model
from perturbome.platform.errors import InputError, PerturbomeError, UnknownName
from perturbome.platform.perturbation import MODES, Perturbation
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class Prediction:
    """Predicted conditions; `table` holds each one's genes, the largest change first."""

    run: str | None  # the run that holds the effects, None if not written
    model: str
    trained: str  # the train run
    table: pl.DataFrame  # perturbation, context, gene, symbol, delta, lower, upper, baseline
    how: dict[str, str]  # condition -> what answered
    baseline_how: dict[str, str]
    said: tuple[str, ...]
    unit: str


def predict(
    store: Store, run: str | None = None, genes: str | Sequence[str] | None = None, *,
    each: Sequence[str] | None = None, places: Mapping[str, str] | None = None,
    context: str | Sequence[str] | None = None, mode: str | None = None,
    dose: float | None = None, write: bool = True, report: Report = silent,
) -> Prediction:  # fmt: skip
    """Ask a trained model what perturbing genes does: those of `genes` together, or `each` (`A`, `A+B`) on its own.

    places: where each of `each` stands, as a line of a file: an error on one of them notes it.
    run: a train run, by default the newest. context: names, by default all that the model knows. mode: by default the
    one that most of its training conditions have. The table gives delta, lower, upper and baseline in the data set's
    expression unit, null where the model gives no interval; `how` says what answered each condition.

    Raises UnknownName for a run that is no train run, a context, or a gene that neither model nor store knows;
    InputError for a mode that there is not or the beginning of several runs' ids; StoreError where the model's
    folder is gone.
    """
    started = datetime.now(UTC)
    trained = find_train_run(store, run)
    model = load_model(store, trained.id)
    named = _named(genes, each, places or {})
    chosen, said = _mode(model, mode)
    perturbations = []
    for text, targets in named:
        with _noted(text, places or {}):
            symbols, more = _symbols(store, model, targets, chosen)
        said += [sentence for sentence in more if sentence not in said]
        perturbations.append(Perturbation(tuple(symbols), chosen, dose))  # type: ignore[arg-type]
    contexts = _contexts(model, context)
    conditions = [replace_context(p, model, c) for c in contexts for p in dict.fromkeys(perturbations)]
    found, baseline, baseline_how = model.predict(conditions)
    said += dose_remarks(model, perturbations, [model.data.contexts[c] for c in contexts])
    said += [*found.said, *_about_interval(model, found)]
    table = _table(model, found, baseline)
    how = {c.name: text for c, text in zip(conditions, found.how, strict=True)}
    beside = {c.name: text for c, text in zip(conditions, baseline_how, strict=True)}
    answer = Prediction(None, model.name, trained.id, table, how, beside, tuple(said), model.data.unit)
    if not write:
        return answer
    label = perturbations[0].label if len(set(perturbations)) == 1 else f"{len(set(perturbations))} perturbations"
    configuration = {
        "model": model.name, "train_run": trained.id, "perturbations": [p.id for p in dict.fromkeys(perturbations)],
        "contexts": [model.data.contexts[c].name for c in contexts], "mode": chosen, "dose": dose,
    }  # fmt: skip
    with store.run(
        "predict", name=f"{chosen} {label} in {model.data.dataset} by {model.name}", configuration=configuration,
        parents=[trained.id], datasets=[model.data.dataset], started=started, report=report,
    ) as writer:  # fmt: skip
        writer.write("effects", _rows(model, found, baseline))
        writer.metrics |= {"n_conditions": len(conditions), "how": how, "baseline_how": beside, "said": list(said)}
        if found.gate is not None:
            writer.metrics["gate"] = dict(zip(how, np.asarray(found.gate, dtype=float).tolist(), strict=True))
    return replace(answer, run=writer.id)


def replace_context(perturbation: Perturbation, model: Model, context: int) -> Condition:
    """The condition of a perturbation in a context of the model."""
    return Condition(perturbation, model.data.contexts[context])


# -- what was asked -----------------------------------------------------------------------------------------


@contextmanager
def _noted(text: str, places: Mapping[str, str]) -> Iterator[None]:
    """Errors on a perturbation note where it stands."""
    try:
        yield
    except PerturbomeError as error:
        if text in places:
            error.add_note(f"'{text}' stands in {places[text]}.")
        raise


def _named(
    genes: str | Sequence[str] | None, each: Sequence[str] | None, places: Mapping[str, str]
) -> list[tuple[str, list[str]]]:
    """Every perturbation asked for as it was written, and its targets."""
    if bool(genes) == bool(each) or isinstance(each, str):
        raise InputError("Name one gene or more, or a list of perturbations, --all-genes FILE (each=[...]); not both.")
    texts = ["+".join([genes] if isinstance(genes, str) else genes or ())] if genes else list(each or ())
    named = [(text, [part.strip() for part in text.split("+") if part.strip()]) for text in texts]
    for text, targets in named:
        with _noted(text, places):
            if not targets:
                raise InputError(f"A perturbation without a gene cannot be predicted: '{text}' names none.")
    return named


def _mode(model: Model, mode: str | None) -> tuple[str, list[str]]:
    """The mode asked for, or that of most training conditions, and then a sentence where there are several."""
    if mode is not None:
        if mode not in MODES:
            raise InputError(f"Unknown mode of perturbation '{mode}'. Known: {', '.join(MODES)}.")
        return mode, []
    counted = Counter(c.perturbation.mode for c in model.data.conditions).most_common()
    others = ", ".join(f"{n} {m}" for m, n in counted[1:])
    most = counted[0][0]
    said = f"Predicted as {most}, as most training conditions are ({counted[0][1]}; also {others}). Give --mode."
    return most, [said] if others else []


def _symbols(store: Store, model: Model, names: Sequence[str], mode: str) -> tuple[list[str], list[str]]:
    """Symbols as the model spells them, and sentences on genes that it has never met."""
    if mode == "compound":
        return list(names), []
    ids = dict(zip(model.data.genes, model.data.symbols, strict=True))
    organisms = dict(store.datasets().select("dataset", "organism").iter_rows())
    organism = organisms.get(model.data.dataset)
    symbols, said = [], []
    for name in names:
        symbol = name if name in model.symbols else ids.get(name)
        if symbol is None:
            try:
                symbol = str(store.find_gene(name, None if organism == "unknown" else organism)["symbol"])
            except UnknownName:
                where = f"the lists of the model '{model.name}' or in the store"
                raise UnknownName("gene", name, where, sorted(model.symbols)) from None
        if symbol not in model.symbols:
            said.append(
                f"{symbol} is in none of the model's lists: it was not measured, not perturbed in training, and "
                "nothing else is known of it, so whatever answers says nothing of this gene in particular."
            )
        symbols.append(symbol)
    return symbols, said


def _contexts(model: Model, context: str | Sequence[str] | None) -> list[int]:
    """Numbers of the contexts asked for, by default all; UnknownName lists them."""
    if context is None:
        return list(range(len(model.data.contexts)))
    names = [context] if isinstance(context, str) else list(context)
    return [model.data.find_context(name) for name in dict.fromkeys(names)]


def _about_interval(model: Model, found: Predicted) -> list[str]:
    if found.lower is not None:
        return []
    if found.variance is not None:
        return [
            f"'{model.name}' gives a variance, which is not calibrated, so no interval is shown; "
            f"'gated {model.name}' gives one calibrated on targets left out."
        ]
    return [f"'{model.name}' gives no interval; 'gated {model.name.removeprefix('gated ')}' gives one."]


# -- tables -------------------------------------------------------------------------------------------------


def _arrays(found: Predicted, baseline: Array) -> dict[str, Array]:
    none = np.full(found.delta.shape, np.nan)
    lower, upper = (none if end is None else end for end in (found.lower, found.upper))
    return {"delta": found.delta, "lower": lower, "upper": upper, "baseline": baseline}


def _table(model: Model, found: Predicted, baseline: Array) -> pl.DataFrame:
    """Conditions in the order asked, genes by the size of their change."""
    frames = []
    for i, condition in enumerate(found.conditions):
        columns: dict[str, Any] = {
            "perturbation": [condition.perturbation.id] * len(model.data.genes),
            "context": [condition.context.name] * len(model.data.genes),
            "gene": model.data.genes,
            "symbol": model.data.symbols,
        }
        columns |= {name: a[i] for name, a in _arrays(found, baseline).items()}
        one = pl.DataFrame(columns).with_columns(pl.col("lower", "upper", "baseline").fill_nan(None))
        frames.append(one.sort(pl.col("delta").abs(), descending=True, maintain_order=True))
    return pl.concat(frames)


def _rows(model: Model, found: Predicted, baseline: Array) -> pl.DataFrame:
    """Rows of the table `effects`."""
    arrays, frames = _arrays(found, baseline), []
    for name in dict.fromkeys(c.context.name for c in found.conditions):
        at = [i for i, c in enumerate(found.conditions) if c.context.name == name]
        ids = [found.conditions[i].perturbation.id for i in at]
        here = {key: a[at] for key, a in arrays.items()}
        frames.append(
            effect_rows(model.data.dataset, name, ids, model.data.genes, here, observed=False, model=model.name)
        )
    return pl.concat(frames)
