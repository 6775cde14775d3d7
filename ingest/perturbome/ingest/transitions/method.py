"""What a method of cell-cell edges is given, what it gives back, and the record it is kept as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.transitions.components import principal_components
from perturbome.ingest.transitions.nearest import Nearest, neighbours_of_each
from perturbome.platform.progress import Report, silent

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


@dataclass
class Cells:
    """Cells as a method sees them; those without a time are already out where the method needs one."""

    X: sparse.csr_matrix  # [n, G], expression
    names: NDArray[np.object_]  # [n], names in the file
    time: Floats  # [n]; NaN where there is none
    place: NDArray[np.float64]  # [n, 3], coordinates; NaN where unknown
    points: bool = False  # the times are time points, not a continuum
    n_components: int = 30
    section: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))  # [n], piece of tissue
    _near: dict[int, Nearest] = field(default_factory=dict, repr=False)

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """Principal components of all cells [n, d], made when first asked for."""
        return principal_components(self.X, self.n_components)

    def neighbours(self, options: Options) -> Nearest:
        """Nearest other cells of each cell by expression, found once."""
        k = options.n_neighbors
        if k not in self._near:
            self._near = {k: neighbours_of_each(self.scores, k, exact=options.exact, report=options.report)}
        return self._near[k]

    def subset(self, rows: Positions) -> Cells:
        """These cells alone, with the scores they had, if they had any."""
        if len(rows) == len(self.time):
            return self
        part = Cells(
            self.X[rows], self.names[rows], self.time[rows], self.place[rows], self.points, self.n_components,
            self.section[rows] if self.section.size else self.section,
        )  # fmt: skip
        if "scores" in self.__dict__:
            part.scores = self.scores[rows]
        return part


@dataclass(frozen=True)
class Options:
    """What a caller may ask of any method; a method takes what concerns it."""

    n_neighbors: int
    window: float = 0.1  # knn: share of the cells, in order of time, among which later neighbours are sought
    exact: bool | None = None  # neighbours: exact, approximate, or (None) as the number of cells allows
    epsilon: float = 0.05  # transport: entropy, in units of the mean cost
    source_penalty: float | None = 1.0  # transport: price of leaving the sources' mass; None holds it exactly
    target_penalty: float | None = 50.0  # transport: the same of the targets' mass
    growth: Floats | None = None  # [n], transport: descendants of a cell per unit of time
    delaunay: bool = False  # spatial: triangulate instead of a fixed number of neighbours
    across_time: bool = False  # spatial: join a cell with its place at the next time point as well
    max_distance: float | None = None  # spatial: longest pair kept, in the unit of the coordinates
    file: Path | None = None  # velocity: the experiment's file
    seed: int = 0
    report: Report = silent


@dataclass(frozen=True)
class Edges:
    """Cell-cell edges as positions of cells; `distance` where edges lie in space."""

    source: Positions
    target: Positions
    weight: Floats  # of transitions, those of a source sum to 1
    distance: Floats | None = None


@dataclass(frozen=True)
class Found:
    """What a method says: edges, sentences for the reader, what the run should keep, and a clock of its own."""

    edges: Edges
    said: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)
    time: Floats | None = None  # [n], where the method orders the cells itself


@dataclass(frozen=True)
class Method:
    """A method's name, one line for the screen, what it needs, its source, and where its function stands."""

    name: str
    meaning: str
    source: str
    function: str  # "module:function" of (Cells, Options) -> Found, loaded when it is first used
    clock: Literal["any", "points", "own", "none"]  # what must order the cells: any time, time points, itself, nothing
    n_neighbors: int = 30
    table: Literal["transitions", "neighbours"] = "transitions"

    def __call__(self, cells: Cells, options: Options) -> Found:
        """Edges between the cells."""
        module, name = self.function.split(":")
        function: Callable[[Cells, Options], Found] = getattr(import_module(module), name)
        return function(cells, options)


def sorted_edges(source: Positions, target: Positions, weight: Floats, time: NDArray[np.floating]) -> Edges:
    """Edges by the source's time, then source, then target."""
    order = np.lexsort((target, source, time[source]))
    return Edges(source[order], target[order], weight[order])
