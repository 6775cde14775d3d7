"""Drawings of a benchmark as SVG: each model's conditions, one point each, with its mean beside the ceiling's."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import polars as pl

from perturbome.models.bench.plan import CEILING, is_baseline
from perturbome.models.bench.table import by_condition
from perturbome.platform.errors import MissingExtra


def strips(scores: pl.DataFrame, models: Sequence[str], metric: str) -> str:
    """SVG of one metric: a line of points per model, the mean as a bar; MissingExtra without matplotlib."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise MissingExtra("matplotlib", "bench", "A report with drawings") from error
    values = {m: by_condition(scores, m).filter(metric=metric)["value"].drop_nans().to_numpy() for m in models}
    shown = [m for m in models if len(values[m])]
    with rc_context({"svg.hashsalt": "perturbome", "font.size": 9}):
        figure = Figure(figsize=(8, 0.6 + 0.28 * max(len(shown), 1)), layout="constrained")
        axes = figure.subplots()
        for row, model in enumerate(reversed(shown)):
            colour = "#555555" if model == CEILING else "#4878a8" if is_baseline(model) else "#c0504d"
            place = row + np.linspace(-0.25, 0.25, len(values[model])) if len(values[model]) > 1 else np.array([row])
            axes.plot(values[model], place, ".", color=colour, alpha=0.6, markersize=5, markeredgewidth=0)
            axes.plot([values[model].mean()] * 2, [row - 0.35, row + 0.35], color=colour, linewidth=2)
        axes.set_yticks(range(len(shown)), labels=list(reversed(shown)))
        axes.set_xlabel(metric)
        axes.spines[["top", "right"]].set_visible(False)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
