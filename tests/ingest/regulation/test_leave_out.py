"""A perturbation whose cells are left out has no say in the network."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from perturbome.ingest import add_experiment, infer_regulation, simulate
from perturbome.platform import Store
from perturbome.platform.errors import UnknownName

OPTIONS = {"time_bins": 1, "by_cell_type": False, "n_bootstraps": 0}


@pytest.fixture(scope="module")
def experiment():
    return simulate(n_cells=400, n_genes=30, n_knockouts=4, seed=2)


def edges(store, run):
    rows = store.lake.scan("regulation", [run]).select("source", "target", "weight").sort("source", "target")
    return rows.collect()


def test_the_network_is_the_one_of_an_experiment_without_those_cells(tmp_path, experiment):
    gene = experiment.knockouts[0]
    whole = experiment.anndata()
    whole.write_h5ad(tmp_path / "whole.h5ad")
    whole[whole.obs["perturbation"].to_numpy() != gene].copy().write_h5ad(tmp_path / "without.h5ad")
    with Store(tmp_path / "store") as store:
        for name in ("whole", "without"):
            add_experiment(store, tmp_path / f"{name}.h5ad", dataset=name, organism="human")
        blind = infer_regulation(store, "whole", leave_out=[gene], regulators=experiment.knockouts, **OPTIONS)
        expected = infer_regulation(store, "without", regulators=experiment.knockouts, **OPTIONS)
        seeing = infer_regulation(store, "whole", regulators=experiment.knockouts, **OPTIONS)
        found, wanted = edges(store, blind.run), edges(store, expected.run)
        assert found.drop("weight").equals(wanted.drop("weight"))
        np.testing.assert_allclose(found["weight"], wanted["weight"], rtol=1e-5)
        assert not found.drop("weight").equals(edges(store, seeing.run).drop("weight"))
        assert store.lake.run(blind.run).configuration["leave_out"] == [f"knockout:{gene}"]
        never = store.lake.scan("genes").filter(~pl.col("symbol").is_in(experiment.knockouts)).collect()["symbol"][0]
        with pytest.raises(UnknownName, match="No perturbed gene"):
            infer_regulation(store, "whole", leave_out=[never])
