"""An experiment of 20,000 cells and a prior of 200,000 edges, from files to an answering graph.

The rival reads the same files with anndata and pandas, normalises, and writes the same values as Parquet: it keeps no
runs, checks nothing, resolves no names and makes no graph.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from benchmarks._experiments import write_counts, write_prior
from benchmarks._machine import row, save
from benchmarks._measure import answer, part, speed_ratio, told

N_CELLS, N_GENES, N_EDGES, ROUNDS = 20_000, 2_000, 200_000, 3
GOAL_SECONDS, GOAL_MB = 20.0, 1536.0


def ours(folder: Path, store_name: str) -> None:
    """Both files into a new store, and one question to its graph."""
    from perturbome.ingest.experiment.add import add_experiment
    from perturbome.ingest.priors.add import add_prior
    from perturbome.platform.store import Store

    with Store(folder / store_name) as store:
        add_experiment(store, folder / "counts.h5ad", dataset="bench", organism="human")
        add_prior(store, folder / "prior.tsv", name="bench", organism="human")
        found = store.query("MATCH (:Gene)-[r:INTERACTS_WITH]->(:Gene) RETURN count(*) AS n")
        edges, cells = found["n"][0].as_py(), int(store.datasets()["n_cells"][0])
    answer(edges=edges, cells=cells)


def rival(folder: Path, out: str) -> None:
    """anndata, numpy and pyarrow alone."""
    import anndata
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = folder / out
    target.mkdir()
    data = anndata.read_h5ad(folder / "counts.h5ad")
    counts = data.X
    scale = 1e4 / np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1)
    values = np.log1p(counts.data * np.repeat(scale, np.diff(counts.indptr))).astype(np.float32)
    offsets = counts.indptr.astype(np.int32)
    cells = pa.table(
        {
            "name": data.obs_names.to_numpy(),
            "perturbation": data.obs["perturbation"].astype(str).to_numpy(),
            "gene_index": pa.ListArray.from_arrays(offsets, counts.indices),
            "value": pa.ListArray.from_arrays(offsets, values),
        }
    )
    pq.write_table(cells, target / "cells.parquet", row_group_size=4096)
    prior = pd.read_csv(folder / "prior.tsv", sep="\t")
    prior.to_parquet(target / "prior.parquet")
    answer(edges=len(prior), cells=data.n_obs)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_counts(folder / "counts.h5ad", N_CELLS, N_GENES)
        write_prior(folder / "prior.tsv", N_EDGES, N_GENES)
        rounds = [
            (part("ingest", "ours", folder, f"s{i}"), part("ingest", "rival", folder, f"r{i}")) for i in range(ROUNDS)
        ]
    mine, theirs = ([round_[k] for round_ in rounds] for k in (0, 1))
    assert {m["cells"] for m in mine + theirs} == {N_CELLS}
    assert {m["edges"] for m in mine + theirs} == {N_EDGES}
    seconds, rival_seconds = (np.array([m["seconds"] for m in side]) for side in (mine, theirs))
    peak, rival_peak = (max(m["peak_mb"] for m in side) for side in (mine, theirs))
    ratio = speed_ratio(seconds, rival_seconds)
    took = float(np.median(seconds))
    rows = [
        row(
            "20,000 cells x 2,000 genes and 200,000 prior edges, file to graph", f"{took:.1f} s",
            f"{GOAL_SECONDS:.0f} s", took < GOAL_SECONDS,
            f"{np.median(rival_seconds):.1f} s, anndata and Parquet alone", told(ratio),
        ),
        row("the same, peak memory", f"{peak:,.0f} MB", f"{GOAL_MB:,.0f} MB", peak < GOAL_MB, f"{rival_peak:,.0f} MB"),
    ]  # fmt: skip
    save(
        "ingest",
        {
            "cells": N_CELLS, "genes": N_GENES, "edges": N_EDGES, "rounds": ROUNDS, "seconds": took, "peak_mb": peak,
            "rival_seconds": float(np.median(rival_seconds)), "rival_peak_mb": rival_peak,
            "speed_over_rival": ratio, "rows": rows,
        },
    )  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"ours": ours, "rival": rival}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
    else:
        main()
