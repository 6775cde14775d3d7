"""Write the golden store of this schema version: `python tests/golden/make.py`.

Run once when SCHEMA_VERSION is raised, never to make a failing test pass: stores on disks out there do not change.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from perturbome.ingest import add_experiment, add_prior, infer_regulation, infer_transitions, simulate
from perturbome.models import knockout, measure_effects, rank_targets
from perturbome.platform import Store
from perturbome.platform.schema import SCHEMA_VERSION

HERE = Path(__file__).parent


def main() -> None:
    target = HERE / f"store-v{SCHEMA_VERSION}"
    if target.exists():
        sys.exit(f"{target} exists; a golden store is never written again")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        experiment = simulate(n_cells=120, n_genes=20, n_knockouts=3, seed=11)
        experiment.write(path / "golden.h5ad")
        with Store(path / "store") as store:
            add_experiment(store, path / "golden.h5ad", dataset="golden", organism="human")
            add_prior(store, path / "golden.network.csv", name="truth", organism="human")
            infer_regulation(store, "golden", time_bins=1, min_cells=10, n_bootstraps=5)
            infer_transitions(store, "golden", n_neighbors=3)
            measure_effects(store, "golden", min_cells=3)
            gene = experiment.knockouts[0]
            knockout(store, [gene], dataset="golden", n_bootstraps=5)
            rank_targets(store, "control", gene, dataset="golden")
        shutil.copytree(path / "store" / "lake", target / "lake")
        shutil.copy(path / "store" / "store.json", target)


if __name__ == "__main__":
    main()
