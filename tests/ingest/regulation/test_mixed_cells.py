"""A double knock-out whose partner cannot be seen is laid at nobody's door, and groups that nothing can be seen in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import polars as pl
import pytest

from perturbome.ingest.experiment.add import add_experiment
from perturbome.ingest.regulation.infer import infer_regulation
from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.network import Edges, infer_network, usable_part
from perturbome.ingest.regulation.registry import METHODS
from perturbome.ingest.regulation.regulators import perturbed_cells
from perturbome.platform.errors import InputError
from perturbome.platform.store import Store

G, EACH = 20, 100
LABELS = np.repeat(["control", "GA", "GA+GB", "GB"], EACH)
A, B = np.isin(LABELS, ["GA", "GA+GB"]), np.isin(LABELS, ["GB", "GA+GB"])
NAMES = ["GA", "GB", *(f"G{i}" for i in range(2, G))]
DOUBLE = np.flatnonzero(A & B)
METHOD_OPTIONS = Options(n_bootstraps=2, n_trees=5)


def counts() -> np.ndarray:
    """GA lowers G5, GB lowers G10: [4 EACH, G]."""
    mean = np.full((LABELS.size, G), 20.0)
    mean[A, 0] = mean[B, 1] = 2
    mean[A, 5] = 12
    mean[B, 10] = 5
    return np.random.default_rng(0).poisson(mean).astype(np.float32)


def cells_without_gb(form: str) -> Cells:
    """GB was not measured, is the same in every cell, or is seen in nine."""
    X = np.log1p(counts())
    told = {"genes": NAMES, "perturbed": np.column_stack([A, B]), "aimed": np.arange(2)}
    if form == "unmeasured":
        told = {"genes": [NAMES[0], *NAMES[2:]], "perturbed": A[:, None], "aimed": np.array([0])}
        told |= {"otherwise": B, "control": LABELS == "control"}
        X = np.delete(X, 1, axis=1)
    else:
        X[9 if form == "rare" else 0 :, 1] = 0
    return Cells.of(X, np.arange(3), **told)


def named(network: Edges, cells: Cells) -> dict[tuple[str, str], tuple[float, ...]]:
    values = zip(network.weight, network.strength, network.p, network.stability, strict=True)
    ends = zip(network.source, network.target, strict=True)
    return {(cells.genes[s], cells.genes[t]): v for (s, t), v in zip(ends, values, strict=True)}


@pytest.mark.parametrize("form", ["unmeasured", "constant", "rare"])
def test_the_network_is_that_of_the_experiment_without_the_doubles(form):
    """GB alone lowers G10, and GA is perturbed beside it in half of these cells."""
    cells = cells_without_gb(form)
    without = cells.taken(np.setdiff1d(np.arange(LABELS.size), DOUBLE))
    found, expected = (infer_network(c, METHODS["interventional"], METHOD_OPTIONS) for c in (cells, without))
    assert named(found, cells).keys() == named(expected, without).keys()
    for edge, values in named(expected, without).items():
        np.testing.assert_allclose(named(found, cells)[edge], values, rtol=1e-9)
    assert ("GA", "G5") in named(found, cells)
    assert ("GA", "G10") not in named(found, cells)
    assert any(s.startswith(f"{EACH} cells were set aside") for s in found.said)
    assert not any("set aside" in s for s in expected.said)


def test_where_both_are_seen_doubles_count_and_nobody_is_set_aside():
    X = np.log1p(counts())
    cells = Cells.of(X, np.arange(3), genes=NAMES, perturbed=np.column_stack([A, B]), aimed=np.arange(2))
    found = infer_network(cells, METHODS["interventional"], METHOD_OPTIONS)
    assert {("GA", "G5"), ("GB", "G10")} <= named(found, cells).keys()
    assert ("GA", "G10") not in named(found, cells)
    assert not any("set aside" in s for s in found.said)


@pytest.mark.parametrize("method", ["ridge", "correlation", "trees", "bayesian-ridge", "dynamic"])
def test_methods_that_do_not_ask_who_is_control_see_the_doubles_as_before(method):
    cells = replace(cells_without_gb("unmeasured"), time=np.arange(LABELS.size) % 4.0)
    found, before = (METHODS[method](c, METHOD_OPTIONS) for c in (cells, replace(cells, otherwise=None)))
    np.testing.assert_array_equal(found.strength, before.strength)
    np.testing.assert_array_equal(found.weight, before.weight)


def test_a_perturbed_gene_that_drops_out_is_remembered():
    part = usable_part(cells_without_gb("constant"))[0]
    np.testing.assert_array_equal(part.otherwise, B)
    np.testing.assert_array_equal(np.flatnonzero(part.mixed), DOUBLE)
    np.testing.assert_array_equal(part.perturbed[:, 0], A)
    again = replace(cells_without_gb("constant"), otherwise=LABELS == "control")
    np.testing.assert_array_equal(usable_part(again)[0].otherwise, B | (LABELS == "control"))


def test_perturbed_cells_by_hand():
    genes = pl.DataFrame({"gene": ["a", "b"], "gene_index": [1, 0]})
    aims = pl.DataFrame({"perturbation": ["A", "A+C", "A+C", "C", "A+B", "A+B"], "gene": list("aaccab")})
    given = pl.Series(["A", "control", "A+C", None, "C", "A+B"])
    perturbed, aimed, otherwise = perturbed_cells(given, aims, genes)
    assert aimed.tolist() == [0, 1]
    assert perturbed.astype(int).tolist() == [[0, 1], [0, 0], [0, 1], [0, 0], [0, 0], [1, 1]]
    assert otherwise.tolist() == [False, False, True, False, True, False]


@pytest.mark.parametrize("seen", ["constant", "rare", "set aside"])
def test_where_no_perturbed_gene_can_be_seen_nothing_is_said(seen):
    X = np.random.default_rng(0).normal(size=(60, 8)) + 5
    perturbed = np.eye(60, 2, -30, bool) | np.eye(60, 2, -40, bool)
    otherwise = perturbed.any(1) if seen == "set aside" else None
    if otherwise is None:
        X[9 if seen == "rare" else 0 :, :2] = 0
    cells = Cells.of(X, np.arange(5), perturbed=perturbed, aimed=np.arange(2), otherwise=otherwise)
    for n_bootstraps in (0, 2):
        found = infer_network(cells, METHODS["interventional"], Options(n_bootstraps=n_bootstraps))
        assert found.source.size == 0
        assert "experiments say nothing" in found.said[-1]
    assert METHODS["interventional"].lacks(usable_part(cells)[0])
    few = Options(n_bootstraps=0, n_trees=5)
    assert any("interventional takes no part" in s for s in infer_network(cells, METHODS["consensus"], few).said)


def written(folder: Path, name: str, X: np.ndarray, obs: dict[str, object], genes: list[str]) -> Path:
    path = folder / f"{name}.h5ad"
    cells = pd.DataFrame(obs, index=[f"c{i}" for i in range(len(X))])
    anndata.AnnData(X, obs=cells, var=pd.DataFrame(index=genes)).write_h5ad(path)
    return path


def test_from_a_store_the_unmeasured_partner_is_known(tmp_path):
    genes, kept = [NAMES[0], *NAMES[2:]], np.setdiff1d(np.arange(LABELS.size), DOUBLE)
    X = np.delete(counts(), 1, axis=1)
    asked = {"method": "interventional", "regulators": genes[:3], "n_bootstraps": 0}
    with Store(tmp_path / "store") as store:
        for name, rows in (("whole", slice(None)), ("without", kept)):
            file = written(tmp_path, name, X[rows], {"perturbation": LABELS[rows]}, genes)
            add_experiment(store, file, dataset=name, organism="human")
        whole, without = (infer_regulation(store, name, **asked) for name in ("whole", "without"))
        edges = [
            store.lake.scan("regulation", [run.run])
            .select("source", "target", "weight")
            .collect()
            .sort("source", "target")
            for run in (whole, without)
        ]
    assert edges[0].drop("weight").equals(edges[1].drop("weight"))
    np.testing.assert_allclose(edges[0]["weight"], edges[1]["weight"], rtol=1e-6)
    assert any(s.startswith(f"{EACH} cells were set aside") for s in whole.said)


def test_a_group_in_which_every_perturbed_gene_is_constant_or_rare_is_left_out(tmp_path):
    genes, which = NAMES, np.tile(["one", "two"], LABELS.size // 2)
    X = counts()
    X[which == "two", 0] = 0
    X[np.flatnonzero(which == "two")[9:], 1] = 0
    obs = {"perturbation": LABELS, "cell_type": which}
    asked = {"method": "interventional", "regulators": genes[:3], "n_bootstraps": 0}
    with Store(tmp_path / "store") as store:
        add_experiment(store, written(tmp_path, "mixed", X, obs, genes), dataset="mixed", organism="human")
        found = infer_regulation(store, "mixed", **asked)
        assert [g.cell_type for g in found.groups] == ["one"]
        assert any("Left out, for want of perturbations" in s and s.endswith(": two.") for s in found.said)
        with pytest.raises(InputError, match=r"needs perturbations of measured genes .* constant nor rare"):
            infer_regulation(store, "mixed", cell_types=["two"], **asked)
