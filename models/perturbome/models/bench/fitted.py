"""What the fits of a benchmark cost, what they found, and why: tables, sentences and learning curves."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl

from perturbome.models.bench.bench import Benchmark
from perturbome.models.bench.document import Block, Drawing, Grid, Heading, Items, Text
from perturbome.models.bench.drawing import learning_curves
from perturbome.models.bench.plan import CEILING
from perturbome.models.bench.run import Outcome
from perturbome.models.referee.library_words import SAYS

MOST_SAID = 6
"""Sentences shown of one model."""
FALLBACK = "conditions were answered by"
"""In sentences on predictions, which are counted elsewhere and are not of the fit."""
BEST_PASS = "best pass"
NUMBER = re.compile(r"(?<![\w])[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?")

PEAK, ADDED = "peak, MB", "added, MB"
MEMORY = (
    "Memory is that of the largest fit and prediction. Peak: the most that the process held meanwhile, with the data "
    "and every library in use by then; added: so much more than before, with the library for the first model that "
    "needs it."
)
NUMBERS = "What the fits found, over all fits of a model that told the number."


def fitted_blocks(found: Benchmark, level: int) -> list[Block]:
    """The section 'What was fitted'; drawings for models that learn in passes."""
    numbers, said = numbers_of_fits(found), sentences_of_fits(found)
    spent = costs(found)
    blocks: list[Block] = [Heading("What was fitted", level), Grid(spent)]
    if PEAK in spent.columns:
        blocks.append(Text(MEMORY))
    if said:
        blocks.append(Items(said))
    blocks += drawings(found)
    if numbers.height:
        blocks += [Text(NUMBERS), Grid(numbers)]
    return blocks


def costs(found: Benchmark) -> pl.DataFrame:
    """Fits, failures, mean and largest seconds, and largest memory of every model; memory only where it was counted."""
    rows = []
    for model, outcomes in _of_models(found):
        done = [o for o in outcomes if o.failed is None]
        seconds = [o.seconds for o in done]
        peak = [o.peak_mb for o in done if o.peak_mb is not None]
        added = [o.added_mb for o in done if o.added_mb is not None]
        rows.append({
            "model": model, "fits": len(done), "failed": len(outcomes) - len(done), "mean seconds": _mean(seconds),
            "largest seconds": max(seconds, default=None), PEAK: round(max(peak)) if peak else None,
            ADDED: round(max(added)) if added else None,
        })  # fmt: skip
    schema = {"model": pl.String, "fits": pl.Int64, "failed": pl.Int64}
    table = pl.DataFrame(rows, schema_overrides=schema)
    empty = [name for name in table.columns if name in (PEAK, ADDED) and table[name].is_null().all()]
    return table.drop(empty, *(["failed"] if table.height and not table["failed"].sum() else []))


def numbers_of_fits(found: Benchmark) -> pl.DataFrame:
    """Every number of the fit reports: mean, smallest and largest over the fits that have it, and how many those are.

    Empty where nothing was told; a number that is not finite does not count.
    """
    rows = []
    for model, outcomes in _of_models(found):
        for name in sorted({name for o in outcomes for name in o.numbers}):
            values = [v for o in outcomes if (v := o.numbers.get(name)) is not None and math.isfinite(v)]
            if values:
                rows.append((model, name, _mean(values), min(values), max(values), len(values)))
    columns = {"model": pl.String, "number": pl.String, **dict.fromkeys(("mean", "smallest", "largest"), pl.Float64)}
    return pl.DataFrame(rows, schema={**columns, "fits": pl.Int64}, orient="row")


def sentences_of_fits(found: Benchmark) -> tuple[str, ...]:
    """What fits said of what they chose and why, the commonest of each model first.

    Sentences that differ in numbers alone are counted as one, and the first stands for them; what every model said,
    as of priors, is told once.
    """
    counted = {model: _counted(outcomes) for model, outcomes in _of_models(found)}
    counted = {model: said for model, said in counted.items() if said}
    shared = set.intersection(*({k for k, _, _ in said} for said in counted.values())) if len(counted) > 1 else set()
    first = {key: text for said in counted.values() for key, text, _ in said if key in shared}
    lines = [f"Every model: {text}" for text in first.values()]
    fits = {model: sum(o.failed is None for o in outcomes) for model, outcomes in _of_models(found)}
    for model, said in counted.items():
        own = [(text, n) for key, text, n in said if key not in shared]
        lines += [f"{model}, {n} of {fits[model]} fits{_of_many(n)}: {text}" for text, n in own[:MOST_SAID]]
        if len(own) > MOST_SAID:
            lines.append(f"{model}: rarer sentences, kept with the run: {len(own) - MOST_SAID}.")
    return tuple(lines)


def drawings(found: Benchmark) -> list[Drawing]:
    """Learning curves, a drawing for each model that has them."""
    made = []
    for model, outcomes in _of_models(found):
        curves = [(o.curve, o.numbers.get(BEST_PASS)) for o in outcomes if o.curve]
        if curves:
            caption = f"{model}: a line is a fit, pass by pass; a point marks the pass whose weights were kept."
            made.append(Drawing(learning_curves(curves), caption))
    return made


def _of_models(found: Benchmark) -> Iterator[tuple[str, list[Outcome]]]:
    for model in found.models:
        outcomes = [outcome for cell, outcome in found.cells if cell.model == model and model != CEILING]
        if outcomes:
            yield model, outcomes


def _counted(outcomes: Sequence[Outcome]) -> list[tuple[str, str, int]]:
    """Each sentence without its numbers, as first said, and in how many fits; the commonest first."""
    texts: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        own = [text for text in outcome.said if FALLBACK not in text and not text.startswith(SAYS)]
        keys = dict.fromkeys(NUMBER.sub("#", text) for text in own)
        for key in keys:
            texts.setdefault(key, next(text for text in own if NUMBER.sub("#", text) == key))
        counts.update(keys.keys())
    return [(key, texts[key], n) for key, n in counts.most_common()]


def _of_many(n: int) -> str:
    return ", the first" if n > 1 else ""


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
