"""Measured perturbations of one data set in all its contexts: what an effect model is fitted to and judged by."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.condition import Condition, Context
from perturbome.models.data.gene_list import GeneList
from perturbome.models.data.splits import Split
from perturbome.models.data.table import ConditionTable
from perturbome.models.moments import Moments

if TYPE_CHECKING:
    from perturbome.models.data.cells import Cells

Array = NDArray[np.float64]

TRUTH, PREDICTION = 0, 1
"""The two disjoint halves of the control cells of a context: what the truth is measured against, and what a prediction
starts from. With a shared half, Pearson-delta is 0.5 on pure noise."""
PARTS = 4
"""Each half is itself halved, so that a model can be tuned as it is judged (see `tuning`): parts 0, 1 are the truth's,
parts 2, 3 the prediction's."""


@dataclass(frozen=True)
class PerturbationData:
    """Conditions with mean, variance and number of cells, beside two disjoint halves of every context's controls.

    A judge holds the whole and asks `test`; a model is handed `hidden()`, from which the test conditions and the
    truth's control cells are taken out. Genes and conditions are sorted by name, so that neither the order of genes
    nor that of cells in a file matters.
    """

    dataset: str
    unit: str  # of the expression, as the file was read
    genes: tuple[str, ...]  # ids, sorted; chosen without looking at held-out conditions, see `gene_choice`
    symbols: tuple[str, ...]  # [n_genes]
    contexts: tuple[Context, ...]  # [n_contexts], sorted by name
    conditions: tuple[Condition, ...]  # [n_conditions], sorted by name; controls are none
    context: NDArray[np.intp]  # [n_conditions], index into contexts
    treated: Moments  # [n_conditions] over genes
    controls: Moments  # [n_contexts * PARTS]; row c * PARTS + part
    gene_choice: GeneList
    seed: int  # of the control halves
    cells: Cells  # which cell is which; its matrix only where it was asked for
    split: Split | None = None
    gene_lists: tuple[GeneList, ...] = ()  # further lists made from these cells, as the genes that differ
    said: tuple[str, ...] = field(default=(), compare=False)
    """What a person should know: conditions with few cells and their noise, doubles without singles."""

    # -- the sides of the split ---------------------------------------------------------------------------

    @property
    def training(self) -> ConditionTable:
        """Training conditions against the prediction's half of the controls."""
        raise NotImplementedError

    @property
    def validation(self) -> ConditionTable:
        """Validation conditions against the prediction's half: to stop by. To choose between models: `tuning`."""
        raise NotImplementedError

    @property
    def test(self) -> ConditionTable:
        """Test conditions against the truth's half: for the judge only, absent from `hidden()`."""
        raise NotImplementedError

    def table(self, names: Collection[str] | None = None, half: int = PREDICTION) -> ConditionTable:
        """The conditions of these names (default all), in the data's order, against one half of the controls."""
        raise NotImplementedError

    def control(self, context: Context | str, half: int = PREDICTION) -> Array:
        """Mean profile [n_genes] of one half of a context's control cells: what a prediction starts from."""
        raise NotImplementedError

    # -- other data made from this ------------------------------------------------------------------------

    def with_split(self, split: Split) -> PerturbationData:
        """The same data with its conditions on the sides of a split; UnknownName for conditions it does not hold."""
        raise NotImplementedError

    def hidden(self) -> PerturbationData:
        """The data as a model may see it: without test and left-out conditions and without the truth's controls."""
        raise NotImplementedError

    def tuning(self, split: Split | None = None) -> PerturbationData:
        """Data to choose models by: training and validation conditions only, the latter as its test side.

        Its two halves of the controls are those of this data's prediction half, so that what is chosen is as blind
        to the truth's controls as what is judged. `split` divides the training and validation conditions otherwise.
        """
        raise NotImplementedError

    # -- looking things up --------------------------------------------------------------------------------

    def column(self, gene: str) -> int:
        """Column of a gene by id or symbol; UnknownName otherwise."""
        raise NotImplementedError

    @property
    def hash(self) -> str:
        """SHA-256 of what the data holds: genes, conditions, and every cell's expression and side; not its split."""
        raise NotImplementedError
