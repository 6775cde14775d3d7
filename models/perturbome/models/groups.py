"""Two groups of cells named in words: control, STAT1, cell_type=B cells, time=0, and conditions joined by ' & '."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.models.conditions import FEWEST_CELLS
from perturbome.platform.errors import InputError, MissingColumn, NothingFound, UnknownName
from perturbome.platform.lake.expression import Expression
from perturbome.platform.perturbation import Perturbation

CONTROL = "control"


def select_cells(expression: Expression, text: str, labels: dict[str, str]) -> NDArray[np.bool_]:
    """True for the cells that meet every condition of `text`.

    A condition is `control`, a perturbation (its id, its label in the file or its targets), or `column=value` for a
    column of the cells. `labels` maps other names of a perturbation to its id.
    """
    chosen = np.ones(expression.cells.height, dtype=bool)
    for condition in (part.strip() for part in text.split(" & ")):
        chosen &= _meets(expression, condition, labels)
    return chosen


def perturbation_labels(rows: pl.DataFrame, symbols: dict[str, str]) -> dict[str, str]:
    """Every name of a perturbation that is not shared by two, to its id; rows of the table `perturbations`."""
    names: dict[str, set[str]] = {}
    for row in rows.to_dicts():
        own = row["perturbation"]
        targets = "+".join(sorted(symbols.get(t, t) for t in row["targets"]))
        for name in {own, row["label"], targets, Perturbation.parse(own).label} - {None}:
            names.setdefault(str(name), set()).add(own)
    return {name: ids.pop() for name, ids in names.items() if len(ids) == 1}


def require_cells(chosen: NDArray[np.bool_], text: str, dataset: str, context: str) -> None:
    """NothingFound where a group has too few cells to compare."""
    if chosen.sum() < FEWEST_CELLS:
        raise NothingFound(
            f"'{text}' selects {int(chosen.sum())} cells of '{dataset}' in the context '{context}'; "
            f"a comparison needs {FEWEST_CELLS} or more on each side."
        )


def _meets(expression: Expression, condition: str, labels: dict[str, str]) -> NDArray[np.bool_]:
    cells, name = expression.cells, expression.dataset["dataset"]
    column, equals, value = (part.strip() for part in condition.partition("="))
    if not equals:
        if condition == CONTROL:
            return cells["control"].fill_null(False).to_numpy()
        wanted = labels.get(condition, condition)
        found = (cells["perturbation"] == wanted).fill_null(False).to_numpy()
        if not found.any():
            by_targets = sorted({CONTROL, *(Perturbation.parse(i).label for i in set(labels.values()))})
            raise UnknownName(
                "group of cells", condition, f"data set '{name}'", by_targets,
                "A group is 'control', a perturbation, or column=value as in 'time=0'.",
            )  # fmt: skip
        return found
    if column not in cells.columns:
        raise MissingColumn(column, f"the cells of '{name}'", cells.columns)
    if cells[column].dtype.is_numeric():
        try:
            number = float(value)
        except ValueError:
            raise InputError(f"Column '{column}' of '{name}' holds numbers; '{value}' is none.") from None
        found = np.isclose(cells[column].cast(pl.Float64).fill_null(float("nan")).to_numpy(), number, rtol=1e-6)
    else:
        found = (cells[column].cast(pl.String) == value).fill_null(False).to_numpy()
    if not found.any():
        known = sorted(str(v) for v in cells[column].drop_nulls().unique().head(1000))
        raise UnknownName(column, value, f"data set '{name}'", known)
    return found
