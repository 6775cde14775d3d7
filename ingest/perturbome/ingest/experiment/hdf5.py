"""Matrices inside HDF5 files (.h5ad, 10x .h5, .loom), read a piece at a time."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.sparse as sp

from perturbome.ingest.experiment.source import even_pieces, sparse_pieces
from perturbome.platform.errors import UnreadableFile

COLUMN_ENTRIES_IN_MEMORY = 20_000_000
"""Largest column-compressed matrix turned around in memory (about 500 MB with both copies)."""


def open_hdf5(path: Path) -> h5py.File:
    """Open for reading; UnreadableFile says whether the file is absent, empty, no HDF5 or cut short."""
    if not path.exists():
        raise UnreadableFile(f"{path} does not exist. Check the path.")
    if path.stat().st_size == 0:
        raise UnreadableFile(f"{path} is empty (0 bytes). Download or export it again.")
    if not h5py.is_hdf5(path):
        with path.open("rb") as file:
            head = file.read(16)
        raise UnreadableFile(
            f"{path} is not an HDF5 file, whatever its name says: it begins with {head!r}. "
            "If it is compressed, unpack it; if it is text, name it .csv or .tsv."
        )
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be opened: {error}. {_CUT_SHORT}") from error


_CUT_SHORT = "It is probably cut short; download or copy it again."


def broken(path: Path, part: str, error: Exception) -> UnreadableFile:
    """The error for a part of a file that cannot be read."""
    return UnreadableFile(f"{path}: cannot read {part}: {error}. {_CUT_SHORT}")


class DenseMatrix:
    """A dense HDF5 dataset; `by_gene` for one that is genes x cells, as in .loom."""

    def __init__(self, path: Path, name: str, dataset: h5py.Dataset, by_gene: bool = False) -> None:
        self._path, self._name, self._dataset, self._by_gene = path, name, dataset, by_gene
        if dataset.ndim != 2:
            raise UnreadableFile(f"{path}: {name} has {dataset.ndim} dimensions; a matrix has two.")
        shape = tuple(int(n) for n in dataset.shape)
        self.shape: tuple[int, int] = (shape[1], shape[0]) if by_gene else (shape[0], shape[1])

    def rows(self, start: int, stop: int) -> sp.csr_matrix:
        """See `Matrix`."""
        try:
            block = self._dataset[:, start:stop].T if self._by_gene else self._dataset[start:stop]
        except OSError as error:
            raise broken(self._path, f"cells {start} to {stop} of {self._name}", error) from error
        return sp.csr_matrix(block)

    def pieces(self) -> Iterator[tuple[int, int]]:
        """See `Matrix`."""
        return even_pieces(*self.shape)


class RowMatrix:
    """A compressed sparse matrix whose major axis is the cells: AnnData's CSR, 10x's CSC of genes x cells."""

    def __init__(self, path: Path, name: str, group: Any, shape: tuple[int, int]) -> None:
        self._path, self._name, self._group = path, name, group
        self.shape = shape
        self._indptr = checked_indptr(path, name, group, shape[0])

    def rows(self, start: int, stop: int) -> sp.csr_matrix:
        """See `Matrix`."""
        low, high = int(self._indptr[start]), int(self._indptr[stop])
        try:
            indices, data = self._group["indices"][low:high], self._group["data"][low:high]
        except OSError as error:
            raise broken(self._path, f"cells {start} to {stop} of {self._name}", error) from error
        _check_indices(self._path, self._name, indices, self.shape[1])
        indptr = (self._indptr[start : stop + 1] - low).astype(np.int32)
        return sp.csr_matrix((data, indices.astype(np.int32, copy=False), indptr), shape=(stop - start, self.shape[1]))

    def pieces(self) -> Iterator[tuple[int, int]]:
        """See `Matrix`."""
        return sparse_pieces(self._indptr)


class ColumnMatrix:
    """A compressed sparse matrix whose major axis is the genes, turned around once.

    A small one is turned around in memory. A large one is read slab by slab of genes; the entries of each range
    of cells go to a temporary file of their own, so that memory stays bounded and every entry is read once.
    """

    def __init__(self, path: Path, name: str, group: Any, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._path, self._name, self._group = path, name, group
        self._indptr = checked_indptr(path, name, group, shape[1])
        self._whole: sp.csr_matrix | None = None
        self._blocks: list[tuple[int, int]] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._cached: tuple[int, sp.csr_matrix] | None = None

    def rows(self, start: int, stop: int) -> sp.csr_matrix:
        """See `Matrix`."""
        self._turn_around()
        if self._whole is not None:
            return self._whole[start:stop]
        parts = [
            self._block(i)[max(start, low) - low : min(stop, high) - low]
            for i, (low, high) in enumerate(self._blocks)
            if low < stop and high > start
        ]
        return parts[0] if len(parts) == 1 else sp.vstack(parts, format="csr")

    def pieces(self) -> Iterator[tuple[int, int]]:
        """See `Matrix`."""
        self._turn_around()
        if self._whole is not None:
            yield from sparse_pieces(self._whole.indptr)
            return
        for i, (low, _) in enumerate(self._blocks):
            yield from ((low + a, low + b) for a, b in sparse_pieces(self._block(i).indptr))

    def _slab(self, start: int, stop: int) -> sp.csr_matrix:
        """Genes `start` to `stop` as CSR over all cells."""
        low, high = int(self._indptr[start]), int(self._indptr[stop])
        try:
            indices, data = self._group["indices"][low:high], self._group["data"][low:high]
        except OSError as error:
            raise broken(self._path, f"genes {start} to {stop} of {self._name}", error) from error
        _check_indices(self._path, self._name, indices, self.shape[0])
        indptr = self._indptr[start : stop + 1] - low
        if len(data) < np.iinfo(np.int32).max:
            indptr, indices = indptr.astype(np.int32), indices.astype(np.int32, copy=False)
        return sp.csc_matrix((data, indices, indptr), shape=(self.shape[0], stop - start)).tocsr()

    def _turn_around(self) -> None:
        if self._whole is not None or self._blocks:
            return
        entries = int(self._indptr[-1])
        if entries <= COLUMN_ENTRIES_IN_MEMORY:
            self._whole = self._slab(0, self.shape[1])
            return
        n_blocks = -(-entries // (COLUMN_ENTRIES_IN_MEMORY // 2))
        edges = np.linspace(0, self.shape[0], n_blocks + 1).astype(int)
        self._blocks = [(int(a), int(b)) for a, b in itertools.pairwise(edges) if b > a]
        self._folder = tempfile.TemporaryDirectory(prefix="perturbome-")
        for start, stop in sparse_pieces(self._indptr):
            slab = self._slab(start, stop)
            for i, (low, high) in enumerate(self._blocks):
                a, b = int(slab.indptr[low]), int(slab.indptr[high])
                cells = np.repeat(
                    np.arange(high - low, dtype=np.int32), np.diff(slab.indptr[low : high + 1]).astype(np.int64)
                )
                self._append(i, "cell", cells)
                self._append(i, "gene", (slab.indices[a:b] + start).astype(np.int32))
                self._append(i, "value", slab.data[a:b].astype(np.float64))

    def _append(self, block: int, part: str, values: np.ndarray) -> None:
        assert self._folder is not None
        with (Path(self._folder.name) / f"{block}.{part}").open("ab") as file:
            values.tofile(file)

    def _block(self, i: int) -> sp.csr_matrix:
        if self._cached is None or self._cached[0] != i:
            assert self._folder is not None
            stem = Path(self._folder.name) / str(i)
            cells, genes = (np.fromfile(f"{stem}.{part}", dtype=np.int32) for part in ("cell", "gene"))
            values = np.fromfile(f"{stem}.value", dtype=np.float64)
            low, high = self._blocks[i]
            self._cached = (i, sp.csr_matrix((values, (cells, genes)), shape=(high - low, self.shape[1])))
        return self._cached[1]


def checked_indptr(path: Path, name: str, group: Any, n_major: int) -> np.ndarray:
    """The row (or column) pointers of a sparse group; UnreadableFile where they contradict the data."""
    try:
        indptr = np.asarray(group["indptr"][:], dtype=np.int64)
        entries = int(group["data"].shape[0])
        same = entries == int(group["indices"].shape[0])
    except (OSError, KeyError) as error:
        raise broken(path, f"the sparse matrix {name}", error) from error
    if len(indptr) != n_major + 1 or indptr[0] != 0 or indptr[-1] != entries or (np.diff(indptr) < 0).any() or not same:
        raise UnreadableFile(
            f"{path}: the sparse matrix {name} contradicts itself: {len(indptr) - 1} pointers for {n_major} rows, "
            f"the last at {indptr[-1] if len(indptr) else 'none'} of {entries} values. {_CUT_SHORT}"
        )
    return indptr


def _check_indices(path: Path, name: str, indices: np.ndarray, n_minor: int) -> None:
    if len(indices) and (int(indices.max()) >= n_minor or int(indices.min()) < 0):
        raise UnreadableFile(f"{path}: the sparse matrix {name} points outside its {n_minor} columns. {_CUT_SHORT}")
