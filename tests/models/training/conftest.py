"""A very small store, for what does not fit."""

import numpy as np
import polars as pl

from perturbome.platform import Perturbation, Store

GENES = ["A", "B", "C", "D", *(f"G{i}" for i in range(8))]


def tiny(path, perturbations, cells=12, seed=0):
    """Control cells and these perturbations of one data set, 'tiny', whose genes are A to D and eight others."""
    rng = np.random.default_rng(seed)
    labels = ["control"] * 40 + [p for p in perturbations for _ in range(cells)]
    x = rng.gamma(4.0, 0.5, (len(labels), len(GENES))).astype(np.float32)
    store = Store(path)
    with store.run("ingest", name="tiny", datasets=["tiny"]) as run:
        genes = run.register_genes(GENES, organism="human", dataset="tiny", gene_index="position")
        ids = dict(zip(GENES, genes["gene"], strict=True))
        first = run.allot_cells(len(labels))
        index = pl.Series([list(range(len(GENES)))] * len(labels), dtype=pl.List(pl.Int32))
        run.write(
            "cells",
            pl.DataFrame(
                {
                    "dataset": ["tiny"] * len(labels), "cell": np.arange(first, first + len(labels)),
                    "name": [f"c{i}" for i in range(len(labels))], "perturbation": labels,
                    "control": [p == "control" for p in labels], "gene_index": index,
                    "value": pl.Series(x.tolist(), dtype=pl.List(pl.Float32)),
                }
            ),
        )  # fmt: skip
        parsed = [Perturbation.parse(p) for p in perturbations]
        run.write(
            "perturbations",
            pl.DataFrame(
                {
                    "dataset": ["tiny"] * len(parsed), "perturbation": [p.id for p in parsed],
                    "label": [p.label for p in parsed], "mode": [p.mode for p in parsed],
                    "targets": [[ids.get(t, t) for t in p.targets] for p in parsed], "n_cells": [cells] * len(parsed),
                }
            ),
        )  # fmt: skip
        run.write(
            "datasets",
            pl.DataFrame(
                {
                    "dataset": ["tiny"], "organism": ["human"], "n_cells": [len(labels)], "n_genes": [len(GENES)],
                    "expression_unit": ["log1p of counts per 10,000"], "raw_state": ["log1p"],
                }
            ),
        )  # fmt: skip
    return store
