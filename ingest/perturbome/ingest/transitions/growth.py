"""Growth rates of cells, from a table of two columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.platform.errors import BadValues, MissingColumn, UnreadableFile


def read_growth(path: Path) -> dict[str, float]:
    """Growth of each cell from a CSV or TSV file with the columns `cell` and `growth`."""
    try:
        table = pl.read_csv(path, separator="\t" if path.suffix in (".tsv", ".txt") else ",", infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UnreadableFile(f"{path} cannot be read as a table: {error}") from error
    for column in ("cell", "growth"):
        if column not in table.columns:
            raise MissingColumn(column, str(path), table.columns, "Growth is read from the columns cell and growth.")
    values = table["growth"].cast(pl.Float64, strict=False)
    if values.null_count():
        at = values.is_null().arg_true()[0]
        raise BadValues(f"{path}: the growth of cell '{table['cell'][at]}' is {table['growth'][at]!r}, not a number.")
    return dict(zip(table["cell"], values, strict=True))


def growth_of(names: NDArray[np.object_], growth: Mapping[str, float]) -> NDArray[np.float64]:
    """Growth of the cells of these names [n]: descendants of a cell per unit of time, all above 0.

    Raises BadValues where a cell has none, or one that is not positive.
    """
    missing = [name for name in names if name not in growth]
    if missing:
        raise BadValues(
            f"{len(missing):,} of {len(names):,} cells have no growth rate, such as '{missing[0]}'; the table names "
            f"cells like '{next(iter(growth), '')}'. Name every cell as the experiment's file does."
        )
    values = np.array([growth[name] for name in names], np.float64)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if wrong.size:
        raise BadValues(
            f"The growth of cell '{names[wrong[0]]}' is {values[wrong[0]]:g}. Growth is the number of descendants per "
            "unit of time: 1 where a cell neither divides nor dies, always above 0."
        )
    return values
