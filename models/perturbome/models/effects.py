"""Measured effects: what every perturbation of a data set did, with Welch intervals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from perturbome.models.baselines import baseline_change
from perturbome.models.conditions import ALL, choose_dataset, read_conditions
from perturbome.models.effect_rows import effect_rows
from perturbome.models.moments import welch
from perturbome.platform.errors import NothingFound
from perturbome.platform.progress import Report, silent

if TYPE_CHECKING:
    from perturbome.platform.store import Store


def measure_effects(
    store: Store, dataset: str | None = None, *, contexts: list[str] | None = None, min_cells: int = 10,
    level: float = 0.9, write: bool = True, report: Report = silent,
) -> pl.DataFrame:  # fmt: skip
    """Measure every perturbation against the control cells of its context and store it as observed effects.

    delta = mean(perturbed) - mean(control), interval by Welch's t, baseline the mean of the other perturbations of
    its kind, in the data set's expression unit. Contexts: all cells together and, where there are several, each cell
    type with both control cells and perturbed ones; conditions with fewer than `min_cells` cells are left out. Returns
    one row per condition: context, perturbation, n_cells, n_changed (genes at a 5 % false discovery rate), largest
    (symbol), delta.
    """
    from scipy.stats import false_discovery_control

    started = datetime.now(UTC)
    dataset = choose_dataset(store, dataset)
    _require_perturbations(store, dataset)
    kinds = _contexts(store, dataset) if contexts is None else contexts
    frames, summary = [], []
    for done, context in enumerate(kinds):
        report("contexts measured", done, len(kinds))
        data = read_conditions(store, dataset, context, min_cells=min_cells)
        if not data.perturbations:
            continue
        change = welch(data.control, data.treated)
        lower, upper = change.interval(level)
        _, _, baseline = baseline_change(data, data.perturbations)
        arrays = {"delta": change.delta, "lower": lower, "upper": upper, "baseline": baseline}
        frames.append(effect_rows(dataset, data.context, list(data.ids), data.genes, arrays, observed=True, model=None))
        changed = (false_discovery_control(change.p, axis=1) < 0.05).sum(axis=1)
        largest = np.abs(np.nan_to_num(change.t)).argmax(axis=1)
        summary.append(
            pl.DataFrame(
                {
                    "context": [data.context] * len(data.ids),
                    "perturbation": list(data.ids),
                    "n_cells": data.treated.n.astype(np.int64),
                    "n_changed": changed,
                    "largest": [data.symbols[g] for g in largest],
                    "delta": change.delta[np.arange(len(largest)), largest],
                }
            )
        )
    report("contexts measured", len(kinds), len(kinds))
    if not frames:
        raise NothingFound(
            f"No perturbation of '{dataset}' has {min_cells} cells or more beside control cells in the contexts "
            f'{", ".join(kinds)}. Lower --min-cells, or see which there are: perturbome query "MATCH '
            '(:Dataset)-[c:CONTAINS]->(p:Perturbation) RETURN p.id, c.n_cells"'
        )
    if write:
        configuration = {"contexts": kinds, "min_cells": min_cells, "level": level, "interval": "Welch"}
        with store.run(
            "infer", name=f"measure effects in {dataset}", configuration=configuration, datasets=[dataset],
            started=started, report=report,
        ) as writer:  # fmt: skip
            writer.write("effects", pl.concat(frames))
            writer.metrics["n_conditions"] = sum(part.height for part in summary)
    return pl.concat(summary).sort("n_changed", descending=True, maintain_order=True)


def _require_perturbations(store: Store, dataset: str) -> None:
    cells = store.lake.scan("cells").filter(pl.col("dataset") == dataset)
    perturbed = pl.col("perturbation").is_not_null() & ~pl.col("control").fill_null(False)
    if not cells.select(perturbed.any()).collect().item():
        raise NothingFound(
            f"Data set '{dataset}' has no perturbations: no cell of it is said to carry one, so there is no effect to "
            "measure. If its file names them: perturbome ingest experiment FILE --perturbation-column COLUMN"
        )


def _contexts(store: Store, dataset: str) -> list[str]:
    """All cells, and each cell type that has controls where there is more than one type."""
    cells = store.lake.scan("cells").filter(pl.col("dataset") == dataset)
    kinds = cells.filter(pl.col("control")).select(pl.col("cell_type").fill_null(ALL).unique().sort()).collect()
    several = cells.select(pl.col("cell_type").n_unique()).collect().item() > 1
    return [ALL, *(k for k in kinds["cell_type"] if several and k != ALL)]
