"""What a caller asked for, checked before any work; and which cells share a piece of tissue."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.words import many
from perturbome.platform.errors import BadValues, InputError

Section = Literal["auto", "batch", "replicate", "none"]


def check_numbers(
    *, neighbors: int | None, components: int, window: float, epsilon: float, max_distance: float | None
) -> None:
    """BadValues for numbers without meaning."""
    for name, value in (("neighbors", neighbors), ("components", components)):
        if value is not None and value < 1:
            raise BadValues(f"{name} is {value}; it must be 1 at least.")
    if not 0 < window <= 1:
        raise BadValues(f"window is {window:g}, a share of the cells: it must lie above 0 and up to 1.")
    for name, number in (("epsilon", epsilon), ("max_distance", max_distance)):
        if number is not None and not number > 0:
            raise BadValues(f"{name} is {number:g}; it must be above 0.")


CONCERNS = {
    "window": "knn", "epsilon": "transport", "balanced": "transport", "growth": "transport", "file": "velocity",
    "delaunay": "spatial", "across_time": "spatial", "max_distance": "spatial", "section": "spatial",
}  # fmt: skip
"""The one method that looks at each of these."""


def check_uses(method: str, given: Collection[str]) -> None:
    """InputError for the first of the options `given` that the method would not look at."""
    for name in given:
        if CONCERNS[name] != method:
            raise InputError(
                f"'{method}' does not look at --{name.replace('_', '-')}. Leave it out, or take --method "
                f"{CONCERNS[name]}."
            )


def sections(cells: pl.DataFrame, asked: Section) -> tuple[NDArray[np.intp], str | None, list[str]]:
    """The piece of tissue of each cell as a number [n], the column that tells it (None where all are one), and a word.

    Coordinates of two pieces are not comparable, so cells of different ones are not neighbours. "auto" takes a
    column that tells several pieces apart, batch before replicate. Raises InputError where the column asked for is
    empty.
    """
    filled = {name: cells[name].drop_nulls().n_unique() for name in ("batch", "replicate")}
    if asked in filled and not filled[asked]:
        raise InputError(f"The data set has no {asked} that could tell sections apart. Take --section none.")
    name = next((n for n, several in filled.items() if several > 1), None) if asked == "auto" else asked
    if name is None or name == "none":
        why = "No batch or replicate tells sections apart: all" if asked == "auto" else "All"
        return np.zeros(cells.height, np.intp), None, [f"{why} cells are taken for one section."]
    codes = cells[name].fill_null("").rank("dense").to_numpy().astype(np.intp)
    several = many(int(codes.max(initial=0)), "section")
    return codes, name, [f"{several} by {name}, none joined with another (--section none joins all)."]
