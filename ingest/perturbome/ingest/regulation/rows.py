"""Edges of a group as rows of the lake's table `regulation`."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perturbome.ingest.regulation.groups import CellGroup
from perturbome.ingest.regulation.network import Edges


def regulation_rows(network: Edges, genes: pl.DataFrame, dataset: str, group: CellGroup) -> pl.DataFrame:
    """Rows of the table `regulation`, strongest first."""
    named: dict[str, Any] = {}
    for end, columns in (("source", network.source), ("target", network.target)):
        named[end] = genes["gene"].gather(columns)
        named[f"{end}_key"] = genes["key"].gather(columns)
    k = network.source.size
    return pl.DataFrame(
        {
            **named,
            "dataset": pl.Series([dataset] * k, dtype=pl.String),
            "cell_type": pl.Series([group.cell_type] * k, dtype=pl.String),
            "time": pl.Series([group.time] * k, dtype=pl.Float32),
            "weight": network.weight.astype(np.float32),
            "sign": np.sign(network.weight).astype(np.int8),
            "p": _column(network.p, k),
            "stability": _column(network.stability, k),
        }
    )


def _column(values: NDArray[np.float64] | None, k: int) -> pl.Series:
    return pl.Series([None] * k if values is None else values.tolist(), dtype=pl.Float32)
