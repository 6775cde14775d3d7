"""What every method owes: the order of genes and of cells changes nothing, and a second run gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.network import Edges, infer_network
from perturbome.ingest.regulation.registry import METHODS

N, G, P = 160, 24, 9
OPTIONS = Options(n_bootstraps=4, n_trees=20, seed=7)
EXACT = 1e-5  # Gram matrices are in single precision


def method(name: str):
    module = METHODS[name].function.split(":")[0]
    if find_spec(module) is None:
        pytest.skip(f"'{name}' is not written yet")
    if name in ("trees", "consensus"):
        pytest.importorskip("sklearn")
    return METHODS[name]


@pytest.fixture(scope="module")
def cells() -> Cells:
    """Counts of a screen in three time points, knock-outs of two regulators and of a gene that regulates nothing."""
    rng = np.random.default_rng(0)
    time = np.repeat([0.0, 6.0, 12.0], [60, 50, 50])
    level = rng.normal(size=(N, G)) + np.outer(time / 6, rng.normal(size=G) * 0.4)
    regulators = rng.permutation(G)[:P]
    for target in np.setdiff1d(np.arange(G), regulators):
        level[:, target] += level[:, rng.choice(regulators, 2, replace=False)] @ rng.choice([-1.0, 1.0], 2)
    aimed = np.array([regulators[3], np.setdiff1d(np.arange(G), regulators)[0], regulators[0]])
    perturbed = np.zeros((N, 3), bool)
    perturbed[np.arange(0, 60), np.arange(0, 60) % 3] = True
    perturbed = perturbed[rng.permutation(N)]
    X = np.log1p(rng.poisson(np.exp(level / 2 + 1))).astype(np.float32)
    for column, rows in zip(aimed, perturbed.T, strict=True):
        X[rows, column] = 0
    names = [f"GENE{i}" for i in rng.permutation(G)]
    return Cells.of(
        X, regulators, genes=names, key=rng.permutation(N), perturbed=perturbed, aimed=aimed, time=time
    )  # fmt: skip


def rows_taken(cells: Cells, rows: np.ndarray) -> Cells:
    """Some of the cells, or all of them in another order; ranks are made to be without gaps."""
    return replace(
        cells, X=cells.X[rows], key=cells.key[rows], perturbed=cells.perturbed[rows],
        control=cells.control[rows], time=cells.time[rows],
    )  # fmt: skip


def genes_in_order(cells: Cells, order: np.ndarray, rng: np.random.Generator) -> Cells:
    """The same cells with genes in another order, and regulators and perturbed genes listed in another order too."""
    place = np.argsort(order)
    aims = rng.permutation(cells.aimed.size)
    return replace(
        cells, X=cells.X[:, order], genes=tuple(cells.genes[i] for i in order),
        regulators=place[rng.permutation(cells.regulators)], aimed=place[cells.aimed[aims]],
        perturbed=cells.perturbed[:, aims],
    )  # fmt: skip


def named(network: Edges, cells: Cells) -> dict[tuple[str, str], tuple[float, ...]]:
    """Weight, strength, p and stability of each edge by the names of its ends."""
    columns = [network.weight, network.strength]
    columns += [values for values in (network.p, network.stability) if values is not None]
    ends = [tuple(cells.genes[i] for i in edge) for edge in zip(network.source, network.target, strict=True)]
    return dict(zip(ends, zip(*(c.tolist() for c in columns), strict=True), strict=True))


def network(cells: Cells, name: str) -> Edges:
    """The 60 strongest pairs, significant or not: rather all of what a method says than nothing."""
    return infer_network(cells, method(name), OPTIONS, max_edges=60, max_q=1.0)


@pytest.fixture(scope="module")
def before(cells: Cells) -> Callable[[str], Edges]:
    """Network by each method of the cells as they are, inferred once."""
    return cache(lambda name: network(cells, name))


def assert_same(found: Edges, cells: Cells, expected: Edges, before: Cells) -> None:
    a, b = named(found, cells), named(expected, before)
    assert b
    assert set(a) == set(b)
    for edge, values in b.items():
        np.testing.assert_allclose(a[edge], values, rtol=EXACT, atol=EXACT, err_msg=str(edge))


@pytest.mark.parametrize("name", METHODS)
def test_the_order_of_cells_changes_nothing(cells, before, name):
    shuffled = rows_taken(cells, np.random.default_rng(1).permutation(N))
    assert_same(network(shuffled, name), shuffled, before(name), cells)


@pytest.mark.parametrize("name", METHODS)
def test_the_order_of_genes_changes_nothing(cells, before, name):
    rng = np.random.default_rng(2)
    shuffled = genes_in_order(cells, rng.permutation(G), rng)
    assert_same(network(shuffled, name), shuffled, before(name), cells)


@pytest.mark.parametrize("name", METHODS)
def test_a_second_run_gives_the_same_bytes(cells, before, name):
    first, second = before(name), network(cells, name)
    for field in ("source", "target", "weight", "strength", "p", "stability"):
        a, b = getattr(first, field), getattr(second, field)
        assert (a is None) == (b is None)
        assert a is None or a.tobytes() == b.tobytes(), field


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "gone"),
    [("ridge", 0), ("ridge", 4321), ("ridge", 20_728), ("correlation", 4321), ("bayesian-ridge", 4321)],
)
def test_a_real_screen_keeps_its_edges_without_one_of_its_cells(data_dir: Path, name: str, gone: int):
    """Of the 10,000 strongest pairs of 299 genes with one another 99 % and more stay."""
    cells = papalexi(data_dir)
    fewer = rows_taken(cells, np.delete(np.arange(len(cells.key)), gone))
    whole, part = (
        named(infer_network(c, METHODS[name], Options(n_bootstraps=0), max_edges=10_000, max_q=1.0), c)
        for c in (cells, fewer)
    )
    assert len(whole) == len(part) == 10_000
    assert len(set(whole) & set(part)) >= 9_900


def papalexi(data_dir: Path) -> Cells:
    """The screen in log1p of counts per 10,000, every gene a candidate."""
    import anndata

    data = anndata.read_h5ad(data_dir / "perturb_papalexi_thp1" / "papalexi_thp1_eccite_299g.h5ad")
    counts = data.X.toarray()
    aim = data.obs["target"].astype(str).to_numpy()
    genes = data.var_names.to_list()
    aims = sorted(set(aim) & set(genes))
    return Cells.of(
        np.log1p(counts / counts.sum(1, keepdims=True).clip(1) * 1e4).astype(np.float32),
        np.arange(len(genes)),
        genes=genes,
        perturbed=np.stack([aim == gene for gene in aims], 1),
        aimed=np.array([genes.index(gene) for gene in aims]),
        control=aim == "non-targeting",
    )
