"""A simulated screen in a store, small enough to be judged many times."""

import pytest

from perturbome.ingest import add_experiment
from perturbome.ingest.simulation.experiment import simulate
from perturbome.platform import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    simulate(n_cells=900, n_genes=40, n_regulators=12, n_knockouts=8, n_times=1, n_types=1, seed=3).write(
        folder / "toy.h5ad"
    )
    with Store(folder / "store") as opened:
        add_experiment(opened, folder / "toy.h5ad", dataset="toy", organism="human")
        yield opened
