"""What Cell Ranger writes: an HDF5 file, or a folder with matrix.mtx, barcodes.tsv and features.tsv."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from perturbome.ingest.experiment.hdf5 import RowMatrix, broken, open_hdf5
from perturbome.ingest.experiment.source import InMemory, Matrix, Source
from perturbome.platform.errors import InputError, UnreadableFile

GENES = "Gene Expression"


def read_tenx_h5(path: Path) -> Source:
    """Open Cell Ranger's HDF5, version 2 or 3. Its genes x cells by column are cells x genes by row: no turning."""
    file = open_hdf5(path)
    try:
        groups = [k for k in file if hasattr(file[k], "keys") and "barcodes" in file[k] and "indptr" in file[k]]
        if not groups:
            raise UnreadableFile(f"{path} is an HDF5 file but not one of 10x: it holds {', '.join(file) or 'nothing'}. "
                                 "An AnnData file should end in .h5ad.")  # fmt: skip
        if len(groups) > 1:
            raise InputError(f"{path} holds several genomes ({', '.join(groups)}). Split it into one file per genome.")
        group = file[groups[0]]
        n_genes, n_cells = (int(n) for n in group["shape"][:])
        barcodes = _texts(group["barcodes"][:])
        if "features" in group:
            features = group["features"]
            var = pd.DataFrame({"gene_ids": _texts(features["id"][:])}, index=_texts(features["name"][:]))
            if "feature_type" in features:
                var["feature_type"] = _texts(features["feature_type"][:])
        else:
            var = pd.DataFrame({"gene_ids": _texts(group["genes"][:])}, index=_texts(group["gene_names"][:]))
        if len(var) != n_genes or len(barcodes) != n_cells:
            raise UnreadableFile(f"{path} contradicts itself: {n_genes} x {n_cells} for {len(var)} features and "
                                 f"{len(barcodes)} barcodes.")  # fmt: skip
        whole = RowMatrix(path, groups[0], group, (n_cells, n_genes))
    except (OSError, KeyError) as error:
        file.close()
        raise broken(path, "the 10x matrix", error) from error
    except BaseException:
        file.close()
        raise
    source = Source(path, "10x h5", pd.DataFrame(index=barcodes), var, ("X",), lambda _: whole, close=file.close)
    return genes_only(source, whole)


def read_tenx_mtx(path: Path) -> Source:
    """Open a 10x folder, or the matrix.mtx in one; held whole in memory."""
    from scipy.io import mmread
    from scipy.sparse import csr_matrix

    folder = path if path.is_dir() else path.parent
    prefix = "" if path.is_dir() else path.name.split("matrix.mtx")[0]
    matrix_path = _one_of(folder, prefix, "matrix.mtx") if path.is_dir() else path
    barcodes = pd.read_csv(_one_of(folder, prefix, "barcodes.tsv"), sep="\t", header=None, dtype=str)
    features = pd.read_csv(_one_of(folder, prefix, "features.tsv", "genes.tsv"), sep="\t", header=None, dtype=str)
    try:
        with gzip.open(matrix_path) if matrix_path.suffix == ".gz" else matrix_path.open("rb") as file:
            by_gene = mmread(file)
    except (ValueError, EOFError, OSError, StopIteration) as error:
        raise UnreadableFile(f"{matrix_path} cannot be read as a MatrixMarket file: {error}. "
                             "It may be empty or cut short.") from error  # fmt: skip
    if by_gene.shape != (len(features), len(barcodes)):
        raise UnreadableFile(f"{folder}: the matrix is {by_gene.shape[0]} x {by_gene.shape[1]}, but there are "
                             f"{len(features)} features and {len(barcodes)} barcodes.")  # fmt: skip
    names = features[1] if features.shape[1] > 1 else features[0]
    var = pd.DataFrame({"gene_ids": features[0].to_numpy()}, index=names.fillna(features[0]).to_numpy())
    if features.shape[1] > 2:
        var["feature_type"] = features[2].to_numpy()
    matrix = InMemory(csr_matrix(by_gene.T))
    source = Source(path, "10x mtx", pd.DataFrame(index=barcodes[0].to_numpy()), var, ("X",), lambda _: matrix)
    return genes_only(source, matrix)


def genes_only(source: Source, whole: Matrix) -> Source:
    """Leave out features that are no genes (guides, antibodies), and say so."""
    if "feature_type" not in source.var or (source.var["feature_type"] == GENES).all():
        return source
    kinds = Counter(source.var["feature_type"])
    columns = np.flatnonzero((source.var["feature_type"] == GENES).to_numpy())
    if not len(columns):
        raise InputError(f"{source.path} holds no features of type '{GENES}', only: {', '.join(kinds)}.")
    rest = ", ".join(f"{n:,} {kind}" for kind, n in kinds.items() if kind != GENES)
    source.said.append(f"Features that are no genes are left out: {rest}.")
    source.var = source.var.iloc[columns]
    source.open = lambda _: ChosenColumns(whole, columns)
    return source


class ChosenColumns:
    """Some columns of a matrix."""

    def __init__(self, whole: Matrix, columns: np.ndarray) -> None:
        self._whole, self._columns = whole, columns
        self.shape = (whole.shape[0], len(columns))
        self.pieces = whole.pieces

    def rows(self, start: int, stop: int):  # type: ignore[no-untyped-def]
        """See `Matrix`."""
        return self._whole.rows(start, stop)[:, self._columns]


def _texts(values: np.ndarray) -> list[str]:
    return [v.decode() if isinstance(v, bytes) else str(v) for v in values]


def _one_of(folder: Path, prefix: str, *names: str) -> Path:
    """The one file of that name, plain or gzipped; UnreadableFile lists what the folder holds."""
    for name in names:
        for end in ("", ".gz"):
            if (folder / f"{prefix}{name}{end}").exists():
                return folder / f"{prefix}{name}{end}"
    if not prefix:  # GEO writes GSM123_matrix.mtx.gz
        found = [p for name in names for p in sorted(folder.glob(f"*{name}*"))]
        if len(found) == 1:
            return found[0]
    held = ", ".join(sorted(p.name for p in folder.iterdir())[:12]) or "nothing"
    raise UnreadableFile(
        f"{folder} is no 10x folder: {prefix}{' or '.join(names)} (.gz) is not there. It holds: {held}."
    )
