"""A network by ridge in closed form, against scikit-learn's Ridge, RidgeCV and extra trees, target by target."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from benchmarks._machine import row, save
from benchmarks._measure import interleaved, speed_ratio, told
from scipy import sparse

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods.ridge import ridge
from perturbome.ingest.regulation.ridge import PENALTIES
from perturbome.ingest.regulation.threads import small_products

N_CELLS, N_GENES, N_REGULATORS = 5_000, 2_000, 300
DENSITY = 0.1
N_TREES = 500
ROUNDS = 5
GOALS = {"Ridge": 50, "extra trees": 500}
SAMPLED = {"Ridge": 60, "RidgeCV": 6, "extra trees": 4}
"""Targets that scikit-learn is timed on, every 1 in so many of all; its time is that per target, times all targets."""
SAMPLED_TREES = 20
"""Trees that are timed, of 500: a forest's time is that of its trees."""


def screen(seed: int = 0) -> Cells:
    """Log-normalised counts, a tenth of them not zero; every gene follows three of the first 300."""
    rng = np.random.default_rng(seed)
    level = rng.normal(size=(N_CELLS, N_GENES))
    strength = np.zeros((N_REGULATORS, N_GENES))
    for target in range(N_REGULATORS, N_GENES):
        strength[rng.choice(N_REGULATORS, 3, replace=False), target] = rng.normal(size=3)
    level += level[:, :N_REGULATORS] @ strength
    level -= np.quantile(level, 1 - DENSITY, axis=0)
    X = np.log1p(np.maximum(level, 0) * 10).astype(np.float32)
    return Cells.of(sparse.csr_matrix(X), np.arange(N_REGULATORS))


def main() -> None:
    from sklearn.ensemble import ExtraTreesRegressor
    from sklearn.linear_model import Ridge, RidgeCV

    cells = screen()
    dense = cells.X.toarray().astype(np.float64)
    Z = (dense - dense.mean(0)) / dense.std(0)  # what scikit-learn is given; making it is not timed
    X = Z[:, :N_REGULATORS].astype(np.float32)
    penalty = ridge(cells, Options(n_bootstraps=0)).penalty
    targets = {name: np.linspace(0, N_GENES - 1, n).astype(int) for name, n in SAMPLED.items()}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

    def others(target: int) -> np.ndarray:
        return np.delete(np.arange(N_REGULATORS), target) if target < N_REGULATORS else np.arange(N_REGULATORS)

    def one_by_one(make: Callable[[], Any], name: str, features: np.ndarray) -> list[Any]:
        """Models of the sampled targets, as many at once as there are cores, BLAS on one thread each: its best case."""
        with small_products(), ThreadPoolExecutor(cores) as workers:
            return list(workers.map(lambda j: make().fit(features[:, others(j)], Z[:, j]), targets[name]))

    def forest() -> ExtraTreesRegressor:
        return ExtraTreesRegressor(SAMPLED_TREES, max_features="sqrt", random_state=0)

    ways = {
        "ours, penalty given": lambda: ridge(cells, Options(n_bootstraps=0, penalty=penalty)),
        "ours, penalty chosen": lambda: ridge(cells, Options(n_bootstraps=0)),
        "Ridge": lambda: one_by_one(lambda: Ridge(alpha=penalty * N_CELLS), "Ridge", Z),
        "RidgeCV": lambda: one_by_one(lambda: RidgeCV(alphas=np.array(PENALTIES) * N_CELLS), "RidgeCV", Z),
        "extra trees": lambda: one_by_one(forest, "extra trees", X),
        "Ridge, all targets at once": lambda: Ridge(alpha=penalty * N_CELLS).fit(Z[:, :N_REGULATORS], Z),
    }
    last = targets["Ridge"][-1]
    mine = ways["ours, penalty given"]().weight[:, last] / dense[:, last].std()
    np.testing.assert_allclose(ways["Ridge"]()[-1].coef_, mine, atol=1e-4)  # the same coefficients, so the same work

    seconds = interleaved(ways, ROUNDS)
    whole = dict(seconds)
    for name, sampled in targets.items():
        whole[name] = seconds[name] * N_GENES / sampled.size
    whole["extra trees"] *= N_TREES / SAMPLED_TREES
    against = {
        "Ridge": "ours, penalty given", "RidgeCV": "ours, penalty chosen", "extra trees": "ours, penalty chosen",
        "Ridge, all targets at once": "ours, penalty given",
    }  # fmt: skip
    ratios = {name: speed_ratio(whole[ours], whole[name]) for name, ours in against.items()}
    size = f"{N_CELLS:,} cells x {N_GENES:,} genes x {N_REGULATORS} regulators"
    rows = []
    for name, ours in against.items():
        theirs, goal = float(np.median(whole[name])), GOALS.get(name)
        how = "one target at a time (extrapolated)" if name in targets else "without p, genes on themselves as well"
        rows.append(
            row(
                f"Network of {size}, ridge with p", f"{np.median(whole[ours]):.2f} s", f"{goal} x" if goal else "",
                ratios[name]["median"] >= goal if goal else None,
                f"{theirs:,.{0 if theirs > 10 else 2}f} s, scikit-learn's {name}, {how}", told(ratios[name]),
            )
        )  # fmt: skip
    save(
        "inference",
        {
            "cells": N_CELLS, "genes": N_GENES, "regulators": N_REGULATORS, "density": DENSITY, "rounds": ROUNDS,
            "penalty": penalty, "cores": cores, "median_seconds": {k: float(np.median(v)) for k, v in whole.items()},
            "speed_over_rival": ratios, "trees": N_TREES,
            "extrapolated": "scikit-learn was timed on the targets given here, evenly spaced over all (so 15 % of them "
            f"regulators), and its time taken times all targets; of extra trees {SAMPLED_TREES} were timed and "
            f"taken times {N_TREES // SAMPLED_TREES}.",
            "targets_timed": {name: sampled.size for name, sampled in targets.items()},
            "not_timed_for_scikit_learn": "standardised dense expression, which it is handed ready",
            "rows": rows,
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
