"""A store with a small regulation, two priors and one data set.

STAT1 -> IRF1 (+0.9), STAT1 -| MYC (-0.5), MYC -> MYC (0.2) at times 0 and 1; prior "toy" has STAT1 -> IRF1 directed,
prior "ppi" has IRF1 - MYC without direction.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from perturbome.platform.store import Store

SYMBOLS = ["STAT1", "IRF1", "MYC"]
ENSEMBL = ["ENSG00000115415", "ENSG00000125347", "ENSG00000136997"]


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of all tests here, written once."""
    folder = tmp_path_factory.mktemp("exports") / "store"
    with Store(folder) as opened:
        fill(opened)
    return folder


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Iterator[Store]:
    """A copy of it."""
    with Store(shutil.copytree(filled, tmp_path / "store")) as opened:
        yield opened


def fill(store: Store) -> None:
    """Write the runs of the fixture."""
    with store.run("ingest", name="exp", datasets=["exp"]) as run:
        run.register_genes(SYMBOLS, organism="human", ensembl=ENSEMBL, dataset="exp", gene_index="position")
        first = run.allot_cells(4)
        run.write("datasets", pl.DataFrame({
            "dataset": ["exp"], "organism": ["human"], "n_cells": [4], "n_genes": [3],
            "expression_unit": ["log1p of counts per 10,000"], "raw_state": ["counts"],
        }))  # fmt: skip
        run.write("cells", pl.DataFrame({
            "dataset": "exp", "cell": [first + i for i in range(4)], "name": ["a", "b", "c", "c"],
            "cell_type": ["T", "T", "B", "B"], "perturbation": ["control", "knockout:STAT1", "control", "control"],
            "control": [True, False, True, True], "time": [0.0, 1.0, 0.0, 1.0], "x": [0.0, 1.0, 2.0, 3.0],
            "y": [5.0, 6.0, 7.0, 8.0], "gene_index": [[0, 2], [1], [], [0, 1, 2]],
            "value": [[1.5, 2.5], [0.25], [], [1.0, 2.0, 3.0]],
        }))  # fmt: skip
    for name, source, target, directed, sign, score in (
        ("toy", "STAT1", "IRF1", True, 1, 1.0),
        ("ppi", "IRF1", "MYC", False, 0, 0.8),
    ):
        with store.run("ingest", name=f"prior {name}", configuration={"prior": name}) as run:
            genes = run.register_genes([source, target], organism="human")
            run.write("priors", pl.DataFrame({
                "prior": [name], "source": genes["gene"][:1], "target": genes["gene"][1:],
                "source_key": genes["key"][:1], "target_key": genes["key"][1:], "directed": [directed],
                "sign": [sign], "score": [score], "evidence": ['PMID 1 <&"> \x01'],
            }))  # fmt: skip
    infer(store, 1.0)


def infer(store: Store, factor: float) -> str:
    """A run of regulation, its weights times `factor`."""
    with store.run("infer", name="regulation", datasets=["exp"]) as run:
        genes = run.register_genes(SYMBOLS, organism="human")
        ends = [(0, 1, 0.9, 1, 0.0), (0, 2, -0.5, -1, 0.0), (2, 2, 0.2, 1, 0.0), (0, 1, 0.7, 1, 1.0)]
        run.write("regulation", pl.DataFrame({
            "dataset": "exp", "cell_type": "T", "time": [e[4] for e in ends],
            "source": [genes["gene"][e[0]] for e in ends], "target": [genes["gene"][e[1]] for e in ends],
            "source_key": [genes["key"][e[0]] for e in ends], "target_key": [genes["key"][e[1]] for e in ends],
            "weight": [e[2] * factor for e in ends], "sign": [e[3] for e in ends], "stability": [0.5, 1.0, None, 0.9],
        }))  # fmt: skip
    return run.id
