"""The cells that a network is inferred from: in memory, or left in the store's files for Dask to read in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from perturbome.ingest.regulation.moments import Matrix

if TYPE_CHECKING:
    from perturbome.platform.store import Store


@dataclass(frozen=True)
class Read:
    """Cells x genes with what is known of both; X is a CSR matrix, or a Dask array of them."""

    X: Matrix
    cells: pl.DataFrame
    genes: pl.DataFrame
    dataset: dict[str, Any]


@contextmanager
def read_cells(store: Store, dataset: str, where: pl.Expr, dask: str | None) -> Iterator[Read]:
    """Cells of a data set; with `dask` ("local", or a scheduler's address) a cluster is in force within."""
    if dask is None:
        held = store.expression(dataset, where)
        yield Read(held.X, held.cells, held.genes, held.dataset)
        return
    from perturbome.ingest.regulation.cluster import dask_client, lake_array
    from perturbome.platform.lake.expression_chunks import expression_chunks

    with dask_client(dask):
        found = expression_chunks(store.lake, dataset, where)
        yield Read(lake_array(found), found.cells, found.genes, found.dataset)
