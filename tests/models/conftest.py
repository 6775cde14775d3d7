"""A small study whose network and effects are known, stored as ingest would store it."""

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from perturbome.models.propagation import propagate
from perturbome.platform import Perturbation, Store

N_GENES, N_REGULATORS, CONTROLS, CELLS = 60, 8, 400, 80
SYMBOLS = [f"REG{i}" for i in range(N_REGULATORS)] + [f"G{i}" for i in range(N_REGULATORS, N_GENES)]


def true_weights():
    """Each regulator drives ten genes with signs; REG0 also drives REG1, so that effects take two steps."""
    rng = np.random.default_rng(21)
    weights = np.zeros((N_GENES, N_GENES))
    for r in range(N_REGULATORS):
        goals = rng.choice(np.arange(N_REGULATORS, N_GENES), 10, replace=False)
        weights[r, goals] = rng.choice([-1, 1], 10) * rng.uniform(0.2, 0.5, 10)
    weights[0, 1] = 0.5
    return weights


def simulate(conditions, rng):
    """Cells of each condition (targets): control mean plus the propagated effect, noise, nothing below zero."""
    mean = np.full(N_GENES, 2.0)
    weights, blocks = sparse.csr_matrix(true_weights()), []
    for targets, n in conditions:
        held = np.zeros((1, N_GENES), bool)
        held[0, list(targets)] = True
        shift = propagate(weights, np.where(held, -mean, 0), held, -mean, steps=5, damping=1.0)[0]
        blocks.append(np.maximum(mean + shift + 0.5 * rng.normal(size=(n, N_GENES)), 0))
    return np.vstack(blocks).astype(np.float32)


def cell_rows(first, x, dataset, perturbation, cell_type, time):
    lists = [np.flatnonzero(row).astype(np.int32) for row in x]
    return pl.DataFrame(
        {
            "dataset": [dataset] * len(x),
            "cell": np.arange(first, first + len(x)),
            "name": [f"c{i}" for i in range(len(x))],
            "cell_type": cell_type,
            "perturbation": perturbation,
            "control": [p == "control" for p in perturbation],
            "time": pl.Series(time, dtype=pl.Float32),
            "gene_index": pl.Series([at.tolist() for at in lists], dtype=pl.List(pl.Int32)),
            "value": pl.Series([row[at].tolist() for row, at in zip(x, lists, strict=True)], dtype=pl.List(pl.Float32)),
        }
    )


def add_regulation(store, dataset, genes, sd, cell_type="all", noise=0.0, seed=0):
    """The true network in the units of the table: change of the target per SD of the regulator."""
    source, target = np.nonzero(true_weights())
    rng = np.random.default_rng(seed)
    weight = true_weights()[source, target] * sd[source] + noise * rng.normal(size=len(source))
    with store.run("infer", name="regulation", datasets=[dataset]) as run:
        run.write(
            "regulation",
            pl.DataFrame(
                {
                    "dataset": [dataset] * len(source),
                    "cell_type": [cell_type] * len(source),
                    "source": [genes["gene"][int(i)] for i in source],
                    "target": [genes["gene"][int(i)] for i in target],
                    "source_key": [genes["key"][int(i)] for i in source],
                    "target_key": [genes["key"][int(i)] for i in target],
                    "weight": weight,
                    "sign": np.sign(weight).astype(np.int8),
                    "p": np.full(len(source), 1e-8),
                    "stability": np.full(len(source), 0.95),
                }
            ),
        )
    return run.id


def build(path):
    """Control cells of two types, eight regulators knocked out, one double, a bystander, and one that failed."""
    rng = np.random.default_rng(3)
    singles = [(r,) for r in range(N_REGULATORS)]
    conditions = [((), CONTROLS), *((t, CELLS) for t in singles), ((2, 3), CELLS), ((40,), CELLS), ((50,), 2)]
    x = simulate(conditions, rng)
    names = ["control" if not t else Perturbation(tuple(SYMBOLS[i] for i in t)).id for t, _ in conditions]
    perturbation = [name for name, (_, n) in zip(names, conditions, strict=True) for _ in range(n)]
    cell_type = ["one" if i % 4 else "two" for i in range(len(x))]
    # Type 'three' has no control cells at all.
    cell_type = [
        "three" if p == "knockout:REG7" and i % 2 else t
        for i, (p, t) in enumerate(zip(perturbation, cell_type, strict=True))
    ]
    time = [float(i % 2) for i in range(len(x))]
    store = Store(path)
    with store.run("ingest", name="study", datasets=["study"]) as run:
        genes = run.register_genes(SYMBOLS, organism="human", dataset="study", gene_index="position")
        run.register_genes(["LIGAND", "LONELY"], organism="human")
        first = run.allot_cells(len(x))
        run.write("cells", cell_rows(first, x, "study", perturbation, cell_type, time))
        run.write(
            "perturbations",
            pl.DataFrame(
                {
                    "dataset": ["study"] * (len(names) - 1),
                    "perturbation": names[1:],
                    "label": ["sg" + name.split(":")[1] for name in names[1:]],
                    "mode": ["knockout"] * (len(names) - 1),
                    "targets": [[genes["gene"][i] for i in t] for t, _ in conditions[1:]],
                    "n_cells": [n for _, n in conditions[1:]],
                }
            ),
        )
        run.write(
            "datasets",
            pl.DataFrame(
                {
                    "dataset": ["study"], "organism": ["human"], "n_cells": [len(x)], "n_genes": [N_GENES],
                    "expression_unit": ["log1p of counts per 10,000"], "raw_state": ["log1p"],
                }
            ),
        )  # fmt: skip
    with store.run("ingest", name="prior") as run:
        ligand = store.find_gene("LIGAND")
        run.write(
            "priors",
            pl.DataFrame(
                {
                    "prior": ["toy"], "source": [genes["gene"][0]], "target": [ligand["gene"]],
                    "source_key": [genes["key"][0]], "target_key": [ligand["key"]], "directed": [False],
                    "sign": pl.Series([0], dtype=pl.Int8), "score": [0.9],
                }
            ),
        )  # fmt: skip
    regulation = add_regulation(store, "study", genes, x.std(axis=0, ddof=1), noise=0.01)
    return store, regulation


@pytest.fixture(scope="session")
def shared_study(tmp_path_factory):
    """The study, for tests that only read."""
    return build(tmp_path_factory.mktemp("models") / "study")[0]


@pytest.fixture
def study(tmp_path):
    """A study of its own, for tests that write."""
    return build(tmp_path / "study")[0]
