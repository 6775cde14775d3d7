"""AnnData files: the tables at once, the matrices a piece at a time."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from perturbome.ingest.experiment.hdf5 import ColumnMatrix, DenseMatrix, RowMatrix, broken, open_hdf5
from perturbome.ingest.experiment.source import Matrix, Source
from perturbome.platform.errors import InputError, UnreadableFile

UNS_READ = ("time_unit", "log1p", "genetic_perturbations", "organism", "organism_ontology_term_id", "schema_version")
"""Keys of uns that say something we use; the rest can be large and is left alone."""


def read_h5ad(path: Path) -> Source:
    """Open an AnnData file; UnreadableFile where it is not one."""
    file = open_hdf5(path)
    try:
        for part in ("obs", "var"):
            if part not in file:
                raise UnreadableFile(f"{path} is an HDF5 file but no AnnData file: it has no '{part}', only "
                                     f"{', '.join(sorted(file)) or 'nothing'}. A 10x file ends in .h5.")  # fmt: skip
        obs, var = _frame(path, file, "obs"), _frame(path, file, "var")
        matrices = {}
        if "X" in file and not _is_null(file["X"]):
            matrices["X"] = "X"
        if "raw" in file and "X" in file["raw"] and "var" in file["raw"]:
            matrices["raw"] = "raw/X"
        matrices |= {f"layers/{name}": f"layers/{name}" for name in file.get("layers", {})}
        if not matrices:
            raise UnreadableFile(f"{path} holds no matrix: neither X nor raw nor layers.")
        raw_var = _frame(path, file, "raw/var") if "raw" in matrices else None
    except BaseException:
        file.close()
        raise
    n_genes = {"raw": len(raw_var)} if raw_var is not None else {}

    def open_matrix(name: str) -> Matrix:
        matrix = _matrix(path, file, matrices[name])
        expected = (len(obs), n_genes.get(name, len(var)))
        if matrix.shape != expected:
            raise UnreadableFile(f"{path}: {name} is {matrix.shape[0]} x {matrix.shape[1]}, but obs and var are "
                                 f"{expected[0]} x {expected[1]}.")  # fmt: skip
        return matrix

    return Source(
        path,
        "h5ad",
        obs,
        var,
        tuple(matrices),
        open_matrix,
        uns={k: _element(path, file, f"uns/{k}") for k in UNS_READ if k in file.get("uns", {})},
        raw_var=raw_var,
        embeddings=_embeddings(file),
        embedding=lambda name: _embedding(path, file, name),
        close=file.close,
    )


def _matrix(path: Path, file: h5py.File, where: str) -> Matrix:
    node = file[where]
    if isinstance(node, h5py.Dataset):
        return DenseMatrix(path, where, node)
    kind = str(node.attrs.get("encoding-type", node.attrs.get("h5sparse_format", "")))
    shape = node.attrs.get("shape", node.attrs.get("h5sparse_shape"))
    if shape is None or not kind.startswith(("csr", "csc")):
        raise InputError(f"{path}: {where} is stored as {kind or 'an unknown encoding'}; known are dense, csr and csc.")
    size = (int(shape[0]), int(shape[1]))
    return RowMatrix(path, where, node, size) if kind.startswith("csr") else ColumnMatrix(path, where, node, size)


def _embeddings(file: h5py.File) -> tuple[str, ...]:
    node = file.get("obsm", {})
    if isinstance(node, h5py.Dataset):  # AnnData before 0.7: one table with a field for each
        return tuple(node.dtype.names or ())
    return tuple(str(name) for name in node)


def _embedding(path: Path, file: h5py.File, name: str) -> np.ndarray:
    node = file["obsm"]
    found = node[name] if isinstance(node, h5py.Dataset) else _element(path, file, f"obsm/{name}")
    return np.asarray(found)


def _is_null(node: Any) -> bool:
    return str(node.attrs.get("encoding-type", "")) == "null"


def _element(path: Path, file: h5py.File, where: str) -> Any:
    from anndata.io import read_elem

    try:
        with warnings.catch_warnings():  # that a file is of an old version is no news to who has it
            warnings.simplefilter("ignore")
            return read_elem(file[where])
    except Exception as error:  # anndata raises whatever the damage led to
        raise broken(path, where, error) from error


def _frame(path: Path, file: h5py.File, where: str) -> pd.DataFrame:
    frame = _element(path, file, where)
    if isinstance(frame, np.ndarray) and frame.dtype.names:  # AnnData before 0.7
        index = "index" if "index" in frame.dtype.names else frame.dtype.names[0]
        frame = pd.DataFrame.from_records(frame, index=index)
        frame.index = [v.decode() if isinstance(v, bytes) else v for v in frame.index]
        _decode_categories(file, frame)
    if not isinstance(frame, pd.DataFrame):
        raise UnreadableFile(f"{path}: {where} is no table but {type(frame).__name__}.")
    frame.index = frame.index.astype(str)
    return frame


def _decode_categories(file: h5py.File, frame: pd.DataFrame) -> None:
    """Old files keep a category as a number; the words are in uns['<column>_categories']."""
    for column in frame.columns:
        words = file.get(f"uns/{column}_categories")
        if isinstance(words, h5py.Dataset) and words.shape:
            texts = [v.decode() if isinstance(v, bytes) else v for v in words[:]]
            frame[column] = pd.Categorical.from_codes(frame[column].to_numpy(np.int64), pd.Index(texts))
        elif frame[column].dtype == object:
            frame[column] = [v.decode() if isinstance(v, bytes) else v for v in frame[column]]
