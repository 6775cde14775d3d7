"""What a caller asked of an inference, checked before any work: numbers that mean something, and options of use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from perturbome.ingest.regulation.method import Method, Options
from perturbome.ingest.regulation.registry import METHODS, find_method
from perturbome.platform.errors import BadValues, InputError


def check_numbers(
    *,
    max_edges: int,
    n_bootstraps: int,
    max_q: float,
    n_trees: int,
    time_bins: int | None,
    min_cells: int,
    penalty: float | None,
) -> None:
    """BadValues for numbers without meaning."""
    for name, option, number, least in (
        ("max_edges", "--max-edges", max_edges, 1), ("n_bootstraps", "--bootstraps", n_bootstraps, 0),
        ("n_trees", "--trees", n_trees, 1), ("time_bins", "--time-bins", time_bins, 1),
        ("min_cells", "--min-cells", min_cells, 2),
    ):  # fmt: skip
        if number is not None and not number >= least:
            raise BadValues(f"{name} is {number}; it must be {least} at least ({option}).")
    if not 0 < max_q <= 1:
        raise BadValues(f"max_q is {max_q:g}, a rate of false discoveries: it must lie above 0 and up to 1 (--max-q).")
    if penalty is not None and not (np.isfinite(penalty) and penalty >= 0):
        raise BadValues(
            f"penalty is {penalty:g}; it must be 0 or more, and finite (--penalty). Left out, the cells choose it."
        )


def check_uses(
    method: Method,
    *,
    members: Sequence[str],
    prior: Sequence[str],
    mask: str,
    n_trees: int,
    penalty: float | None,
    dask: str | None,
) -> None:
    """InputError for an option that nothing would look at, UnknownName for a member that is no method.

    A number of trees that is the default is taken for not given.
    """
    if dask is not None and not method.chunked:
        able = ", ".join(m.name for m in METHODS.values() if m.chunked)
        raise InputError(
            f"'{method.name}' looks at all cells at once and cannot work in chunks. With --dask take {able}."
        )
    if mask == "hard" and not prior:
        raise InputError(
            "A hard mask considers nothing but what a prior has, and no prior is given. Name one (--prior NAME), or "
            "leave --mask out."
        )
    if members and method.name != "consensus":
        raise InputError(
            f"'{method.name}' has no members, yet {', '.join(members)} should be. Take --method consensus, or leave "
            "--member out."
        )
    parts = taking_part(method, members)
    alone = method.name != "consensus"
    who = f"'{method.name}'" if alone else f"A consensus of {', '.join(m.name for m in parts)}"
    if n_trees != Options.n_trees and all(m.name != "trees" for m in parts):
        take = "--method trees" if alone else "--member trees"
        raise InputError(f"{who} grows no trees. Leave --trees out, or take {take}.")
    if penalty is not None and not any(m.penalised for m in parts):
        able = ", ".join(m.name for m in METHODS.values() if m.penalised and (alone or m.name != "consensus"))
        raise InputError(f"{who} takes no penalty. Leave --penalty out, or take {able}.")


def taking_part(method: Method, members: Sequence[str]) -> list[Method]:
    """The method alone; of a consensus those named, each once, else the default members, if the cells allow them."""
    if method.name != "consensus":
        return [method]
    named = [find_method(name) for name in dict.fromkeys(members)]
    return named or [m for m in METHODS.values() if m.consensus]
