"""The simulated experiment: what a knock-out may and may not change, and the same seed the same bytes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from perturbome.ingest.simulation.dynamics import Schedule, langevin, trajectories
from perturbome.ingest.simulation.experiment import Simulated, simulate
from perturbome.ingest.simulation.measure import count_molecules
from perturbome.ingest.simulation.network import draw_network
from perturbome.platform.errors import BadValues


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    return simulate(n_cells=800, n_genes=80, n_knockouts=12, seed=7, spatial=True)


def log_expression(simulated: Simulated) -> np.ndarray:
    counts = simulated.counts.toarray().astype(float)
    return np.log1p(1e4 * counts / np.maximum(counts.sum(1, keepdims=True), 1))


def test_same_seed_same_bytes_and_another_seed_not(simulated: Simulated) -> None:
    again = simulate(n_cells=800, n_genes=80, n_knockouts=12, seed=7, spatial=True)
    assert again.counts.data.tobytes() == simulated.counts.data.tobytes()
    assert again.counts.indices.tobytes() == simulated.counts.indices.tobytes()
    assert again.cells.equals(simulated.cells)
    assert again.network.equals(simulated.network)
    assert again.effects.equals(simulated.effects)
    assert again.spatial is not None
    assert again.spatial.tobytes() == simulated.spatial.tobytes()
    assert not simulate(n_cells=800, n_genes=80, n_knockouts=12, seed=8).network.equals(simulated.network)


def test_counts_are_whole_and_the_silenced_gene_is_absent(simulated: Simulated) -> None:
    assert simulated.counts.dtype == np.int32
    assert simulated.counts.data.min() > 0
    genes = simulated.genes["gene"].to_list()
    for gene in simulated.effects["perturbation"].unique():
        cells = (simulated.cells["perturbation"] == gene).to_numpy()
        assert cells.any()
        # Production is nil from the start: 24 hours of burn-in and decay leave nothing to count.
        assert simulated.counts[cells][:, genes.index(gene)].sum() == 0


def test_a_non_regulator_changes_nothing_but_itself(simulated: Simulated) -> None:
    regulators = set(simulated.genes.filter("regulator")["gene"])
    effects = simulated.effects.with_columns(itself=pl.col("gene") == pl.col("perturbation"))
    silent = effects.filter(~pl.col("perturbation").is_in(list(regulators)))
    assert silent["perturbation"].n_unique() >= 2
    assert (silent.filter(~pl.col("itself"))["regulatory"] == 0).all()
    assert (silent.filter("itself")["regulatory"] < -0.5).all()
    # What an experiment measures differs only by the share of the counts that the gene leaves to the others.
    assert silent.filter(~pl.col("itself"))["delta"].abs().max() < 0.2


def test_effects_reach_only_where_a_path_leads() -> None:
    network = draw_network(60, 12, 2, np.random.default_rng(3))
    schedule = Schedule(48, 96, 34, 0.5)
    for gene in range(12):
        states = trajectories(network, schedule, np.array([0, 0]), np.array([-1, gene]))
        changed = np.abs(states[:, 1] - states[:, 0]).max(0) > 0
        assert not changed[~network.reached_from(gene)].any()
        assert changed[gene]


def test_direct_targets_move_against_the_sign_of_a_lost_regulator(simulated: Simulated) -> None:
    direct = simulated.network.join(
        simulated.effects.filter(pl.col("cell_type") == "all"),
        left_on=["source", "target"],
        right_on=["perturbation", "gene"],
    )
    assert direct.height > 20
    mean = direct.group_by("sign").agg(pl.col("regulatory").mean())
    by_sign = dict(mean.iter_rows())
    assert by_sign[1] < -0.05
    assert by_sign[-1] > 0.05


def test_measured_changes_follow_the_true_effects(simulated: Simulated) -> None:
    expression, genes = log_expression(simulated), simulated.genes["gene"].to_list()
    control = expression[(simulated.cells["perturbation"] == "control").to_numpy()].mean(0)
    measured, true = [], []
    for (gene,), rows in simulated.effects.filter(pl.col("cell_type") == "all").group_by("perturbation"):
        cells = (simulated.cells["perturbation"] == gene).to_numpy()
        others = np.array(genes) != gene
        measured.append((expression[cells].mean(0) - control)[others])
        true.append(rows["delta"].to_numpy()[others])
    assert np.corrcoef(np.concatenate(measured), np.concatenate(true))[0, 1] > 0.7


def test_noise_free_cells_follow_the_noise_free_system() -> None:
    """Oracle: without noise the cells are the deterministic system, in another number type."""
    rng = np.random.default_rng(0)
    network, schedule = draw_network(40, 9, 2, rng), Schedule(20, 40, 14, 0.5)
    stop, fate, silenced = np.array([0, 40, 17, 33]), np.array([0, 1, 1, 0]), np.array([-1, 3, 20, 0])
    cells = langevin(network, schedule, stop, fate, silenced, rng, noise=0.0, extrinsic=0.0)
    states = trajectories(network, schedule, fate, silenced)
    expected = states[stop, np.arange(4)]
    np.testing.assert_allclose(cells, expected, rtol=2e-4, atol=2e-4)


def test_unregulated_noise_has_the_variance_of_birth_and_death() -> None:
    """Oracle: molecules made and lost at constant rates are Poisson, so variance equals mean."""
    rng = np.random.default_rng(1)
    network, schedule = draw_network(60, 6, 2, rng), Schedule(60, 60, 30, 0.25)
    housekeeping = np.flatnonzero((np.abs(network.weight).sum(0) == 0) & (network.signal == 0))
    assert housekeeping.size
    n = 3000
    none = np.full(n, -1)
    cells = langevin(network, schedule, np.full(n, 60), none, none, rng)[:, housekeeping]
    expected = (network.basal * network.rate / network.decay)[housekeeping]
    np.testing.assert_allclose(cells.mean(0), expected, rtol=0.03)
    np.testing.assert_allclose(cells.var(0) / cells.mean(0), 1.0, atol=0.2)


def test_time_pseudotime_and_types_agree(simulated: Simulated) -> None:
    cells = simulated.cells
    by_time = cells.group_by("time").agg(pl.col("pseudotime").mean()).sort("time")
    assert by_time["pseudotime"].is_sorted()
    assert by_time.height == 5
    assert cells["pseudotime"].is_between(0, 1).all()
    latest = cells.filter(pl.col("cell_type") == "progenitor")["pseudotime"].max()
    assert latest < cells.filter(pl.col("cell_type") != "progenitor")["pseudotime"].min()


def test_like_fates_lie_together(simulated: Simulated) -> None:
    from scipy.spatial import cKDTree

    fate = simulated.cells["cell_type"].to_numpy()
    late = fate != "progenitor"
    neighbour = cKDTree(simulated.spatial[late]).query(simulated.spatial[late], 2)[1][:, 1]
    assert (fate[late] == fate[late][neighbour]).mean() > 0.9


def test_dropout_takes_about_its_share_and_none_at_zero() -> None:
    molecules = np.random.default_rng(0).lognormal(4, 1, (500, 50)).astype(np.float32)
    whole = count_molecules(molecules, np.random.default_rng(1), dropout=0.0)
    thinned = count_molecules(molecules, np.random.default_rng(1), dropout=0.3)
    lost = 1 - thinned.nnz / whole.nnz
    assert 0.2 < lost < 0.4


def test_written_file_reads_back(simulated: Simulated, tmp_path) -> None:
    import anndata

    written = simulated.write(tmp_path / "toy.h5ad")
    assert [p.name for p in written] == ["toy.h5ad", "toy.network.csv", "toy.effects.csv", "toy.regulators.txt"]
    data = anndata.read_h5ad(written[0])
    assert (simulated.counts != data.X).nnz == 0
    assert list(data.obs["perturbation"].astype(str)) == simulated.cells["perturbation"].to_list()
    assert data.obsm["spatial"].shape == (800, 2)
    assert pl.read_csv(written[1]).height == simulated.network.height


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"n_knockouts": 300}, "300 knock-outs of 200 genes"),
        ({"n_cells": 10}, "10 cells cannot carry 20 knock-outs"),
        ({"n_regulators": 2}, "each fate needs a driver"),
        ({"dropout": 1.5}, "dropout is a share"),
    ],
)
def test_impossible_designs_are_refused(arguments: dict, says: str) -> None:
    with pytest.raises(BadValues, match=says):
        simulate(**arguments)


@pytest.mark.parametrize("design", [{"n_times": 1}, {"n_types": 1}, {"n_knockouts": 0}, {"n_types": 4}])
def test_small_designs_work(design: dict) -> None:
    toy = simulate(**{"n_cells": 60, "n_genes": 20, "n_knockouts": 3, **design})
    assert toy.counts.shape == (60, 20)
    assert toy.cells["time"].n_unique() == design.get("n_times", 5)


@pytest.mark.parametrize("before", ["", "import perturbome.ingest.simulation.experiment; "])
def test_the_verb_can_be_called_whatever_was_imported_first(before: str) -> None:
    import subprocess
    import sys

    code = before + "from perturbome.ingest import simulate; print(simulate(40, 12, n_knockouts=2).counts.shape)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "(40, 12)", done.stderr
