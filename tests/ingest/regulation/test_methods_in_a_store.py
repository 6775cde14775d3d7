"""Every method and every kind of prior through `infer_regulation`, on one stored experiment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from perturbome.ingest.experiment.add import add_experiment
from perturbome.ingest.priors.add import add_prior
from perturbome.ingest.regulation.groups import group_cells
from perturbome.ingest.regulation.infer import infer_regulation
from perturbome.ingest.regulation.registry import METHODS
from perturbome.ingest.simulation.experiment import Simulated, simulate
from perturbome.platform.errors import InputError, NothingFound, UnknownName
from perturbome.platform.store import Store


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    return simulate(n_cells=900, n_genes=40, n_knockouts=6, n_times=3, n_types=1, seed=5)


@pytest.fixture(scope="module")
def store(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("methods")
    files = simulated.write(folder / "toy.h5ad")
    with Store(folder / "store") as opened:
        add_experiment(opened, files[0])
        add_prior(opened, files[1], name="truth")
        add_prior(opened, files[3], name="factors")
        yield opened


def rows(store: Store, run: str) -> pl.DataFrame:
    return store.lake.scan("regulation", [run]).collect()


def true_pairs(store: Store, simulated: Simulated) -> set[tuple[str, str]]:
    ids = dict(store.genes().select("symbol", "gene").iter_rows())
    return {(ids[s], ids[t]) for s, t, *_ in simulated.network.iter_rows()}


def share_true(store: Store, run: str, simulated: Simulated) -> float:
    true = true_pairs(store, simulated)
    found = rows(store, run).select("source", "target").unique()
    return float(np.mean([pair in true for pair in found.iter_rows()]))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_truth_with_sign_and_stability(store: Store, simulated: Simulated, method: str) -> None:
    few = {"n_trees": 80} if method in ("trees", "consensus") else {}
    inferred = infer_regulation(store, "toy", method=method, max_edges=40, n_bootstraps=8, max_q=1.0, **few)
    table = rows(store, inferred.run)
    assert table.height == inferred.n_edges > 5
    n_regulators = simulated.genes["regulator"].sum()
    by_chance = simulated.network.height / (n_regulators * simulated.genes.height)
    assert share_true(store, inferred.run, simulated) > 1.5 * by_chance
    assert set(table["sign"].unique()) <= {-1, 1}
    assert (table["sign"] == np.sign(table["weight"].to_numpy())).all()
    assert table["stability"].is_between(0, 1).all()
    assert table["p"].is_between(0, 1).all()
    configuration = store.lake.run(inferred.run).configuration
    assert (configuration["method"], configuration["n_trees"]) == (method, few.get("n_trees"))


def test_an_unknown_method_names_those_there_are(store: Store) -> None:
    with pytest.raises(UnknownName, match="ridge"):
        infer_regulation(store, "toy", method="boosting")


def test_a_method_that_needs_perturbations_says_so_where_there_are_none(store: Store) -> None:
    with pytest.raises(InputError, match=r"none of the perturbed cells.*--cells control") as all_out:
        infer_regulation(store, "toy", method="interventional", cells="control")
    assert "--together" not in str(all_out.value)


@pytest.fixture(scope="module")
def contexts(simulated: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """'still' was not perturbed; in 'mixed', controls are of cell type A alone, and B has perturbed cells too."""
    import anndata

    folder: Path = tmp_path_factory.mktemp("contexts")
    simulated.write(folder / "toy.h5ad")
    data = anndata.read_h5ad(folder / "toy.h5ad")
    control = (data.obs["perturbation"] == "control").to_numpy()
    data.obs["cell_type"] = np.where(control | (np.arange(data.n_obs) % 2 == 0), "A", "B")
    data.obs = data.obs.drop(columns=["time", "pseudotime"])
    with Store(folder / "store") as opened:
        data.write_h5ad(folder / "mixed.h5ad")
        add_experiment(opened, folder / "mixed.h5ad")
        data.obs = data.obs[["cell_type"]]
        data.write_h5ad(folder / "still.h5ad")
        add_experiment(opened, folder / "still.h5ad")
        yield opened


def test_where_nothing_was_perturbed_no_way_of_grouping_is_advised(contexts: Store) -> None:
    with pytest.raises(InputError, match=r"nothing was perturbed in 'still'.*--perturbation-column.*ridge") as told:
        infer_regulation(contexts, "still", method="interventional")
    assert "--together" not in str(told.value)
    assert "--time-bins" not in str(told.value)
    with pytest.raises(InputError, match="two time points") as timeless:
        infer_regulation(contexts, "still", method="dynamic")
    assert "--together" not in str(timeless.value)


def test_grouping_is_advised_where_it_helps(simulated: Simulated, tmp_path: Path) -> None:
    import anndata

    simulated.write(tmp_path / "apart.h5ad")
    data = anndata.read_h5ad(tmp_path / "apart.h5ad")
    data.obs["cell_type"] = np.where(data.obs["perturbation"] == "control", "A", "B")
    data.write_h5ad(tmp_path / "apart.h5ad")
    with Store(tmp_path / "store") as store:
        add_experiment(store, tmp_path / "apart.h5ad")
        with pytest.raises(InputError, match=r"no group of cells of 'apart'.*--together or --time-bins 1"):
            infer_regulation(store, "apart", method="interventional")


def test_controls_of_another_cell_type_are_told(contexts: Store) -> None:
    asked = {"n_bootstraps": 0, "by_cell_type": False}
    told = infer_regulation(contexts, "mixed", method="interventional", **asked).said
    assert any(s.startswith("Confounded: B has no control cells.") for s in told)
    for method, more in (("ridge", {}), ("interventional", {"cell_types": ["A"]})):
        quiet = infer_regulation(contexts, "mixed", method=method, **{**asked, **more}).said
        assert not any("Confounded" in s for s in quiet)
    both = infer_regulation(contexts, "mixed", method="consensus", members=["ridge", "interventional"], **asked).said
    assert any("Confounded" in s for s in both)
    assert not any("Confounded" in s for s in infer_regulation(
        contexts, "mixed", method="consensus", members=["ridge", "correlation"], **asked).said)  # fmt: skip


def test_a_method_that_needs_time_says_so_where_there_is_none(tmp_path: Path) -> None:
    simulate(n_cells=200, n_genes=20, n_knockouts=3, n_times=1, n_types=1, seed=1).write(tmp_path / "snap.h5ad")
    with Store(tmp_path / "store") as store:
        add_experiment(store, _without_pseudotime(tmp_path / "snap.h5ad"))
        with pytest.raises(InputError, match="two time points"):
            infer_regulation(store, "snap", method="dynamic")
        said = infer_regulation(store, "snap", n_bootstraps=2).said
        assert any("one time point" in sentence for sentence in said)


def _without_pseudotime(path: Path) -> Path:
    import anndata

    data = anndata.read_h5ad(path)
    del data.obs["pseudotime"]
    data.write_h5ad(path)
    return path


def test_priors_as_masks(store: Store, simulated: Simulated) -> None:
    asked = {"max_edges": 60, "max_q": 1.0, "n_bootstraps": 2, "time_bins": 1}
    plain = infer_regulation(store, "toy", **asked)
    soft = infer_regulation(store, "toy", prior=["truth"], **asked)
    hard = infer_regulation(store, "toy", prior=["truth"], mask="hard", **asked)
    shares = [share_true(store, each.run, simulated) for each in (plain, soft, hard)]
    assert shares[0] < shares[1] < shares[2] == 1.0
    run = store.lake.run(soft.run)
    assert (run.configuration["prior"], run.configuration["mask"]) == (["truth"], "soft")
    assert {store.lake.run(parent).name for parent in run.parents} >= {"ingest prior truth"} or len(run.parents) == 2
    assert any("truth supports" in sentence for sentence in soft.said)
    with pytest.raises(UnknownName, match="truth"):
        infer_regulation(store, "toy", prior=["string"])


def test_a_prior_without_a_usable_edge_is_refused(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text("source,target,sign,weight\nG001,G002,1,1\n")
    symbols = store.genes()["symbol"].to_list()
    free = [s for s in symbols if not s.startswith("TF")][:2]
    file.write_text(f"source,target,sign\n{free[0]},{free[1]},1\n")
    add_prior(store, file, name="useless")
    factors = [s for s in symbols if s.startswith("TF")]
    with pytest.raises(NothingFound, match="useless"):
        infer_regulation(store, "toy", prior=["useless"], regulators=factors)


@pytest.mark.parametrize("method", ["ridge", "correlation"])
def test_in_chunks_the_network_is_the_same(store: Store, method: str) -> None:
    pytest.importorskip("distributed")
    asked = {"method": method, "max_edges": 60, "n_bootstraps": 3}
    whole, chunked = (rows(store, infer_regulation(store, "toy", dask=d, **asked).run) for d in (None, "local"))
    key = ["time", "source", "target", "sign"]
    assert whole.height > 60
    shared = whole.join(chunked, on=key)
    assert shared.height >= 0.98 * whole.height  # the last of equals may change places in the last bits
    np.testing.assert_allclose(shared["weight"], shared["weight_right"], rtol=1e-3, atol=1e-5)


def test_what_needs_every_cell_at_once_refuses_chunks(store: Store) -> None:
    with pytest.raises(InputError, match="ridge"):
        infer_regulation(store, "toy", method="trees", dask="local")


def test_groups_across_time_hold_a_bin_and_the_next() -> None:
    cells = pl.DataFrame(
        {
            "cell_type": ["a"] * 120,
            "time": np.repeat([0.0, 6.0, 12.0], 40),
            "pseudotime": pl.Series([None] * 120, dtype=pl.Float64),
        }
    )
    alone, _ = group_cells(cells, "toy")
    across, _ = group_cells(cells, "toy", across_time=True, time_bins=3)
    together, _ = group_cells(cells, "toy", across_time=True)
    assert [(g.time, g.rows.size) for g in alone] == [(0.0, 40), (6.0, 40), (12.0, 40)]
    assert [(g.time, g.rows.min(), g.rows.max()) for g in across] == [(0.0, 0, 79), (6.0, 40, 119)]
    assert [(g.time, g.rows.size) for g in together] == [(None, 120)]


@pytest.mark.parametrize("method", ["correlation", "trees", "bayesian-ridge"])
def test_a_penalty_that_nothing_would_use_is_refused(store: Store, method: str) -> None:
    with pytest.raises(InputError, match=r"takes no penalty.*ridge"):
        infer_regulation(store, "toy", method=method, penalty=0.1)
