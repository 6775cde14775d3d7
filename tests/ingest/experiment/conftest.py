"""Small experiments on disk, in every layout a test asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from perturbome.platform.store import Store

GENES = ["STAT1", "JAK2", "IRF1", "HLA-A", "NKX2-1", "MYC", "TP53", "GAPDH", "ACTB", "CD86"]


@pytest.fixture
def counts() -> np.ndarray:
    """Counts [60 cells, 10 genes] with zeros, and one cell of different depth than the next."""
    rng = np.random.default_rng(7)
    depth = rng.integers(1, 6, (60, 1))
    return rng.poisson(depth * rng.random((60, 10)) * 2).astype(np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "store")


@pytest.fixture
def h5ad(tmp_path: Path, counts: np.ndarray) -> Callable[..., Path]:
    """Write an .h5ad: `obs` columns, and what else AnnData takes; X defaults to CSR counts."""

    def write(
        obs: dict[str, Any] | None = None, *, X: Any = None, genes: Any = None, name: str = "toy", **more: Any
    ) -> Path:
        matrix = sp.csr_matrix(counts) if X is None else X
        n, g = matrix.shape
        index = more.pop("cells", [f"cell{i}" for i in range(n)])
        var = more.pop("var", None)
        data = ad.AnnData(
            matrix,
            obs=pd.DataFrame(obs or {}, index=index),
            var=pd.DataFrame(index=genes or GENES[:g]) if var is None else var,
            **more,
        )
        path = tmp_path / f"{name}.h5ad"
        data.write_h5ad(path)
        return path

    return write


@pytest.fixture
def labels() -> Callable[..., list[str]]:
    """Labels for 60 cells, taken in turn."""
    return lambda *names: [names[i % len(names)] for i in range(60)]
