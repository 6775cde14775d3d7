"""Cells as a method of inference is given them, from a matrix."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from perturbome.ingest.regulation.method import Cells


def cells_of(X, regulators, *, perturbed=None, aimed=(), time=None, genes=None, rank=None) -> Cells:
    """Cells of expression X [n, G]; unless told, named g000.., ranked by row, unperturbed and without a time."""
    n, n_genes = X.shape
    perturbed = np.zeros((n, len(aimed)), bool) if perturbed is None else perturbed
    return Cells(
        X=X,
        genes=tuple(f"g{i:03d}" for i in range(n_genes)) if genes is None else tuple(genes),
        regulators=np.asarray(regulators, np.intp),
        rank=np.arange(n) if rank is None else rank,
        perturbed=perturbed,
        aimed=np.asarray(aimed, np.intp),
        control=~perturbed.any(1),
        time=np.full(n, np.nan) if time is None else time,
    )


@pytest.fixture(scope="session")
def make_cells() -> Callable[..., Cells]:
    return cells_of
