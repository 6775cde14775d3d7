"""500 SIGKILLs of a process that ingests and projects: counts lost runs, partial runs and stores that need repair."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "crash"))
from benchmarks._machine import save
from killing import Watch, check, kill_once

from perturbome.ingest.simulation.experiment import simulate

KILLS = 500
SAVED_EVERY = 25


def main(kills: int = KILLS) -> None:
    rng, watch, failures = np.random.default_rng(0), Watch(), []
    with tempfile.TemporaryDirectory() as folder:
        experiment = Path(folder) / "small.h5ad"
        simulate(n_cells=300, n_genes=60, n_knockouts=5, seed=1).write(experiment)
        for number in range(kills):
            try:
                kill_once(Path(folder) / "store", experiment, watch, rng)
                check(Path(folder) / "store", watch)
            except AssertionError as error:
                failures.append(f"kill {number}: {error}")
            said = f"{number + 1}/{kills} kills, {len(watch.complete)} runs complete, {len(failures)} failures"
            print(said, end="\r")
            if (number + 1) % SAVED_EVERY == 0 or number + 1 == kills:  # an hour's work is not lost to an interruption
                save("crash", {"kills": watch.kills, "runs_complete": len(watch.complete), "failures": failures})


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else KILLS)
