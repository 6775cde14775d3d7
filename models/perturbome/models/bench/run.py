"""One cell of the table: a model fitted to what it may see, asked for the test conditions, and judged."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import polars as pl

from perturbome.models.bench.peak import PeakMemory
from perturbome.models.bench.plan import CEILING, Cell
from perturbome.models.data.contract import PerturbationData
from perturbome.models.predictors.contract import Predicted
from perturbome.models.predictors.features import Features
from perturbome.models.predictors.registry import make_predictor
from perturbome.models.referee.ceiling import replicate
from perturbome.models.referee.judging import judge
from perturbome.models.referee.library_words import heard, sentences
from perturbome.models.referee.shifted_cells import cells_of
from perturbome.platform.errors import PerturbomeError

SCORES = {"condition": pl.String, "metric": pl.String, "value": pl.Float64}


@dataclass(frozen=True)
class Outcome:
    """What came of one cell: scores by condition and metric, and what fitting and predicting said."""

    scores: pl.DataFrame  # condition, metric, value
    seconds: float
    numbers: dict[str, float] = field(default_factory=dict)  # of the fit report
    how: dict[str, int] = field(default_factory=dict)  # what answered, and how many conditions
    said: tuple[str, ...] = ()
    failed: str | None = None  # why there are no scores
    peak_mb: float | None = None  # the most memory the process held while fitting and predicting
    added_mb: float | None = None  # so much more than before; both None where it was not counted
    curve: tuple[dict[str, float], ...] = ()  # a row for each pass over the data, where it learned in passes
    taken: bool = False  # from an earlier call that was interrupted, and with it seconds and memory

    @classmethod
    def from_facts(cls, scores: pl.DataFrame, facts: Mapping[str, Any]) -> Outcome:
        """The inverse of `facts`; facts of before some were kept are those without them."""
        told: dict[str, Any] = {f.name: facts[f.name] for f in fields(cls) if f.name in facts and f.name != "scores"}
        for name in ("said", "curve"):
            told[name] = tuple(told.get(name, ()))
        return cls(scores, **told)

    def facts(self) -> dict[str, Any]:
        """All but the scores, as JSON holds it."""
        return {name: value for name, value in asdict(self).items() if name != "scores"}


def run_cell(
    cell: Cell, data: PerturbationData, features: Features, *, cells: bool = False, published: bool = False
) -> Outcome:
    """Fit, predict and judge one cell on data that already have its split.

    With `cells`, the distances between measured cells and control cells shifted by the prediction as well; with
    `published`, cell-eval2's metrics under its own names; both take data with single cells. A model that refuses
    these data (as a kernel with too few conditions) leaves an outcome that says why.
    """
    begin = time.perf_counter()
    if cell.model == CEILING:
        found = replicate(data, seed=cell.seed, cell_scores=cells)
        way = found["way"][0] if found.height else "moments"
        return Outcome(found.select(*SCORES), time.perf_counter() - begin, how={way: len(data.test)})
    try:
        with PeakMemory() as memory:
            begin = time.perf_counter()  # what the counting of memory takes is not the model's
            predictor = make_predictor(cell.model)
            fit = predictor.fit(data.hidden(), features, cell.seed)
            predicted = predictor.predict(data.test.conditions)
            seconds = time.perf_counter() - begin
        made = _shifted(cell, data, predicted) if cells else None
        scores = judge(data, predicted, cells=made).select(*SCORES)
    except PerturbomeError as error:
        return Outcome(pl.DataFrame(schema=SCORES), time.perf_counter() - begin, failed=str(error))
    said = (*fit.said, *predicted.said)
    if published:
        try:
            with heard() as warned:
                more = _published(cell, data, predicted)
            scores, said = pl.concat([scores, more]), (*said, *sentences(warned))
        except PerturbomeError as error:
            said = (*said, f"cell-eval2 gave no metrics: {error}")
    numbers = {name: float(value) for name, value in fit.numbers.items()}
    curve = tuple({name: float(value) for name, value in row.items()} for row in fit.curve)
    return Outcome(
        scores, seconds, numbers, dict(Counter(predicted.how)), said, None, memory.peak_mb, memory.added_mb, curve
    )


def _shifted(cell: Cell, data: PerturbationData, predicted: Predicted) -> dict[str, Any]:
    deltas = {c.name: delta for c, delta in zip(predicted.conditions, predicted.delta, strict=True)}
    made: dict[str, Any] = {}
    for number, context in enumerate(data.contexts):
        names = [c.name for c in predicted.conditions if c.context.name == context.name]
        if names:
            made |= cells_of(data, number, names, deltas, cell.seed)
    return made


def _published(cell: Cell, data: PerturbationData, predicted: Predicted) -> pl.DataFrame:
    from perturbome.models.referee.cell_eval import cell_eval_scores

    found = cell_eval_scores(data, predicted, seed=cell.seed).filter(pl.col("condition").is_not_null())
    return found.select(
        "condition", pl.format("cell-eval2 {}", "metric").alias("metric"), pl.col("value").cast(pl.Float64)
    )
