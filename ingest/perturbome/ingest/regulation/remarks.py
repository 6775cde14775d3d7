"""Groups of cells as they were inferred, and what a reader should know of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from perturbome.ingest.regulation.method import Method
from perturbome.ingest.words import many
from perturbome.platform.errors import InputError


@dataclass(frozen=True)
class Group:
    """One group of cells and what came of it."""

    cell_type: str
    time: float | None
    n_cells: int
    n_regulators: int
    n_targets: int
    penalty: float | None
    n_edges: int


def remarks(groups: list[Group], n_genes: int, method: Method, least_q: float | None = None) -> list[str]:
    """What a reader should know of the groups, one sentence a kind; `least_q` is the least of any pair of any group."""
    said = []
    if all(g.n_regulators == 0 for g in groups):
        raise InputError(
            "Nothing can be said of any regulator in any group of cells (each is constant, seen in fewer than 10 "
            "cells, or without what the method needs). Name other regulators, or take cells together."
        )
    fewest = min(g.n_targets for g in groups)
    if fewest < n_genes:
        said.append(
            f"Up to {n_genes - fewest:,} of {n_genes:,} genes are constant or seen in fewer than 10 cells of a group, "
            "and took no part there."
        )
    # What an experiment shows of one regulator does not wait for the others to be told apart.
    thin = [] if method.ground == "intervention" else [g for g in groups if g.n_cells <= g.n_regulators]
    if thin:
        carried = all(g.penalty is not None for g in thin)
        rests = "the penalty carries the fit" if carried else "much of what stands out there may be chance"
        said.append(
            f"{len(thin)} of {many(len(groups), 'group')} {_have(thin)} no more cells than regulators; {rests}."
        )
    empty = [g for g in groups if g.n_edges == 0]
    if empty:
        said.append(f"{len(empty)} of {many(len(groups), 'group')} {_have(empty)} no edge below the q asked for.")
    if len(empty) == len(groups):
        said.append(_nothing_found(method, least_q))
    return said


def _nothing_found(method: Method, least_q: float | None) -> str:
    """What a user can do where there is no edge at all."""
    said = ""
    if least_q is not None:
        said = f"The least q of any pair is {least_q:.2g}: with such a --max-q, so many of the edges may be false. "
    said += "Fewer pairs ask for less evidence each: name the --regulators, or pass what is known by --prior."
    if method.ground == "course":
        said += (
            f" '{method.name}' tells what follows a regulator from what merely changes at the same times, of which few "
            "times give little evidence; --method ridge or correlation look at what goes along with what."
        )
    return said


def _have(groups: list[Group]) -> str:
    return "has" if len(groups) == 1 else "have"


def gathered(told: Iterable[tuple[str, tuple[str, ...]]], n_groups: int) -> list[str]:
    """What was said of groups (name, sentences), each sentence once, with the groups it is of unless it is all."""
    where: dict[str, list[str]] = {}
    for name, sentences in told:
        for sentence in sentences:
            where.setdefault(sentence, []).append(name)
    return [s if len(names) == n_groups else f"{', '.join(names[:4])}: {s}" for s, names in where.items()]
