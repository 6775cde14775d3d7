"""A cut of the lake as memory-mapped CSR: three npy files in the store's cache, made once, complete or absent."""

from __future__ import annotations

import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.models.data.fingerprint import Hashes, text_hash
from perturbome.platform.errors import StoreError

FORMAT = 1
"""Part of what is asked, so that files of another form are made anew."""
STALE = 24 * 3600.0
"""Seconds after which an unfinished cut is what a crash left behind."""
MOST_NARROW = np.iinfo(np.int32).max
"""Non-zeros that can be counted in 32 bits."""
_MARK = "complete.json"


@dataclass(frozen=True)
class Cut:
    """Chosen cells by chosen genes, opened; the matrix is mapped from disk, not read."""

    matrix: sparse.csr_matrix  # [n_cells, n_genes] float32
    content: Hashes  # [n_cells], hash of the expression over all measured genes
    n_expressed: NDArray[np.int32]  # [n_cells]


Piece = tuple[sparse.csr_matrix, Hashes, NDArray[np.int32]]
"""Some rows of a cut as they stream by: chosen genes, content, genes expressed."""


def cached_cut(folder: Path, asked: dict[str, Any], pieces: Iterable[Piece], n_genes: int) -> Cut:
    """The cut that answers `asked` (JSON; it must name everything the numbers depend on), made from `pieces` if absent.

    Written into a folder of its own and renamed when whole, so that a crash, or two processes at once, leave either
    nothing or a whole cut. StoreError where the folder cannot be written.
    """
    final = folder / text_hash(json.dumps({**asked, "format": FORMAT}, sort_keys=True))[:32]
    if not (final / _MARK).exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _sweep(folder)
            part = folder / f"{final.name}.{uuid.uuid4().hex}.part"
            part.mkdir()
        except OSError as error:
            raise StoreError(
                f"Single cells are cut into {folder}, which cannot be written ({error.strerror}). Make it "
                "writable, or in Python give another folder, cache=FOLDER."
            ) from error
        try:
            _write(part, pieces, n_genes)
            (part / _MARK).write_text(json.dumps(asked, indent=1))
            try:
                part.rename(final)
            except OSError:
                if not (final / _MARK).exists():  # otherwise another process was first, with the same numbers
                    raise
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return open_cut(final, n_genes)


def open_cut(folder: Path, n_genes: int) -> Cut:
    """Map a cut that is complete."""
    indptr = np.load(folder / "indptr.npy")
    indices, values = (_mapped(folder / f"{name}.npy") for name in ("indices", "values"))
    matrix = sparse.csr_matrix((len(indptr) - 1, n_genes), dtype=np.float32)
    matrix.indptr, matrix.indices, matrix.data = indptr, indices, values  # set, so that nothing is read to be checked
    return Cut(matrix, np.load(folder / "content.npy"), np.load(folder / "n_expressed.npy"))


def _mapped(path: Path) -> Any:
    """The file as an array; an empty one cannot be mapped and is read."""
    try:
        return np.load(path, mmap_mode="r")
    except ValueError:
        return np.load(path)


def _write(folder: Path, pieces: Iterable[Piece], n_genes: int) -> None:
    lengths, contents, expressed = [], [], []
    with open(folder / "indices.npy", "wb") as indices, open(folder / "values.npy", "wb") as values:
        _header(indices, np.dtype(np.int32), 0)
        _header(values, np.dtype(np.float32), 0)
        for matrix, content, n_expressed in pieces:
            indices.write(np.ascontiguousarray(matrix.indices, dtype=np.int32).data)
            values.write(np.ascontiguousarray(matrix.data, dtype=np.float32).data)
            lengths.append(np.diff(matrix.indptr).astype(np.int64))
            contents.append(content)
            expressed.append(n_expressed)
        indptr = np.concatenate([[0], *lengths]).cumsum()
        _header(indices, np.dtype(np.int32), int(indptr[-1]))
        _header(values, np.dtype(np.float32), int(indptr[-1]))
    # SciPy wants indptr and indices of one type, and would copy them into memory if they were not.
    if indptr[-1] > MOST_NARROW:
        _widen(folder / "indices.npy")
    else:
        indptr = indptr.astype(np.int32)
    np.save(folder / "indptr.npy", indptr)
    np.save(folder / "content.npy", np.concatenate([np.zeros(0, np.uint64), *contents]))
    np.save(folder / "n_expressed.npy", np.concatenate([np.zeros(0, np.int32), *expressed]))


def _header(file: BinaryIO, dtype: np.dtype, length: int) -> None:
    """The npy header of a vector, at the start of the file; numpy leaves room in it for the length to grow."""
    file.seek(0)
    np.lib.format.write_array_header_1_0(
        file, {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (length,)}
    )
    if length:
        file.seek(0, os.SEEK_END)


def _widen(path: Path, block: int = 1 << 24) -> None:
    """Rewrite a vector of int32 as int64, block by block."""
    narrow, wide = np.load(path, mmap_mode="r"), path.with_suffix(".wide")
    with open(wide, "wb") as file:
        _header(file, np.dtype(np.int64), len(narrow))
        for at in range(0, len(narrow), block):
            file.write(narrow[at : at + block].astype(np.int64).data)
    wide.replace(path)


def _sweep(folder: Path) -> None:
    """Take away what crashed writers left."""
    for part in folder.glob("*.part"):
        if time.time() - part.stat().st_mtime > STALE:
            shutil.rmtree(part, ignore_errors=True)
