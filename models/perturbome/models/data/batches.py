"""Dense batches of single cells for training: gathered from the sparse matrix row by row in compiled code."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from perturbome.models.data.cells import Cells
from perturbome.platform.errors import InputError

Into = Literal["numpy", "torch"]
AHEAD = 2
"""Batches prepared while one is worked on."""
Expression = TypeVar("Expression")


@dataclass(frozen=True)
class Batch(Generic[Expression]):
    """Some cells: their expression, their codes (see `Cells.code`) and their rows among all cells."""

    expression: Expression  # [n, n_genes] float32, numpy array or torch tensor
    code: NDArray[np.int32]  # [n]
    rows: NDArray[np.intp]  # [n]


class Batches:
    """Batches of chosen cells in a new order for every pass; iterating is one pass.

    rows: which cells (default all that belong to a group). seed: of the order, None: the order of `rows`. into: numpy
    arrays or torch tensors; with a torch `device` other than the CPU the sparse rows travel and become dense there.
    The order depends on the seed, the pass and the rows, and on nothing else.
    """

    def __init__(
        self, cells: Cells, size: int, rows: NDArray[np.intp] | None = None, *, seed: int | None = 0,
        into: Into = "torch", device: str | None = None, drop_last: bool = False,
    ) -> None:  # fmt: skip
        if size < 1:
            raise InputError(f"A batch holds 1 cell or more, not {size}.")
        if into not in ("numpy", "torch"):
            raise InputError(f"Batches are made into 'numpy' or 'torch', not {into!r}.")
        self.cells, self.size, self.seed, self.drop_last = cells, size, seed, drop_last
        self.rows = np.flatnonzero(cells.grouped) if rows is None else np.asarray(rows, dtype=np.intp)
        self.passes = 0
        self._dense = _dense_maker(cells, into, device)

    def __len__(self) -> int:
        """Batches in one pass."""
        return len(self.rows) // self.size if self.drop_last else math.ceil(len(self.rows) / self.size)

    def __iter__(self) -> Iterator[Batch[Any]]:
        order = self.rows
        if self.seed is not None:
            order = np.random.default_rng([self.seed, self.passes]).permutation(order)
        self.passes += 1
        parts = [order[i * self.size : (i + 1) * self.size] for i in range(len(self))]
        # One thread prepares batches ahead: SciPy lets go of the interpreter while it copies.
        with ThreadPoolExecutor(1) as pool:
            coming = [pool.submit(self._batch, part) for part in parts[:AHEAD]]
            for i in range(len(parts)):
                ready = coming.pop(0).result()
                if i + AHEAD < len(parts):
                    coming.append(pool.submit(self._batch, parts[i + AHEAD]))
                yield ready

    def _batch(self, rows: NDArray[np.intp]) -> Batch[Any]:
        return Batch(self._dense(rows), self.cells.code[rows], rows)


def _dense_maker(cells: Cells, into: Into, device: str | None) -> Callable[[NDArray[np.intp]], Any]:
    """How rows become a dense batch."""
    matrix = cells.expression

    def array(rows: NDArray[np.intp]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = matrix[rows].toarray()
        return found

    if into == "numpy":
        return array
    import torch

    def tensor(rows: NDArray[np.intp]) -> torch.Tensor:
        return torch.from_numpy(array(rows))

    def on_device(rows: NDArray[np.intp]) -> torch.Tensor:
        part = matrix[rows]
        lengths, columns, values = (
            torch.from_numpy(a).to(device, non_blocking=True)
            for a in (np.diff(part.indptr).astype(np.int64), part.indices, part.data)
        )
        at = torch.repeat_interleave(torch.arange(len(rows), device=device), lengths, output_size=len(part.data))
        dense = torch.zeros(part.shape, dtype=torch.float32, device=device)
        dense[at, columns.long()] = values
        return dense

    return tensor if device in (None, "cpu") else on_device
