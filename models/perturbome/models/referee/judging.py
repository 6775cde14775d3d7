"""The referee's verdict on one prediction: every metric of every test condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.models.data.contract import PerturbationData
from perturbome.models.data.control_halves import TRUTH
from perturbome.models.data.table import ConditionTable
from perturbome.models.referee.compared import Compared, compared
from perturbome.models.referee.metrics import Need, metrics
from perturbome.platform.errors import BadValues, InputError, UnknownName

if TYPE_CHECKING:
    from perturbome.models.predictors.contract import Predicted

Array = NDArray[np.float64]


def judge(
    data: PerturbationData, predicted: Predicted, *, half: int = TRUTH, cells: Mapping[str, Array] | None = None
) -> pl.DataFrame:
    """Every metric of every predicted test condition: a long table of condition, metric, value (NaN: not defined).

    `data` is the judge's, whole and split; the truth is its test side against the control half `half`. Conditions are
    ranked among the predicted ones of their own context. Where the prediction has `lower` and `upper`, coverage and
    width of its intervals as well; with `cells`, predicted cells [n_cells, n_genes] by the condition's name, and data
    cut with its own cells, the distances between cells. Raises UnknownName for a condition that is not on the test
    side, InputError for one predicted twice or arrays of another shape, BadValues for a prediction that is not finite.
    """
    truth = _truth(data, predicted, half)
    place = {c.name: i for i, c in enumerate(predicted.conditions)}
    order = np.array([place[name] for name in truth.names], dtype=np.intp)
    ends = [getattr(predicted, end, None) for end in ("lower", "upper")]
    lower, upper = (None if end is None else np.asarray(end, dtype=np.float64)[order] for end in ends)
    found = compared(
        data, truth, np.asarray(predicted.delta, dtype=np.float64)[order], lower=lower, upper=upper,
        cells=None if cells is None else measured_beside(data, truth, cells),
    )  # fmt: skip
    return scores(found)


def scores(found: Compared) -> pl.DataFrame:
    """The long table of condition, metric, value of all metrics that what is compared allows."""
    without: list[Need] = []
    if found.lower is None or found.upper is None:
        without.append("intervals")
    if found.cells is None:
        without.append("cells")
    which = metrics(tuple(without))
    values = np.column_stack([m.score(found) for m in which])  # [n, n_metrics]
    return pl.DataFrame(
        {
            "condition": [name for name in found.truth.names for _ in which],
            "metric": [m.name for m in which] * len(values),
            "value": values.ravel(),
        },
        schema={"condition": pl.String, "metric": pl.String, "value": pl.Float64},
    )


def measured_beside(
    data: PerturbationData, truth: ConditionTable, cells: Mapping[str, Array]
) -> dict[int, tuple[Array, Array]]:
    """Predicted and measured cells by row of the truth; InputError for cells over other genes."""
    known, found = {name: i for i, name in enumerate(data.names)}, {}
    for row, name in enumerate(truth.names):
        if name in cells:
            predicted = np.asarray(cells[name], dtype=np.float64)
            if predicted.ndim != 2 or predicted.shape[1] != len(data.genes):
                raise InputError(
                    f"The predicted cells of '{name}' have shape {predicted.shape}; the data have {len(data.genes)} "
                    "genes. Give one row for each cell and one column for each gene, in the data's order."
                )
            measured = data.cells.expression[data.cells.rows(known[name])].toarray().astype(np.float64)
            found[row] = (predicted, measured)
    return found


def _truth(data: PerturbationData, predicted: Predicted, half: int) -> ConditionTable:
    """The measured side of the predicted conditions, after looking at what was handed in."""
    test = data.test if half == TRUTH else data.table(data.test.names, half)
    names = [c.name for c in predicted.conditions]
    if not names:
        raise InputError("No conditions were predicted, so there is nothing to judge. Predict those of data.test.")
    for name in names:
        if name not in test.names:
            raise UnknownName(
                "test condition", name, f"data set '{data.dataset}' as it is split", list(test.names),
                "Only conditions that were held out can be judged.",
            )  # fmt: skip
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"The condition '{twice}' is predicted more than once. Predict each condition once.")
    shape = (len(names), len(data.genes))
    for what in ("delta", "lower", "upper"):
        array = getattr(predicted, what, None)
        if array is not None and np.shape(array) != shape:
            raise InputError(
                f"The prediction's {what} has shape {np.shape(array)}, not {shape}: {shape[0]} conditions by "
                f"{shape[1]} genes. Predict over the genes of the data that judges."
            )
    bad = ~np.isfinite(predicted.delta).all(axis=1)
    if bad.any():
        raise BadValues(
            f"The predicted change of '{names[int(np.argmax(bad))]}' holds values that are not finite numbers "
            f"({bad.sum()} of {len(names)} conditions do). Predict a number for every gene; 0 for no change."
        )
    return test[[row for row, name in enumerate(test.names) if name in set(names)]]
