"""A process that does nothing but write to a store, telling what it does, until it is killed.

Lines on stdout: `complete RUN`, `removing RUN`. A line is printed only after the thing it says is true
(`complete`) or before it begins (`removing`), so that the watcher never expects too much.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from perturbome.ingest import add_experiment
from perturbome.platform import Store

N_GENES = 300
N_EDGES = 4000


def main(folder: str, experiment: str, seed: int, graph: str | None) -> None:
    rng = np.random.default_rng(seed)
    with Store(folder, graph=graph) as store:
        store.catch_up()
        turn = 0
        while True:
            turn += 1
            if turn % 5 == 0:
                done = add_experiment(store, Path(experiment), dataset=f"d{rng.integers(3)}", replace=True)
                print(f"complete {done.run}", flush=True)
            elif turn % 7 == 0:
                victims = [run.id for run in store.runs("infer")]
                victim = str(rng.choice(victims))
                print(f"removing {victim}", flush=True)
                store.remove(victim)
            elif turn % 11 == 0:
                store.rebuild()
            else:
                print(f"complete {write_network(store, rng)}", flush=True)


def write_network(store: Store, rng: np.random.Generator) -> str:
    """One run of `N_EDGES` random edges; its id."""
    with store.run("infer", name="random network", datasets=["random"]) as run:
        genes = run.register_genes([f"G{i}" for i in range(N_GENES)], organism="human")
        source, target = rng.integers(N_GENES, size=(2, N_EDGES))
        names, keys = genes["gene"].to_numpy(), genes["key"].to_numpy()
        run.write(
            "regulation",
            pl.DataFrame(
                {
                    "dataset": ["random"] * N_EDGES,
                    "cell_type": ["all"] * N_EDGES,
                    "time": np.sort(rng.random(N_EDGES)).astype(np.float32),
                    "source": names[source],
                    "target": names[target],
                    "source_key": keys[source],
                    "target_key": keys[target],
                    "weight": rng.normal(size=N_EDGES).astype(np.float32),
                    "sign": np.ones(N_EDGES, np.int8),
                }
            ),
        )
    return run.id


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else None)
