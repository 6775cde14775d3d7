"""What a model takes and gives, whatever it is made of: the three tasks and their tables of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from perturbome.models.moments import Moments
from perturbome.models.spread import Strata

if TYPE_CHECKING:
    from perturbome.platform.perturbation import Perturbation
    from perturbome.platform.slices import GraphSlice

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PerturbationData:
    """Measured conditions of one data set in one context, as moments of disjoint halves of their cells.

    Row k of `first` and of `second` are the two halves of the cells that carry perturbation k. Control cells are
    halved as well: truth and prediction must not share control noise (with a shared half, Pearson-delta is 0.5 on
    pure noise). Whole-group moments are the sums of the halves.
    """

    dataset: str
    context: str
    genes: tuple[str, ...]  # gene ids
    symbols: tuple[str, ...]
    perturbations: tuple[Perturbation, ...]  # [n_perturbations], measured; may be empty
    ids: tuple[str, ...]  # as `cells.perturbation` names them
    targets: tuple[tuple[int, ...], ...]  # indices into genes; targets that are not measured genes are absent
    controls: Moments  # [2]
    first: Moments  # [n_perturbations]
    second: Moments  # [n_perturbations]
    spread: Array  # [n_genes], SD of the cells the regulation was inferred from: the unit of its weights
    strata: Strata  # moments by cell type, time and control flag, from which every such SD is made
    too_few: dict[str, int] = field(default_factory=dict)
    """Perturbations left out for having too few cells, with how many they have."""

    @property
    def control(self) -> Moments:
        """All control cells, one group."""
        return self.controls.merge(np.zeros(2, dtype=np.intp), 1)

    @property
    def treated(self) -> Moments:
        """All cells of each perturbation."""
        return self.first + self.second

    def delta(self, half: int | None = None) -> Array:
        """Measured change [n_perturbations, n_genes] against all control cells, or against one half of them."""
        control = self.control.mean[0] if half is None else self.controls.mean[half]
        change: Array = self.treated.mean - control
        return change

    def own(self) -> NDArray[np.bool_]:
        """True where a gene is a target of the perturbation itself, [n_perturbations, n_genes]: not scored."""
        mask = np.zeros((len(self.targets), len(self.genes)), dtype=bool)
        for row, targets in enumerate(self.targets):
            mask[row, list(targets)] = True
        return mask


@dataclass(frozen=True)
class Effects:
    """Predicted effects beside their baseline; all arrays [n_perturbations, n_genes], in expression units."""

    perturbations: tuple[Perturbation, ...]
    genes: tuple[str, ...]
    delta: Array
    lower: Array  # NaN where there is no such end
    upper: Array
    baseline: Array
    baseline_names: tuple[str, ...]  # [n_perturbations]
    model: str
    context: str
    calibrated: bool = False
    """Whether the interval was calibrated on measured perturbations that the prediction did not see."""


@dataclass(frozen=True)
class Ranking:
    """Candidate causes of a change, best first is rank 1; arrays [n_genes]."""

    genes: tuple[str, ...]
    score: Array
    rank: NDArray[np.intp]
    q: Array
    direction: NDArray[np.int8]  # -1: the change looks as if the gene went down, +1 up
    model: str


@dataclass(frozen=True)
class FitReport:
    """What fitting learned, in numbers to store and sentences to show."""

    model: str
    n_perturbations: int
    numbers: dict[str, float] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    curve: tuple[Mapping[str, float], ...] = ()  # one row for each pass over the data, where it learned in passes


class EffectModel(Protocol):
    """Answers: what does this perturbation do?"""

    def fit(self, data: PerturbationData, priors: GraphSlice | None = None) -> FitReport:
        """Learn from measured conditions; a model that learns nothing still takes its units from them."""

    def predict(self, perturbations: Sequence[Perturbation], context: str) -> Effects:
        """Predict the change of every gene against control."""


class TargetModel(Protocol):
    """Answers: what caused this change?"""

    def rank(self, before: Moments, after: Moments, genes: Sequence[str]) -> Ranking:
        """Rank genes as causes of the change between two groups of cells (one row of moments each)."""


@dataclass(frozen=True)
class Shift:
    """How far nodes move when a perturbation unfolds: vectors [n_nodes, n_dimensions] before and after."""

    nodes: tuple[str, ...]
    before: Array
    after: Array


class TemporalModel(Protocol):
    """Answers: how does it unfold in time and space?"""

    def fit(self, events: GraphSlice) -> FitReport:
        """Learn from a graph whose edges carry times."""

    def perturb(
        self, perturbation: Perturbation, window: tuple[float, float], cells: Sequence[int] | None = None
    ) -> Shift:
        """Embed the nodes before and after the perturbation, inside a time window."""
