"""500 SIGKILLs of a process that ingests and projects: counts lost runs, partial runs and stores that need repair.

An hour's work on a quiet machine, so it may be done in sittings: kills are added to those in the results until there
are 500, every sitting with its date, code and machine. `python -m benchmarks.crash 50` does 50 more at most;
`python -m benchmarks.crash --anew` forgets the earlier ones.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "crash"))
from benchmarks._machine import RESULTS, machine, save
from killing import Watch, check, kill_once

from perturbome.ingest.simulation.experiment import simulate

KILLS = 500
SAVED_EVERY = 5


def main(most: int = KILLS, anew: bool = False) -> None:
    earlier = [] if anew else sittings()
    done = sum(sitting["kills"] for sitting in earlier)
    wanted = min(most, KILLS - done)
    rng, watch, failures = np.random.default_rng(done), Watch(), []
    sitting: dict[str, Any] = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "code": _code(), "machine": machine()}
    with tempfile.TemporaryDirectory() as folder:
        experiment = Path(folder) / "small.h5ad"
        simulate(n_cells=300, n_genes=60, n_knockouts=5, seed=1).write(experiment)
        for number in range(wanted):
            try:
                kill_once(Path(folder) / "store", experiment, watch, rng)
                check(Path(folder) / "store", watch)
            except AssertionError as error:
                failures.append(f"kill {number}: {error}")
            print(f"{done + watch.kills}/{KILLS} kills, {len(watch.complete)} runs complete, {len(failures)} failures")
            if (number + 1) % SAVED_EVERY == 0 or number + 1 == wanted:
                sitting |= {"kills": watch.kills, "runs_complete": len(watch.complete), "failures": failures}
                keep([*earlier, sitting])


def sittings() -> list[dict[str, Any]]:
    """What earlier sittings found."""
    path = RESULTS / "crash.json"
    return list(json.loads(path.read_text())["sittings"]) if path.exists() else []


def keep(done: list[dict[str, Any]]) -> None:
    """Write all sittings and their sums."""
    sums = {name: sum(sitting[name] for sitting in done) for name in ("kills", "runs_complete")}
    save("crash", {**sums, "failures": [f for sitting in done for f in sitting["failures"]], "sittings": done})


def _code() -> str:
    """The commit the sitting runs on."""
    found = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    numbers = [int(a) for a in sys.argv[1:] if a.isdigit()]
    main(numbers[0] if numbers else KILLS, anew="--anew" in sys.argv)
