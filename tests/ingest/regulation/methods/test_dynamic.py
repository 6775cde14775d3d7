"""What regulates a change: known equations found again, chance left alone, signs and errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from perturbome.ingest.regulation.method import Cells, Evidence, Options
from perturbome.ingest.regulation.methods.dynamic import dynamic
from perturbome.ingest.regulation.registry import METHODS
from perturbome.ingest.simulation.experiment import simulate
from perturbome.platform.errors import InputError

FEW = Options(n_bootstraps=4)


def draw_equation(rng: np.random.Generator, G: int, regulated: bool) -> np.ndarray:
    """A [source, target] of dx = x A dt, stable; without regulation every gene only decays."""
    A = rng.choice([-1.0, 1.0], (G, G)) * rng.uniform(0.4, 1.0, (G, G)) * (rng.random((G, G)) < 0.1) * regulated
    np.fill_diagonal(A, -rng.uniform(0.5, 1.5, G))
    while np.linalg.eigvals(A).real.max() > -0.1:
        A[~np.eye(G, dtype=bool)] *= 0.8
    return A


def draw_series(
    rng: np.random.Generator, A: np.ndarray, *, n_series: int, length: int, noise: float, step: float = 0.2
) -> Cells:
    """Samples of trajectories of dx = x A dt + noise dW, by Euler, one after another."""
    x = rng.normal(size=(n_series, A.shape[0])) * 2
    states = []
    for _ in range(length):
        states.append(x)
        x = x + x @ A * step + noise * np.sqrt(step) * rng.normal(size=x.shape)
    X = np.stack(states, 1).reshape(-1, A.shape[0])
    here = np.flatnonzero(np.arange(n_series * length) % length < length - 1)
    T = sparse.csr_matrix((np.ones(here.size), (here, here + 1)), (X.shape[0],) * 2)
    return Cells.of(X, np.arange(A.shape[0]), time=np.tile(np.arange(length) * step, n_series), successor=T)


def draw_cells(rng: np.random.Generator, n: int, G: int, times: int, *, trend: float) -> Cells:
    """Cells destroyed at their time; genes drift over time, each as it likes, and know nothing of one another."""
    time = np.sort(np.arange(n) % times)
    course = np.cumsum(rng.normal(size=(times, G)), 0) * trend
    X = np.log1p(rng.poisson(np.exp(0.5 * (course[time] + rng.normal(size=(n, G))))))
    return Cells.of(X.astype(float), np.arange(G), time=time.astype(float))


def others(evidence: Evidence) -> np.ndarray:
    """p of all pairs of two genes."""
    assert evidence.p is not None
    return evidence.p[~np.eye(*evidence.p.shape, dtype=bool)]


def test_a_linear_equation_is_found_exactly() -> None:
    rng = np.random.default_rng(0)
    A = draw_equation(rng, 12, True)
    cells = draw_series(rng, A, n_series=10, length=9, noise=0.0)
    # Steps of unequal length: only a rate per unit of time is the equation's.
    long = np.flatnonzero(np.arange(90) % 9 == 3)
    following = cells.X[long] + cells.X[long] @ A * 0.6
    X = np.vstack([cells.X, following])
    T = sparse.lil_matrix((100, 100))
    T[:90, :90] = cells.successor
    T[long] = 0
    T[long, np.arange(90, 100)] = 1
    time = np.concatenate([cells.time, cells.time[long] + 0.6])
    found = dynamic(Cells.of(X, np.arange(12), time=time, successor=T.tocsr()), Options(n_bootstraps=0, penalty=1e-9))
    rows = np.flatnonzero(np.diff(T.tocsr().indptr))
    step = (T.tocsr() @ time - time)[rows].mean()
    rates = found.weight / X[rows].std(0)[:, None] / step
    off = ~np.eye(12, dtype=bool)
    np.testing.assert_allclose(rates[off], A[off], atol=2e-4)


def test_regulation_is_found_in_noisy_series_with_its_sign() -> None:
    rng = np.random.default_rng(1)
    A = draw_equation(rng, 25, True)
    found = dynamic(draw_series(rng, A, n_series=20, length=20, noise=0.4), FEW)
    off = ~np.eye(25, dtype=bool)
    edges = np.flatnonzero(A[off])
    best = np.argsort(-found.strength[off])[: edges.size]
    hits = np.intersect1d(best, edges)
    assert hits.size > 0.6 * edges.size
    np.testing.assert_array_equal(np.sign(found.weight[off][hits]), np.sign(A[off][hits]))
    assert found.refit is not None
    again = found.refit(0)
    assert np.corrcoef(again[off], (np.sign(found.weight) * found.strength)[off])[0, 1] > 0.8
    np.testing.assert_array_equal(found.refit(0), again)
    assert not np.array_equal(found.refit(1), again)


def test_activation_is_positive_in_destroyed_cells() -> None:
    drawn = simulate(n_cells=900, n_genes=40, n_regulators=10, n_knockouts=0, seed=3)
    counts = drawn.counts.toarray().astype(float)
    X = sparse.csr_matrix(np.log1p(counts / counts.sum(1, keepdims=True) * 1e4))
    place = {gene: i for i, gene in enumerate(drawn.genes["gene"])}
    truth = np.zeros((10, 40))
    for source, target, sign in drawn.network.select("source", "target", "sign").iter_rows():
        truth[place[source], place[target]] = sign
    for clock in ("time", "pseudotime"):
        found = dynamic(Cells.of(X, np.arange(10), time=drawn.cells[clock].to_numpy()), FEW)
        best = np.argsort(-found.strength, axis=None)[: int((truth != 0).sum())]
        hit = best[truth.ravel()[best] != 0]
        assert hit.size > 1.5 * best.size * (truth != 0).mean()
        assert (np.sign(found.weight.ravel()[hit]) == truth.ravel()[hit]).mean() > 0.9


@pytest.mark.parametrize("kind", ["series", "one series", "drifting cells", "cells", "two times", "given successors"])
def test_chance_is_left_alone(kind: str) -> None:
    early, few, n_tests = [], 0, 0
    for seed in range(3):
        rng = np.random.default_rng(seed)
        if "series" in kind:
            A = draw_equation(rng, 25, False)
            n_series, length = (8, 20) if kind == "series" else (1, 160)
            cells = draw_series(rng, A, n_series=n_series, length=length, noise=0.4)
        else:
            times, trend = (2 if kind == "two times" else 5), (1.0 if kind == "drifting cells" else 0.0)
            cells = draw_cells(rng, 300, 25, times, trend=trend)
            if kind == "given successors":
                from perturbome.ingest.regulation.methods.successors import successors

                cells = replace(cells, successor=successors(cells.X, cells.time))
        p = others(dynamic(cells, replace(FEW, seed=seed)))
        early.append((p < 0.05).mean())
        few += int((p < 0.001).sum())
        n_tests += p.size
    assert np.mean(early) < 0.09, f"{early}"
    assert few <= 0.004 * n_tests


def test_the_order_of_cells_and_of_genes_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    cells = draw_cells(rng, 200, 12, 4, trend=0.5)
    cells = replace(cells, regulators=np.arange(6))
    first = dynamic(cells, FEW)
    order, genes = rng.permutation(200), rng.permutation(12)
    moved = replace(
        cells,
        X=cells.X[order][:, genes],
        genes=tuple(cells.genes[g] for g in genes),
        regulators=np.flatnonzero(genes < 6),
        key=cells.key[order],
        time=cells.time[order],
        perturbed=cells.perturbed[order],
        control=cells.control[order],
    )
    again = dynamic(moved, FEW)
    pairs = np.ix_(genes[genes < 6], genes)
    np.testing.assert_allclose(again.strength, first.strength[pairs], rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(again.weight, first.weight[pairs], rtol=2e-3, atol=2e-4)
    assert again.refit is not None
    assert first.refit is not None
    np.testing.assert_allclose(again.refit(2), first.refit(2)[pairs], rtol=5e-3, atol=5e-3)


def test_a_gene_says_nothing_of_itself() -> None:
    found = dynamic(draw_cells(np.random.default_rng(0), 120, 8, 3, trend=1.0), FEW)
    assert (np.diag(found.strength) == 0).all()
    assert (np.diag(found.weight) == 0).all()
    assert found.p is not None
    assert (np.diag(found.p) == 1).all()


def test_one_time_is_refused_and_earlier_successors_are_left_out() -> None:
    cells = draw_cells(np.random.default_rng(0), 120, 8, 3, trend=1.0)
    still = replace(cells, time=np.zeros(120))
    assert METHODS["dynamic"].lacks(still)
    with pytest.raises(InputError, match="two time points at least, or a pseudotime"):
        dynamic(still, FEW)
    T = sparse.lil_matrix((120, 120))
    T[np.arange(40), np.arange(40, 80)] = 1
    T[80, 0] = 1
    found = dynamic(replace(cells, successor=T.tocsr()), FEW)
    assert found.said == ("1 cell left out, whose successors are not later.",)
