"""An experiment of 300,000 cells x 2,000 genes ingested in portions, in a process whose memory is watched."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks._experiments import write_counts
from benchmarks._machine import row, save
from benchmarks._measure import answer, part

N_CELLS, N_GENES = 300_000, 2_000
GOAL_MB = 2048.0


def ours(folder: Path) -> None:
    """The file into a new store."""
    from perturbome.ingest.experiment.add import add_experiment
    from perturbome.platform.store import Store

    with Store(folder / "store") as store:
        add_experiment(store, folder / "counts.h5ad", dataset="large", organism="human")
        cells = store.query("MATCH (c:Cell) RETURN count(*) AS n")["n"][0].as_py()
    answer(cells=cells)


def whole(folder: Path) -> None:
    """What reading the file whole takes: anndata alone."""
    import anndata

    answer(cells=anndata.read_h5ad(folder / "counts.h5ad").n_obs)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_counts(folder / "counts.h5ad", N_CELLS, N_GENES)
        size = (folder / "counts.h5ad").stat().st_size / 2**20
        mine, rival = part("chunked", "ours", folder), part("chunked", "whole", folder)
    assert mine["cells"] == rival["cells"] == N_CELLS
    peak = mine["peak_mb"]
    rows = [
        row(
            f"300,000 cells x 2,000 genes ({size:,.0f} MB file), peak memory",
            f"{peak:,.0f} MB, {mine['seconds']:.0f} s", f"{GOAL_MB:,.0f} MB", peak < GOAL_MB,
            f"{rival['peak_mb']:,.0f} MB to read it whole with anndata",
        )
    ]  # fmt: skip
    save("chunked", {"cells": N_CELLS, "genes": N_GENES, "file_mb": size, "ours": mine, "rival": rival, "rows": rows})


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"ours": ours, "whole": whole}[sys.argv[1]](Path(sys.argv[2]))
    else:
        main()
