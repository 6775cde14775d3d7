"""What a consensus should count: members, equal votes and weights of causal evidence on simulated knock-out screens.

The networks are drawn here and in perturbome's simulator; no gold standard is looked at, so that the weights of
`consensus.WEIGHTS`, which were chosen so, can be judged on those.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import numpy as np
from benchmarks._machine import row, save
from benchmarks._ranking import aupr
from numpy.typing import NDArray
from scipy import stats

from perturbome.ingest.regulation.method import Cells, Options
from perturbome.ingest.regulation.methods import consensus
from perturbome.ingest.regulation.registry import METHODS
from perturbome.ingest.simulation.experiment import simulate
from perturbome.platform.hashing import name_hashes

Set = tuple[str, Cells, NDArray[np.bool_]]
SEEDS = 3
OPTIONS = Options(n_bootstraps=0, n_trees=100)
MEMBERS = ("ridge", "trees", "interventional")
WEIGHTS = (1.0, 2.0, 4.0, 8.0)
USED = consensus.WEIGHTS["intervention"]
LINEAR = {  # cells of each knock-out, genes knocked out, control cells, noise of a measurement
    "linear, 100 knock-outs of 20 cells": (20, 100, 200, 0.5),
    "linear, 25 knock-outs of 60 cells": (60, 25, 500, 0.5),
    "linear, 100 knock-outs of one sample": (1, 100, 8, 0.15),
}
OURS = {
    "simulator, 20 knock-outs": {"n_cells": 2000, "n_knockouts": 20},
    "simulator, all regulators": {"n_cells": 2500, "n_knockouts": 30, "control_share": 0.15},
    "simulator, few cells": {"n_cells": 600, "n_knockouts": 20},
}


def linear_screen(per: int, n_aimed: int, n_control: int, noise: float, seed: int, n_genes: int = 100) -> Set:
    """Cells of a linear network x = B'x + e near its steady state; a knock-out holds its gene 2 below its mean."""
    rng = np.random.default_rng((seed, per, n_aimed))
    wired = rng.random((n_genes, n_genes)) < 2.5 / n_genes
    np.fill_diagonal(wired, False)
    B = wired * rng.choice([-1.0, 1.0], wired.shape) * rng.uniform(0.3, 0.9, wired.shape)
    B *= min(1.0, 0.8 / max(np.abs(np.linalg.eigvals(B)).max(), 1e-9))
    aimed = np.sort(rng.permutation(n_genes)[:n_aimed])
    parts, who = [], []
    for gene in (-1, *aimed):
        n = n_control if gene < 0 else per
        held = B.copy()
        driven = rng.normal(size=(n, n_genes))
        if gene >= 0:
            held[:, gene] = 0
            driven[:, gene] = -2.0
        parts.append(np.linalg.solve((np.eye(n_genes) - held).T, driven.T).T)
        who += [gene] * n
    x = np.vstack(parts)
    x += noise * x.std(0) * rng.normal(size=x.shape)
    perturbed = np.array(who)[:, None] == aimed[None]
    return "", Cells.of(x, np.arange(n_genes), perturbed=perturbed, aimed=aimed), wired


def our_screen(seed: int, **design: Any) -> Set:
    """Cells of perturbome's own simulator (counts, branching, drop-outs) in log1p of counts per 10,000."""
    made = simulate(n_genes=120, n_regulators=30, n_times=1, seed=20 + seed, **design)
    counts = made.counts.toarray().astype(float)
    x = np.log1p(counts / np.maximum(counts.sum(1, keepdims=True), 1) * 1e4)
    genes = made.genes["gene"].to_list()
    who = made.cells["perturbation"].to_numpy()
    aims = sorted(set(who) - {"control"})
    wired = np.zeros((len(genes), len(genes)), bool)
    for a, b in made.network.select("source", "target").iter_rows():
        wired[genes.index(a), genes.index(b)] = True
    regulators = np.flatnonzero(made.genes["regulator"].to_numpy())
    cells = Cells.of(
        x, regulators, genes=genes, key=name_hashes(made.cells["name"].to_numpy()),
        perturbed=np.stack([who == aim for aim in aims], 1), aimed=np.array([genes.index(aim) for aim in aims]),
    )  # fmt: skip
    return "", cells, wired[regulators]


def sets() -> Iterator[Set]:
    """Every screen with its name and true edges [p, G]."""
    for seed in range(SEEDS):
        for name, linear in LINEAR.items():
            yield (name, *linear_screen(*linear, seed)[1:])
        for name, design in OURS.items():
            yield (name, *our_screen(seed, **design)[1:])


def scores(cells: Cells, wired: NDArray[np.bool_]) -> dict[str, float]:
    """AUPR of each member and of each way to combine them, over all pairs of a regulator and another gene."""
    own = np.arange(cells.regulators.size), cells.regulators
    asked = np.ones(wired.shape, bool)
    asked[own] = False
    found = {name: METHODS[name](cells, OPTIONS) for name in MEMBERS}
    ranked = {name: e.strength for name, e in found.items()}
    ranks = [stats.rankdata(e.strength, nan_policy="omit").reshape(wired.shape) for e in found.values()]
    ranked["average rank"] = np.nanmean([r / np.nanmax(r) for r in ranks], 0)
    for weight in WEIGHTS:
        with patch.dict(consensus.WEIGHTS, {"intervention": weight}):
            ranked[f"interventions count {weight:g}"] = consensus.combined(found, cells).strength
            if weight == USED:
                strong = {m: e for m, e in found.items() if m != "interventional" or consensus.any_significant(e.p)}
                ranked["consensus"] = consensus.combined(strong, cells).strength
    return {name: aupr(np.nan_to_num(r, nan=-1.0)[asked], wired[asked]) for name, r in ranked.items()}


def main() -> None:
    lines = []
    for name, cells, wired in sets():
        lines.append({"set": name, **scores(cells, wired)})
        print({k: v if isinstance(v, str) else round(v, 3) for k, v in lines[-1].items()}, flush=True)
    mean = {name: float(np.mean([line[name] for line in lines])) for name in lines[0] if name != "set"}
    ours, rival = mean["consensus"], mean["average rank"]
    rows = [
        row(f"Consensus on {len(lines)} simulated knock-out screens, mean AUPR", f"{ours:.3f}", "more than the rivals",
            ours > rival and ours > mean["interventional"],
            f"{rival:.3f}, average rank; {mean['interventional']:.3f}, interventional alone")
    ]  # fmt: skip
    save("consensus", {"scores": lines, "mean": mean, "rows": rows})


if __name__ == "__main__":
    main()
