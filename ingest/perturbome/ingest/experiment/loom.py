"""Loom files (genes x cells in HDF5), read a range of cells at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from perturbome.ingest.experiment.hdf5 import DenseMatrix, broken, open_hdf5
from perturbome.ingest.experiment.source import Source
from perturbome.platform.errors import UnreadableFile

GENE_NAMES = ("Gene", "gene", "var_names", "gene_names", "GeneName", "symbol", "Accession", "GeneID")
CELL_NAMES = ("CellID", "cell_names", "obs_names", "CellId", "barcode", "Cell", "Barcode")


def read_loom(path: Path) -> Source:
    """Open a loom file; attributes of more than one dimension are left out."""
    file = open_hdf5(path)
    try:
        missing = [part for part in ("matrix", "row_attrs", "col_attrs") if part not in file]
        if missing:
            raise UnreadableFile(f"{path} is an HDF5 file but no loom file: {', '.join(missing)} is not there.")
        n_genes, n_cells = file["matrix"].shape
        var = _table(path, file["row_attrs"], n_genes, GENE_NAMES)
        obs = _table(path, file["col_attrs"], n_cells, CELL_NAMES)
    except (OSError, KeyError) as error:
        file.close()
        raise broken(path, "the loom tables", error) from error
    except BaseException:
        file.close()
        raise
    places = {"X": "matrix"} | {f"layers/{name}": f"layers/{name}" for name in file.get("layers", {})}
    if "Accession" in var:
        var = var.rename(columns={"Accession": "gene_ids"})
    return Source(
        path,
        "loom",
        obs,
        var,
        tuple(places),
        lambda name: DenseMatrix(path, places[name], file[places[name]], by_gene=True),
        close=file.close,
    )


def _table(path: Path, group: Any, n: int, names: tuple[str, ...]) -> pd.DataFrame:
    columns: dict[str, np.ndarray] = {}
    for name in group:
        values = group[name]
        if values.shape == (n,):
            read = values[:]
            columns[name] = (
                np.array([v.decode() if isinstance(v, bytes) else str(v) for v in read], dtype=object)
                if read.dtype.kind in "SO"
                else read
            )
    index = next((c for c in names if c in columns), None)
    if index is None:
        raise UnreadableFile(
            f"{path}: none of {', '.join(names)} names its rows. There is: {', '.join(columns) or 'nothing'}."
        )
    return pd.DataFrame(columns, index=pd.Index(columns[index].astype(str)))
