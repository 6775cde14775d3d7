"""Cells that the file does not order: a diffusion pseudotime from the root that was named."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from scipy.sparse.linalg import norm

from perturbome.ingest.transitions.dpt import diffusion_pseudotime
from perturbome.ingest.transitions.method import Cells, Options
from perturbome.platform.errors import InputError, UnknownName


def order_cells(
    cells: Cells, table: pl.DataFrame, dataset: str, root: str | None, root_type: str | None, options: Options
) -> tuple[dict[str, Any], list[str]]:
    """Give the cells a diffusion pseudotime for their time; returns what the run keeps of it, and what to tell.

    `root` is the name of a cell, `root_type` a cell type; UnknownName where the data set has no such, InputError for
    both at once.
    """
    if root is not None and root_type is not None:
        raise InputError("Give a root cell or a root type, not both (--root, --root-type).")
    start = candidates = None
    if root is not None:
        found = np.flatnonzero(cells.names == root)
        if not found.size:
            raise UnknownName("cell", root, f"data set '{dataset}'", sorted(cells.names.tolist())[:5000])
        start = int(found[0])
    if root_type is not None:
        kinds = table["cell_type"].drop_nulls().unique().sort().to_list()
        candidates = np.flatnonzero((table["cell_type"] == root_type).fill_null(False).to_numpy())
        if not candidates.size:
            raise UnknownName("cell type", root_type, f"data set '{dataset}'", kinds)
    near = cells.neighbours(options)
    options.report("pseudotime", 0, None)
    size = float(norm(cells.X, axis=1).max())
    ordered = diffusion_pseudotime(near, root=start, candidates=candidates, seed=options.seed, size=size)
    name = str(cells.names[ordered.root])
    said = [f"Cells are ordered by a diffusion pseudotime computed here, from cell {name}.", *ordered.said]
    if root is None and root_type is None:
        said.append(
            "No root was named: the pseudotime starts at an end of the first diffusion component, so its direction is "
            "arbitrary, and with it that of every transition. Name a root with --root CELL or --root-type CELLTYPE."
        )
    cells.time = ordered.values
    return {"root": name, "root_type": root_type}, said
