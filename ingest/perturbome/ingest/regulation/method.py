"""What a method of inference is given, what it gives back, and the record it is kept as."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.moments import Matrix
from perturbome.platform.hashing import Hashes
from perturbome.platform.progress import Report, silent

Floats = NDArray[np.float64]
Ground = Literal["association", "course", "intervention"]
"""What a method concludes from: what goes along with what, what follows what, or what was done."""


@dataclass(frozen=True)
class Cells:
    """One group of cells as a method sees it; genes that take no part there are already out.

    `key` is each cell's own (a hash of its name): what is drawn at random is drawn from it, so that it depends
    neither on the order of rows nor on which other cells are there; `genes` are the names from which the randomness
    of a target is drawn, for the same reason.
    """

    X: Matrix  # [n, G], expression
    genes: tuple[str, ...]  # [G]
    regulators: NDArray[np.intp]  # [p], columns that may regulate
    key: Hashes  # [n]
    perturbed: NDArray[np.bool_]  # [n, m], in which cells each gene of `aimed` is perturbed
    aimed: NDArray[np.intp]  # [m], columns of the perturbed genes
    control: NDArray[np.bool_]  # [n], unperturbed
    time: Floats  # [n], NaN where unknown; pseudotime where there is no time
    successor: sparse.csr_matrix | None = None  # [n, n], probability that the cell of a row becomes that of a column
    otherwise: NDArray[np.bool_] | None = None  # [n], a gene without a column here is perturbed (too); None: nowhere

    @classmethod
    def of(
        cls,
        X: Matrix,
        regulators: NDArray[np.intp],
        *,
        genes: Sequence[str] | None = None,
        key: NDArray[np.integer] | None = None,
        perturbed: NDArray[np.bool_] | None = None,
        aimed: NDArray[np.intp] | None = None,
        control: NDArray[np.bool_] | None = None,
        time: Floats | None = None,
        successor: sparse.csr_matrix | None = None,
        otherwise: NDArray[np.bool_] | None = None,
    ) -> Cells:
        """Cells of an expression matrix [n, G], with what is not given left plain: unperturbed, without time."""
        n, n_genes = X.shape
        aimed = np.empty(0, np.intp) if aimed is None else aimed
        perturbed = np.zeros((n, aimed.size), bool) if perturbed is None else perturbed
        return cls(
            X,
            tuple(genes) if genes is not None else tuple(f"gene {i}" for i in range(n_genes)),
            regulators,
            np.asarray(np.arange(n) if key is None else key).astype(np.uint64),
            perturbed,
            aimed,
            np.asarray(~perturbed.any(1) & (True if otherwise is None else ~otherwise)) if control is None else control,
            np.full(n, np.nan) if time is None else time,
            successor,
            otherwise,
        )

    def taken(self, rows: NDArray[np.intp]) -> Cells:
        """Some of the cells, or all of them in another order."""
        return replace(
            self,
            X=self.X[rows],
            key=self.key[rows],
            perturbed=self.perturbed[rows],
            control=self.control[rows],
            time=self.time[rows],
            successor=None if self.successor is None else sparse.csr_matrix(self.successor[rows][:, rows]),
            otherwise=None if self.otherwise is None else self.otherwise[rows],
        )

    @property
    def own(self) -> NDArray[np.intp]:
        """Position of each gene among the regulators [G], -1 for genes that regulate nothing."""
        own = np.full(len(self.genes), -1, np.intp)
        own[self.regulators] = np.arange(self.regulators.size)
        return own

    @property
    def mixed(self) -> NDArray[np.bool_]:
        """Cells [n] that count neither as control nor for their perturbed genes: one without a column is, too."""
        if self.otherwise is None or not self.otherwise.any():
            return np.zeros(self.key.size, bool)
        return np.asarray(self.otherwise & (self.control | self.perturbed.any(1)))

    @property
    def intervened(self) -> bool:
        """Whether effects of perturbed genes can be seen: in cells that no other gene is perturbed in, and controls."""
        plain = ~self.mixed
        return bool((self.perturbed.any(1) & plain).any() and (self.control & plain).any())


@dataclass(frozen=True)
class Options:
    """What a caller may ask of any method; a method takes what concerns it."""

    n_bootstraps: int = 50
    penalty: float | None = None  # None: chosen from the cells
    n_trees: int = 500
    members: tuple[str, ...] = ()  # of a consensus; empty: every default member that the cells allow
    seed: int = 0  # of this group of cells
    report: Report = silent


@dataclass(frozen=True)
class Evidence:
    """What a method says of every pair of regulator and target, all [p, G].

    `refit(b)`, for b in 0..n_refits-1, is the signed strength (sign times strength) from bootstrap b of the cells; it
    must be safe to call from several threads, in any order, and depend on b alone.
    """

    weight: Floats  # change of the target, in its own unit, per standard deviation of the regulator; signed
    strength: Floats  # how sure, on the scale of |z|; NaN where nothing can be said; pairs are ranked by it
    p: Floats | None  # two-sided; None where the method has no test
    refit: Callable[[int], Floats] | None = None
    n_refits: int = 0
    penalty: float | None = None
    said: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Method:
    """A method's name, one line for the screen, what it needs, its source, and where its function stands."""

    name: str
    meaning: str
    source: str
    function: str  # "module:function" of (Cells, Options) -> Evidence, loaded when it is first used
    needs: frozenset[str] = frozenset()  # of "time", "perturbations"
    chunked: bool = False  # looks at cells through their moments alone, so that a Dask array will do
    consensus: bool = False  # a default member of the consensus
    ground: Ground = "association"
    penalised: bool = False  # makes use of `Options.penalty`

    def __call__(self, cells: Cells, options: Options) -> Evidence:
        """Evidence of every pair, from one group of cells."""
        module, name = self.function.split(":")
        function: Callable[[Cells, Options], Evidence] = getattr(import_module(module), name)
        return function(cells, options)

    def lacks(self, cells: Cells) -> str | None:
        """What this group of cells would need for the method to say anything; None where it has it."""
        if "perturbations" in self.needs and not cells.intervened:
            return "perturbations of measured genes that are neither constant nor rare, with control cells"
        times = np.unique(cells.time[np.isfinite(cells.time)]).size
        if "time" in self.needs and cells.successor is None and times < 2:
            return "two time points at least, or a pseudotime"
        return None
