"""Gold standards of network inference: cells, the true network, and the pairs that are scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.regulation.method import Cells

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Gold:
    """One track of a gold standard. Tracks that share `cells` differ in the truth alone."""

    name: str
    track: str
    cells: Cells
    truth: NDArray[np.int8]  # [p, G]: 1 activation or sign unknown, -1 inhibition, 0 no edge
    universe: NDArray[np.bool_]  # [p, G], the pairs that are scored
    signed: bool

    @property
    def density(self) -> float:
        """Share of scored pairs that are edges."""
        return float((self.truth[self.universe] != 0).mean())


def gold_standards(data: Path) -> Iterator[Gold]:
    """Every track of every set in the folder `data`; sets whose folder is absent are passed over, saying so."""
    from benchmarks._gold_cells import dendritic, sachs, scode
    from benchmarks._gold_simulated import beeline, dream4

    readers: tuple[tuple[str, Callable[[Path], Iterator[Gold]]], ...] = (
        ("grn_dream4", dream4),
        ("grn_beeline_curated", beeline),
        ("temporal_scode", scode),
        ("causal_sachs", sachs),
        ("grn_mouse_dendritic", dendritic),
    )
    for folder, reader in readers:
        if (data / folder).is_dir():
            yield from reader(data / folder)
        else:
            print(f"{folder} is not in {data}: left out.")


def make_cells(
    X: Floats,
    genes: list[str],
    *,
    regulators: list[str] | None = None,
    time: Floats | None = None,
    aimed: list[str] | None = None,
    perturbed: NDArray[np.bool_] | None = None,
    control: NDArray[np.bool_] | None = None,
    successor: object = None,
) -> Cells:
    """Cells X [n, G] of a gold standard; what is not given is unknown, or nobody. All genes regulate unless told."""
    n = X.shape[0]
    place = {gene: column for column, gene in enumerate(genes)}
    return Cells(
        X=X,
        genes=tuple(genes),
        regulators=np.array([place[r] for r in (genes if regulators is None else regulators)], np.intp),
        key=np.arange(n, dtype=np.uint64),
        perturbed=np.zeros((n, 0), bool) if perturbed is None else perturbed,
        aimed=np.array([place[a] for a in aimed or []], np.intp),
        control=np.zeros(n, bool) if control is None else control,
        time=np.full(n, np.nan) if time is None else time,
        successor=successor,
    )


def signed_matrix(cells: Cells, edges: list[tuple[str, str, int]]) -> NDArray[np.int8]:
    """Truth [p, G] from (source, target, sign); where a pair is listed twice, its first sign (BEELINE's rule)."""
    row = {cells.genes[c]: r for r, c in enumerate(cells.regulators)}
    column = {gene: c for c, gene in enumerate(cells.genes)}
    truth = np.zeros((cells.regulators.size, len(cells.genes)), np.int8)
    for source, target, sign in reversed(edges):
        truth[row[source], column[target]] = sign
    return truth


def scored_pairs(cells: Cells, sources: set[str], nodes: set[str]) -> NDArray[np.bool_]:
    """Pairs from `sources` to `nodes`, self-loops out: [p, G]; BEELINE's rule, with the genes of the gold standard."""
    from_ = np.array([cells.genes[c] in sources for c in cells.regulators])
    to = np.array([gene in nodes for gene in cells.genes])
    universe: NDArray[np.bool_] = from_[:, None] & to[None, :]
    universe[np.arange(cells.regulators.size), cells.regulators] = False
    return universe
