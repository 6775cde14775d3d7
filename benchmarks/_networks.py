"""A regulatory network of any size in a lake, as an inference leaves it."""

from __future__ import annotations

import numpy as np
import polars as pl

from perturbome.platform.lake import Lake, RunWriter

N_GENES, N_TIMES = 5_000, 50
CELL_TYPES = ("B cell", "T cell", "monocyte")


def write_network(lake: Lake, n_edges: int, seed: int = 0) -> str:
    """One run of `n_edges` random edges among 5,000 genes, 50 times and 3 cell types, sorted; the run's id."""
    rng = np.random.default_rng(seed)
    with RunWriter(lake, "infer", name="random network", datasets=["random"]) as run:
        genes = run.register_genes([f"G{i}" for i in range(N_GENES)], organism="human")
        source, target = rng.integers(N_GENES, size=(2, n_edges))
        frame = pl.DataFrame(
            {
                "dataset": pl.repeat("random", n_edges, eager=True),
                "cell_type": pl.Series(CELL_TYPES).gather(rng.integers(len(CELL_TYPES), size=n_edges)),
                "time": rng.integers(N_TIMES, size=n_edges).astype(np.float32),
                "source": genes["gene"].gather(source),
                "target": genes["gene"].gather(target),
                "source_key": genes["key"].gather(source),
                "target_key": genes["key"].gather(target),
                "weight": rng.normal(size=n_edges).astype(np.float32),
                "sign": rng.choice([-1, 1], n_edges).astype(np.int8),
                "p": rng.random(n_edges).astype(np.float32),
                "stability": rng.random(n_edges).astype(np.float32),
            }
        )
        run.write("regulation", frame.sort("time", "source_key", "target_key", "cell_type", "weight"))
    return run.id
