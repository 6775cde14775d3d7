"""Measured perturbations of one data set in all its contexts: what an effect model is fitted to and judged by."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.cells import Cells
from perturbome.models.data.condition import Condition, Context
from perturbome.models.data.control_halves import PARTS, PREDICTION, TRUTH
from perturbome.models.data.fingerprint import bag_hash, name_hashes, text_hash
from perturbome.models.data.gene_list import GeneList
from perturbome.models.data.splits import Split
from perturbome.models.data.table import ConditionTable, make_table
from perturbome.models.moments import Moments
from perturbome.platform.errors import ModelError, UnknownName

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
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
    said: tuple[str, ...] = ()  # what a person should know: conditions with few cells, doubles without singles

    # -- the sides of the split ---------------------------------------------------------------------------

    @property
    def training(self) -> ConditionTable:
        """Training conditions against the prediction's half of the controls."""
        return self.table(self._split().train)

    @property
    def validation(self) -> ConditionTable:
        """Validation conditions against the prediction's half: to stop by. To choose between models: `tuning`."""
        return self.table(self._split().validation)

    @property
    def test(self) -> ConditionTable:
        """Test conditions against the truth's half: for the judge only, absent from `hidden()`."""
        return self.table(self._split().test, TRUTH)

    def table(self, names: Collection[str] | None = None, half: int = PREDICTION) -> ConditionTable:
        """The conditions of these names (default all), in the data's order, against one half of the controls.

        Raises UnknownName for a condition that is not there, ModelError where the half was taken out.
        """
        control = self._half(half)
        rows = np.arange(len(self.conditions)) if names is None else self.rows(names)
        contexts = self.context[rows]
        return make_table(
            [self.conditions[i] for i in rows], self.treated[rows], control[contexts], half, self.genes,
            tuple(self.targets[i] for i in rows),
        )  # fmt: skip

    def control(self, context: Context | str, half: int = PREDICTION) -> Array:
        """Mean profile [n_genes] of one half of a context's control cells: what a prediction starts from."""
        mean: Array = self._half(half).mean[self.find_context(context)]
        return mean

    # -- other data made from this ------------------------------------------------------------------------

    def with_split(self, split: Split) -> PerturbationData:
        """The same data with its conditions on the sides of a split; UnknownName for conditions it does not hold."""
        self.rows(split.names)
        return replace(self, split=split)

    def with_list(self, genes: GeneList) -> PerturbationData:
        """The same data with one more list of genes, which the audit will look at."""
        return replace(self, gene_lists=(*self.gene_lists, genes))

    def hidden(self) -> PerturbationData:
        """The data as a model may see it: without test and left-out conditions and without the truth's controls.

        Lists of genes made for scoring are gone as well. The controls of all contexts stay, the prediction's half.
        """
        split = self._split()
        kept = self.rows([*split.train, *split.validation])
        return self._only(kept, parts={2: 2, 3: 3}, split=split)

    def tuning(self, split: Split | None = None) -> PerturbationData:
        """Data to choose models by: training and validation conditions only, the latter as its test side.

        Its two halves of the controls are those of this data's prediction half, so that what is chosen is as blind
        to the truth's controls as what is judged. `split` divides the training and validation conditions otherwise.
        Raises ModelError where there is nothing to divide: no validation conditions, or data already made so.
        """
        outer = self._split()
        if split is None:
            if not outer.validation:
                raise ModelError(
                    f"The split '{outer.name}' has no validation conditions to tune with. Make it with a share for "
                    "validation, or give tuning() a split of its training conditions."
                )
            split = Split(f"{outer.name}, tuning", outer.kind, outer.train, (), outer.validation, outer.seed)
        allowed = {*outer.train, *outer.validation}
        strange = sorted(set(split.names) - allowed)
        if strange:
            raise UnknownName(
                "training or validation condition", strange[0], f"the split '{outer.name}'", sorted(allowed),
                "Tuning may not look at other conditions.",
            )  # fmt: skip
        kept = self.rows(split.names)
        if np.any(self.controls.n.reshape(-1, PARTS)[:, 3] == 0):
            raise ModelError(
                "The control cells of this data are halved already: tuning() cannot be called on tuning()."
            )
        return self._only(kept, parts={2: 0, 3: 2}, split=split)

    # -- looking things up --------------------------------------------------------------------------------

    @cached_property
    def targets(self) -> tuple[tuple[int, ...], ...]:
        """Columns of every condition's targets; a target that was not measured, or a compound, has none."""
        columns: dict[str, list[int]] = {}
        for j, symbol in enumerate(self.symbols):
            columns.setdefault(symbol, []).append(j)
        return tuple(
            tuple(j for target in c.targets for j in columns.get(target, ()))
            if c.perturbation.mode != "compound"
            else ()
            for c in self.conditions
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Canonical names of the conditions, in order."""
        return tuple(c.name for c in self.conditions)

    def rows(self, names: Collection[str]) -> NDArray[np.intp]:
        """Rows of the conditions of these names, in the data's order; UnknownName for one that is not there."""
        place = {name: i for i, name in enumerate(self.names)}
        for name in names:
            if name not in place:
                raise UnknownName("condition", name, f"data set '{self.dataset}'", list(place))
        return np.array(sorted({place[name] for name in names}), dtype=np.intp)

    def find_context(self, context: Context | str) -> int:
        """Number of a context by itself or its name; UnknownName lists the contexts there are."""
        known = [c.name for c in self.contexts]
        if str(context) not in known:
            raise UnknownName("context", str(context), f"data set '{self.dataset}'", known)
        return known.index(str(context))

    def column(self, gene: str) -> int:
        """Column of a gene by id or symbol; UnknownName otherwise."""
        for names in (self.genes, self.symbols):
            if gene in names:
                return names.index(gene)
        raise UnknownName(
            "gene", gene, f"the {len(self.genes)} genes of this cut of '{self.dataset}'", self.symbols,
            "Ask for more genes when the data is cut (n_genes), or for this one (genes).",
        )  # fmt: skip

    @cached_property
    def hash(self) -> str:
        """SHA-256 of what the data holds: genes, conditions, and every cell's expression and group; not its split."""
        groups = [f"control|{c.name}|{part}" for c in self.contexts for part in range(PARTS)]
        labels = name_hashes([*self.names, *groups])
        inside = self.cells.grouped
        row = self.cells.group[inside]
        bag = bag_hash([self.cells.key[inside], self.cells.content[inside], labels[row]])
        return text_hash(json.dumps([self.dataset, self.unit, self.genes, self.names, bag]))

    # -- inside -------------------------------------------------------------------------------------------

    def _split(self) -> Split:
        if self.split is None:
            raise ModelError("These data have no split, so no side of one. Give them one: data.with_split(split).")
        return self.split

    def _half(self, half: int) -> Moments:
        """One half of the controls of every context [n_contexts]; ModelError where it was taken out."""
        part = np.arange(len(self.controls.n)) % PARTS
        to = np.where(part // 2 == half, np.arange(len(part)) // PARTS, -1)
        found = self.controls.merge(to, len(self.contexts))
        if np.any(found.n == 0):
            raise ModelError(
                f"The {'truth' if half == TRUTH else 'prediction'}'s control cells were taken out of these data "
                "(hidden() does so): the test side is for the judge, who holds the whole data."
            )
        return found

    def _only(self, kept: NDArray[np.intp], parts: dict[int, int], split: Split) -> PerturbationData:
        """Some of the conditions, and control parts by their new numbers; what is not named is gone."""
        part = np.arange(len(self.controls.n)) % PARTS
        new = np.array([parts.get(int(p), -1) for p in part])
        to = np.where(new >= 0, np.arange(len(part)) - part + new, -1)
        names = {self.names[i] for i in kept}
        return replace(
            self,
            conditions=tuple(self.conditions[i] for i in kept),
            context=self.context[kept],
            treated=self.treated[kept],
            controls=self.controls.merge(to, len(part)),
            cells=self.cells.regrouped(kept, to, len(self.conditions)),
            split=split,
            gene_lists=tuple(g for g in self.gene_lists if g.purpose != "scoring" and names.issuperset(g.looked_at)),
        )
