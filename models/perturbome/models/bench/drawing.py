"""Drawings of a benchmark as SVG: each model's conditions beside the ceiling's, and how a model learned."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from perturbome.models.bench.plan import CEILING, is_baseline
from perturbome.models.bench.table import by_condition
from perturbome.platform.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PASS = "pass"
MEANING = {"loss": "loss", "judged": "squared error on the validation side"}


def strips(scores: pl.DataFrame, models: Sequence[str], metric: str) -> str:
    """SVG of one metric: a line of points per model, the mean as a bar; MissingExtra without matplotlib."""
    values = {m: by_condition(scores, m).filter(metric=metric)["value"].drop_nans().to_numpy() for m in models}
    shown = [m for m in models if len(values[m])]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for row, model in enumerate(reversed(shown)):
            colour = "#555555" if model == CEILING else "#4878a8" if is_baseline(model) else "#c0504d"
            place = row + np.linspace(-0.25, 0.25, len(values[model])) if len(values[model]) > 1 else np.array([row])
            axes.plot(values[model], place, ".", color=colour, alpha=0.6, markersize=5, markeredgewidth=0)
            axes.plot([values[model].mean()] * 2, [row - 0.35, row + 0.35], color=colour, linewidth=2)
        axes.set_yticks(range(len(shown)), labels=list(reversed(shown)))
        axes.set_xlabel(metric)
        axes.spines[["top", "right"]].set_visible(False)

    return _svg(draw, 8, 0.6 + 0.28 * max(len(shown), 1))


def learning_curves(curves: Sequence[tuple[Sequence[Mapping[str, float]], float | None]]) -> str:
    """SVG of how fits learned: a panel for each quantity over passes, a line per fit, a point at the pass it kept.

    curves: the rows of each fit (its pass, from 1, and quantities by name) and the pass whose weights were kept.
    """
    told = {name for rows, _ in curves for row in rows for name in row if name != PASS}
    names = [*(name for name in MEANING if name in told), *sorted(told - set(MEANING))]

    def draw(figure: Figure) -> None:
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            positive = True
            for rows, best in curves:
                points = [(row.get(PASS, i), row[name]) for i, row in enumerate(rows, start=1) if name in row]
                positive &= all(value > 0 for _, value in points)
                axes.plot(*zip(*points, strict=True), color="#4878a8", alpha=0.6, linewidth=1) if points else None
                kept = [point for point in points if point[0] == best]
                axes.plot(*zip(*kept, strict=True), ".", color="#c0504d", markersize=7) if kept else None
            axes.set_yscale("log" if positive else "linear")
            axes.set_xlabel(PASS)
            axes.set_title(MEANING.get(name, name), fontsize=9)
            axes.spines[["top", "right"]].set_visible(False)

    return _svg(draw, 4 * max(len(names), 1), 2.4)


def _svg(draw: Callable[[Figure], None], width: float, height: float) -> str:
    """What is drawn, in inches; the same to the letter every time."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "bench", "A report with drawings") from error
    with rc_context({"svg.hashsalt": "perturbome", "font.size": 9}):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
