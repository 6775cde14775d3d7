"""Simulated screens in memory: two cell types, single and double knock-outs, doses, one condition of three cells."""

import numpy as np
import pytest

from perturbome.models.data import from_arrays

N_GENES = 60
GENES = [f"G{i:02d}" for i in range(N_GENES)]
WHAT = [
    ("control", 60), ("knockout:G01", 25), ("knockout:G02", 25), ("knockout:G03", 25), ("knockout:G04", 25),
    ("knockout:G01+G02", 20), ("knockout:G03+G05", 20), ("compound:JQ1@0.1", 15), ("compound:JQ1@1", 15),
    ("compound:JQ1@10", 15), ("knockout:G06", 3),
]  # fmt: skip


def simulate(seed=0, types=("A549", "K562"), what=WHAT):
    """x [n_cells, n_genes] log1p counts, and what is said of each cell."""
    rng = np.random.default_rng(seed)
    x, perturbation, cell_type = [], [], []
    for kind in types:
        base = rng.gamma(2.0, 1.5, N_GENES)
        for label, n in what:
            factor = np.exp(0.6 * rng.normal(size=N_GENES) * (rng.random(N_GENES) < 0.3)) if label != "control" else 1.0
            x.append(rng.poisson(base * factor * rng.gamma(8, 1 / 8, (n, 1))))
            perturbation += [label] * n
            cell_type += [kind] * n
    return {
        "x": np.log1p(np.vstack(x)).astype(np.float32), "perturbation": perturbation, "genes": GENES,
        "cell_type": cell_type, "names": [f"cell{i}" for i in range(len(perturbation))],
    }  # fmt: skip


@pytest.fixture
def screen():
    """The arguments of `from_arrays`, to be changed and handed on."""
    return simulate()


@pytest.fixture
def data():
    """The data itself, all genes."""
    return from_arrays(**simulate(), n_genes=None)
