"""Simulated screens whose true effects are known, split into training and test, and predictions of them."""

import numpy as np
import pytest

from perturbome.models.data import Split, from_arrays
from perturbome.models.predictors import Predicted

N_GENES = 60
GENES = [f"G{i:02d}" for i in range(N_GENES)]


def true_effects(n, seed=0, size=0.5):
    """Effect of the knock-out of each of the first n genes [n, n_genes]: a shared part and an own one."""
    rng = np.random.default_rng(seed)
    return size * (rng.normal(size=N_GENES) + rng.normal(size=(n, N_GENES)))


def screen(
    n=24, types=("A549", "K562"), cells=20, noise=0.5, seed=0, size=0.5, effects=None, mode="knockout", **options
):  # fmt: skip
    """n knock-outs in each cell type, a third of them tested; the effects are the same in all types."""
    rng = np.random.default_rng(seed + 1)
    effects = true_effects(n, seed, size) if effects is None else effects
    base = 0.5 * np.random.default_rng(99).normal(size=(len(types), N_GENES))  # the same for any seed
    x, what, kinds = [], [], []
    for c, kind in enumerate(types):
        for target in (None, *range(n)):
            many = cells if target is not None else 6 * cells
            mean = 6 + base[c] + (effects[target] if target is not None else 0)
            x.append(mean + noise * rng.normal(size=(many, N_GENES)))
            what += ["control" if target is None else f"{mode}:{GENES[target]}"] * many
            kinds += [kind] * many
    data = from_arrays(
        np.vstack(x), what, GENES, cell_type=kinds, names=[f"cell{i}" for i in range(len(what))], n_genes=None,
        seed=seed, **options,
    )  # fmt: skip
    test = [name for name in data.names if int(name.split("G")[1][:2]) % 3 == 0]
    train = [name for name in data.names if name not in test]
    return data.with_split(Split("told", "given", train, (), test))


def prediction(data, delta, **more):
    """A prediction of the test conditions; `delta` [n, n_genes] or one change for all."""
    conditions = data.test.conditions
    delta = np.broadcast_to(delta, (len(conditions), len(data.genes))).copy()
    return Predicted(conditions, delta, None, ("told",) * len(conditions), **more)


def true_change(data, effects):
    """The true effect of each test condition [n, n_genes]."""
    return np.array([effects[int(c.targets[0][1:])] for c in data.test.conditions])


@pytest.fixture(scope="session")
def data():
    """Two cell types, 24 knock-outs, 16 test conditions; single cells are held."""
    return screen()
