"""Experiments of any size on disk, written in portions so that the generator needs little memory."""

from __future__ import annotations

from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd

PORTION = 5_000
DENSITY = 0.1
N_PERTURBATIONS = 20


def write_counts(path: Path, n_cells: int, n_genes: int, seed: int = 0) -> None:
    """An .h5ad of raw counts, 10 % of them not zero, CSR; 20 genes are knocked out, a quarter of cells is control."""
    rng = np.random.default_rng(seed)
    per_cell = rng.binomial(n_genes, DENSITY, n_cells)
    indptr = np.concatenate([[0], np.cumsum(per_cell)])
    labels = np.array(["control"] * (N_PERTURBATIONS // 3) + [f"G{i}" for i in range(N_PERTURBATIONS)])
    obs = pd.DataFrame(
        {
            "perturbation": pd.Categorical(rng.choice(labels, n_cells)),
            "cell_type": pd.Categorical(["T cell"] * n_cells),
        },
        index=[f"cell{i}" for i in range(n_cells)],
    )
    var = pd.DataFrame(index=[f"G{i}" for i in range(n_genes)])
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        anndata.io.write_elem(file, "obs", obs)
        anndata.io.write_elem(file, "var", var)
        x = file.create_group("X")
        x.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": (n_cells, n_genes)})
        x.create_dataset("indptr", data=indptr)
        indices = x.create_dataset("indices", (indptr[-1],), np.int32, chunks=(1 << 18,))
        data = x.create_dataset("data", (indptr[-1],), np.float32, chunks=(1 << 18,))
        for start in range(0, n_cells, PORTION):
            sizes = per_cell[start : start + PORTION]
            # The genes of a cell: the first of a random order of all, in ascending order.
            order = rng.random((len(sizes), n_genes), np.float32).argpartition(int(sizes.max()), axis=1)
            columns = np.concatenate([np.sort(genes[:n]) for genes, n in zip(order, sizes, strict=True)])
            span = slice(indptr[start], indptr[start + len(sizes)])
            indices[span] = columns
            data[span] = rng.geometric(0.4, len(columns))


def write_prior(path: Path, n_edges: int, n_genes: int, seed: int = 0) -> None:
    """A tab-separated list of distinct edges: source, target, score."""
    rng = np.random.default_rng(seed)
    pairs = rng.choice(n_genes * n_genes, n_edges, replace=False)
    frame = pd.DataFrame({"source": pairs // n_genes, "target": pairs % n_genes, "score": rng.random(n_edges)})
    frame[["source", "target"]] = "G" + frame[["source", "target"]].astype(str)
    frame.to_csv(path, sep="\t", index=False)
