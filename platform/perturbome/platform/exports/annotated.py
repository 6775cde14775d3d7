"""A data set as h5ad: what anndata, scanpy and this program's own ingest read back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from perturbome.platform.exports.record import Exporter

if TYPE_CHECKING:
    import anndata
    import pandas as pd

    from perturbome.platform.lake.expression import Expression

SPACE = ("x", "y", "z")
HIDDEN = ("run", "dataset", "cell", "name")


def to_anndata(expression: Expression) -> anndata.AnnData:
    """X = expression as CSR (cells x genes), obs = cells by name, var = genes by symbol, spatial in obsm.

    Columns of cells that hold nothing are left out. Names that occur twice get the cell's key, symbols the gene id.
    """
    import anndata

    cells, genes = expression.cells, expression.genes
    kept = [c for c in cells.columns if c not in (*HIDDEN, *SPACE) and cells[c].null_count() < cells.height]
    obs = _pandas(cells.select(kept), _unique(cells["name"], cells["cell"]))
    kept = [c for c in genes.columns if c not in ("gene_index",) and genes[c].null_count() < genes.height]
    var = _pandas(genes.select(kept), _unique(genes["symbol"], genes["gene"]))
    data = anndata.AnnData(X=expression.X.astype(np.float32), obs=obs, var=var)
    space = [c for c in SPACE if c in cells.columns and cells[c].null_count() == 0]
    if len(space) >= 2:
        data.obsm["spatial"] = cells.select(space).to_numpy()
    facts = {key: value for key, value in expression.dataset.items() if isinstance(value, str | int | float)}
    data.uns["perturbome"] = facts
    if str(facts.get("expression_unit", "")).startswith("log1p"):
        data.uns["log1p"] = {}  # scanpy's mark of natural logarithm
    return data


def _unique(names: pl.Series, ids: pl.Series) -> pl.Series:
    """The names, each doubled one made unique by its id."""
    return pl.select(
        pl.when(names.is_duplicated()).then(names + "-" + ids.cast(pl.String)).otherwise(names).alias("name")
    ).to_series()


def _pandas(frame: pl.DataFrame, index: pl.Series) -> pd.DataFrame:
    """A pandas frame that h5ad can hold: text as categories, missing truth values as False."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for name in frame.columns:
        values = frame[name]
        if values.dtype == pl.Boolean:
            columns[name] = values.fill_null(False).to_numpy()
        elif values.dtype == pl.String and name not in ("gene", "symbol", "ensembl"):
            columns[name] = pd.Categorical(values.to_list())
        elif values.dtype == pl.String:
            columns[name] = np.array(values.fill_null("").to_list(), dtype=object)
        else:
            columns[name] = values.to_numpy()
    return pd.DataFrame(columns, index=pd.Index(index.to_list(), dtype=object))


def write_h5ad(expression: Expression, path: Path) -> int:
    """Write an h5ad file; returns the number of cells."""
    to_anndata(expression).write_h5ad(path, compression="gzip")
    return int(expression.X.shape[0])


EXPORTERS = (
    Exporter("h5ad", "AnnData file, for scanpy and CELLxGENE", (".h5ad",), dataset=write_h5ad,
             reference="https://anndata.readthedocs.io"),
)  # fmt: skip
