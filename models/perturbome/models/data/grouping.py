"""From what is said of every cell to conditions, contexts and control parts: which cell counts where."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.models.data.cells import REMOVED
from perturbome.models.data.condition import Condition, Context
from perturbome.models.data.control_halves import PARTS, control_parts
from perturbome.models.data.fingerprint import Hashes
from perturbome.platform.errors import InputError, NothingFound, UnknownName
from perturbome.platform.perturbation import Perturbation

FEWEST_CONTROLS = 2 * PARTS
"""A context needs two control cells in each part, or their variance is not known."""


@dataclass(frozen=True)
class Groups:
    """Conditions and contexts, sorted by name, and the code of every cell (see `Cells.code`)."""

    contexts: tuple[Context, ...]
    conditions: tuple[Condition, ...]
    context: NDArray[np.intp]  # [n_conditions]
    code: NDArray[np.int32]  # [n_cells]
    few: tuple[str, ...] = ()  # conditions left out for having too few cells


def group_cells(
    cells: pl.DataFrame, keys: Hashes, perturbations: dict[str, Perturbation], where: str, *,
    contexts: Collection[str] | None = None, min_cells: int = 1, seed: int = 0,
) -> Groups:  # fmt: skip
    """Group cells by perturbation and context; control cells by context and part.

    cells: columns perturbation (key of `perturbations`, or null), control, cell_type, time and dose (null where it
    does not matter; a perturbation without a dose of its own takes the cell's). Cells that are neither control nor
    perturbed, and conditions with fewer than `min_cells`, count nowhere. `contexts` are the names of those to keep.
    Raises UnknownName for a context that is not there, NothingFound for one with fewer than eight control cells and
    where no condition is left.
    """
    kinds = cells.select("perturbation", "cell_type", "time", "dose", "control").with_row_index("row")
    each = kinds.group_by("perturbation", "cell_type", "time", "dose", "control").agg(pl.col("row"))
    found: dict[str, Context] = {}
    of_condition: dict[str, tuple[Condition, list[NDArray[np.int64]]]] = {}
    of_control: dict[str, list[NDArray[np.int64]]] = {}
    for name, cell_type, time, dose, control, rows in each.iter_rows():
        context = Context(cell_type, None if time is None else float(f"{time:.10g}"))
        found[context.name] = context
        if control:
            of_control.setdefault(context.name, []).append(np.asarray(rows))
        elif name is not None:
            condition = Condition(_dosed(perturbations[name], dose), context)
            of_condition.setdefault(condition.name, (condition, []))[1].append(np.asarray(rows))
    if not of_condition:
        raise NothingFound(
            f"{where[:1].upper()}{where[1:]} holds no perturbation: none of its {cells.height:,} cells is said to be "
            "perturbed. Where the file says so, name the column when it is read: perturbome ingest experiment FILE "
            "--perturbation-column COLUMN --control LABEL."
        )
    n_controls = {name: len(np.unique(keys[np.concatenate(rows)])) for name, rows in of_control.items()}
    kept = _kept(found, contexts, of_condition, n_controls, where)
    chosen = [
        (condition, rows)
        for name, (condition, parts) in sorted(of_condition.items())
        if condition.context.name in kept and len(rows := np.concatenate(parts)) >= min_cells
    ]
    if not chosen:
        raise NothingFound(
            f"No perturbation of {where} has {min_cells} cells or more in the contexts {', '.join(kept)}. "
            "Ask for fewer cells, --min-cells, or for other contexts, --context."
        )
    held = {condition.name for condition, _ in chosen}
    few = tuple(n for n, (c, _) in sorted(of_condition.items()) if n not in held and c.context.name in kept)
    code = np.full(cells.height, REMOVED, dtype=np.int32)
    for k, (_, rows) in enumerate(chosen):
        code[rows] = k
    for c, name in enumerate(kept):
        rows = np.concatenate(of_control[name])
        code[rows] = -1 - (c * PARTS + control_parts(keys[rows], np.zeros(len(rows), dtype=np.intp), seed))
    place = {name: c for c, name in enumerate(kept)}
    conditions = tuple(condition for condition, _ in chosen)
    places = np.array([place[c.context.name] for c in conditions], dtype=np.intp)
    return Groups(tuple(found[name] for name in kept), conditions, places, code, few)


def _dosed(perturbation: Perturbation, dose: float | None) -> Perturbation:
    if dose is None or perturbation.dose is not None:
        return perturbation
    return Perturbation(perturbation.targets, perturbation.mode, float(f"{dose:g}"))


def _as_options(contexts: Iterable[str]) -> str:
    """Contexts as a command takes them."""
    return " ".join(f"--context {shlex.quote(name)}" for name in contexts)


def _kept(
    found: dict[str, Context],
    contexts: Collection[str] | None,
    of_condition: dict[str, Any],
    n_controls: dict[str, int],
    where: str,
) -> list[str]:
    """Names of the contexts to keep, all with controls; those without perturbed cells need no controls."""
    if contexts is not None and isinstance(contexts, str):
        raise InputError(f"contexts must be a list of names, not the text '{contexts}'. Give contexts=['{contexts}'].")
    for name in contexts or ():
        if name not in found:
            raise UnknownName("context", name, where, sorted(found))
    perturbed = {condition.context.name for condition, _ in of_condition.values()}
    wanted = sorted(perturbed if contexts is None else set(contexts))
    poor = [name for name in wanted if n_controls.get(name, 0) < FEWEST_CONTROLS]
    if poor:
        rich = [name for name in sorted(perturbed) if n_controls.get(name, 0) >= FEWEST_CONTROLS]
        counts = ", ".join(f"{name} ({n_controls.get(name, 0)})" for name in poor)
        mend = (
            f"Leave them out by naming the others: {_as_options(rich)}." if rich else
            "Name the control label when the file is read: perturbome ingest experiment FILE --control LABEL."
        )  # fmt: skip
        raise NothingFound(
            f"Contexts of {where} with too few control cells to measure against: {counts}; each needs "
            f"{FEWEST_CONTROLS}, for two halves that are halved again. {mend}"
        )
    return wanted
