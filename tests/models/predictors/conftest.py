"""Simulated screens whose effects are known: linear in hidden features of the perturbed genes; cells are noisy."""

import numpy as np
import pytest

from perturbome.models.data import Split, from_arrays

N_GENES, N_HIDDEN = 30, 3
GENES = [f"G{i:02d}" for i in range(N_GENES)]


def hidden_features(seed=0):
    """What really decides a knock-out's effect [n_genes, n_hidden]."""
    return np.random.default_rng(seed).normal(size=(N_GENES, N_HIDDEN))


def true_effects(contexts, seed=0, share=0.7, common=0.5):
    """Effect of every gene's knock-out in every context [n_contexts, n_genes, n_genes]: features times loadings."""
    rng = np.random.default_rng(seed + 1)
    mean, shared = common * rng.normal(size=N_GENES), rng.normal(size=(N_HIDDEN, N_GENES))
    own = rng.normal(size=(contexts, N_HIDDEN, N_GENES))
    return mean + 0.4 * hidden_features(seed) @ (share * shared + (1 - share) * own)


def simulate(what, types=("A549",), noise=0.5, cells=20, seed=0, share=0.7, common=0.5, effects=None):
    """Cells of each condition (tuples of gene numbers; () is control, with four times the cells) in each type."""
    effects = true_effects(len(types), seed, share, common) if effects is None else effects
    rng = np.random.default_rng(seed + 2)
    x, perturbation, cell_type = [], [], []
    for c, kind in enumerate(types):
        for targets in what:
            n = cells if targets else 4 * cells
            mean = 5.0 + effects[c, list(targets)].sum(axis=0)
            x.append(mean + noise * rng.normal(size=(n, N_GENES)))
            label = "knockout:" + "+".join(GENES[t] for t in targets) if targets else "control"
            perturbation += [label] * n
            cell_type += [kind] * n
    return {
        "x": np.vstack(x), "perturbation": perturbation, "genes": GENES, "cell_type": cell_type,
        "names": [f"cell{i}" for i in range(len(perturbation))], "n_genes": None,
    }  # fmt: skip


def divided(arguments, held, validation=()):
    """The data with the conditions `held` picks by their names as its test."""
    data = from_arrays(**arguments)
    test = [n for n in data.names if held(n)]
    spare = [n for n in data.names if n in validation]
    train = [n for n in data.names if n not in test and n not in spare]
    return data.with_split(Split("told", "given", train, spare, test))


@pytest.fixture
def singles():
    """Twenty singles of one cell type, of which five are tested."""
    arguments = simulate([(), *((i,) for i in range(20))])
    return divided(arguments, lambda name: name[9:12] in {"G15", "G16", "G17", "G18", "G19"})


@pytest.fixture
def doubles():
    """Eight singles and six doubles; tested: three doubles, of which one lacks a single, one both."""
    pairs = [(0, 1), (2, 3), (4, 5), (6, 7), (0, 20), (20, 21)]
    arguments = simulate([(), *((i,) for i in range(8)), *pairs])
    tested = {"knockout:G00+G01::A549", "knockout:G00+G20::A549", "knockout:G20+G21::A549"}
    return divided(arguments, lambda name: name in tested)


@pytest.fixture
def transfer():
    """Twelve singles in two cell types; those numbered 8 to 11 are tested in K562."""
    arguments = simulate([(), *((i,) for i in range(12))], ("A549", "K562"))
    tested = {f"knockout:{GENES[i]}::K562" for i in range(8, 12)}
    return divided(arguments, lambda name: name in tested)
