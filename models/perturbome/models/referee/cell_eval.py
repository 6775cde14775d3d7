"""The published scorer, cell-eval2, asked about our predictions: its metrics under its own names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import PREDICTION, TRUTH
from perturbome.models.referee.shifted_cells import cells_of
from perturbome.platform.errors import MissingExtra, ModelError, NothingFound

if TYPE_CHECKING:
    from perturbome.models.predictors.contract import Predicted

Array = NDArray[np.float64]

CONTROL, LABEL = "control", "condition"
FEWEST = 2
"""A condition of fewer cells than this cannot be tested gene by gene and is left out."""
COLUMNS = ("context", "condition", "metric", "value")


def cell_eval_scores(
    data: PerturbationData, predicted: Predicted, *, metrics: str | Sequence[str] = "full",
    cells: Mapping[str, Array] | None = None, control_source: str = "pred", seed: int = 0,
) -> pl.DataFrame:  # fmt: skip
    """cell-eval2's metrics of the predicted test conditions: context, condition, metric, value; its names, its numbers.

    `metrics`: a profile of cell-eval2 (full, vcc2026, de, anndata, minimal) or names of its metrics. Metrics that it
    forms for a whole context (`expr_mse_unbiased_capped_norm`) have no condition. It is asked once per context, with
    the truth's half of the controls on the real side and the prediction's half on the predicted side; with
    `control_source="real"`, its own default, both changes are against the truth's half and share its noise.

    It needs cells: those of the data, and for the prediction `cells` by the condition's name or, for the others, as
    many control cells of the prediction's half as the condition has, shifted by the predicted change (see
    `shifted_cells`; seeded by `seed` and the condition's place). It takes log-normalised expression here, so its
    expression metrics compare means of cells. It leaves out one target of a condition where it does so; of a
    combination, the first that was measured. Raises MissingExtra without cell-eval2, ModelError for data without
    cells, not in a log1p unit, or refused by cell-eval2 (as cells of more than a million counts are), NothingFound
    where no condition has two cells.
    """
    config, compute, aggregate = _library()
    if not data.unit.startswith("log1p"):
        raise ModelError(
            f"cell-eval2 is handed log-normalised expression; the unit of these data is '{data.unit}'. Give data whose "
            "unit is 'log1p of counts per 10,000'."
        )
    deltas = {
        c.name: np.asarray(d, dtype=np.float64) for c, d in zip(predicted.conditions, predicted.delta, strict=True)
    }
    number = {name: i for i, name in enumerate(data.names)}
    asked = [i for i in data.rows(data.test.names) if data.names[i] in deltas and data.treated.n[i] >= FEWEST]
    if not asked:
        raise NothingFound("None of the predicted conditions is a test condition of at least two cells.")
    found: list[pl.DataFrame] = []
    for context in np.unique(data.context[asked]):
        names = [data.names[i] for i in asked if data.context[i] == context]
        own = {name: data.targets[number[name]] for name in names}
        made = _predicted_cells(data, int(context), names, deltas, cells or {}, seed)
        real = {name: data.cells.expression[data.cells.rows(number[name])] for name in names}
        sides = [_annotated(data, int(context), half, groups) for half, groups in ((PREDICTION, made), (TRUTH, real))]
        settings = config(
            metrics=metrics if isinstance(metrics, str) else list(metrics), pert_col=LABEL, control=CONTROL,
            input_type="lognorm", control_source=control_source, device="cpu", de={"backend": "scanpy"},
            num_threads=1, target_gene_map={name: data.genes[at[0]] if at else None for name, at in own.items()},
        )  # fmt: skip
        try:
            each = compute(*sides, config=settings)
            whole = aggregate(each).filter(pl.col("agg") == "ratio_of_sums")
        except ValueError as error:
            raise ModelError(
                f"cell-eval2 refused the cells of the context '{data.contexts[context].name}': {error}"
            ) from error
        where = pl.lit(data.contexts[context].name, dtype=pl.String)
        none = pl.lit(None, dtype=pl.String)
        found.append(each.select(where.alias("context"), "metric", "value", condition="perturbation"))
        found.append(whole.select(where.alias("context"), none.alias("condition"), "metric", value="mean"))
    return pl.concat([table.select(*COLUMNS) for table in found])


def _predicted_cells(
    data: PerturbationData, context: int, names: Sequence[str], deltas: Mapping[str, Array],
    given: Mapping[str, Array], seed: int,
) -> dict[str, Any]:  # fmt: skip
    """Predicted cells of each condition: those given, or shifted control cells."""
    made: dict[str, Any] = cells_of(data, context, [name for name in names if name not in given], deltas, seed)
    return {name: given[name] if name in given else made[name] for name in names}


def _annotated(data: PerturbationData, context: int, half: int, groups: Mapping[str, Any]) -> Any:
    """One side as cell-eval2 reads it: cells of every condition, then one half of the controls."""
    import anndata as ad
    import pandas as pd

    parts = {**groups, CONTROL: data.cells.expression[data.cells.control_rows(context, half)]}
    labels = np.repeat(np.array(list(parts), dtype=object), [x.shape[0] for x in parts.values()])
    return ad.AnnData(
        sparse.csr_matrix(sparse.vstack([sparse.csr_matrix(x, dtype=np.float32) for x in parts.values()])),
        obs=pd.DataFrame({LABEL: pd.Categorical(labels)}, index=[f"cell{i}" for i in range(len(labels))]),
        var=pd.DataFrame(index=list(data.genes)),
    )


def _library() -> tuple[Any, Any, Any]:
    """cell-eval2's configuration, scorer and means, or MissingExtra that names the extra which brings it."""
    try:
        from cell_eval2 import EvalConfig, aggregate_metrics, compute_metrics
    except ModuleNotFoundError as error:
        raise MissingExtra("cell-eval2", "bench", "Scoring with cell-eval2") from error
    return EvalConfig, compute_metrics, aggregate_metrics
