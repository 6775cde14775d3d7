"""A store of two data sets that share three genes, and a writer of networks with known edges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from perturbome.platform.store import Store

Edge = tuple[str, str, float]


def add_dataset(store: Store, name: str, genes: list[str], organism: str = "human") -> None:
    with store.run("ingest", name=f"ingest {name}", datasets=[name]) as run:
        run.register_genes(genes, organism=organism, dataset=name, gene_index="position")
        row = {
            "dataset": name, "organism": organism, "n_cells": 0, "n_genes": len(genes),
            "expression_unit": "log1p of counts per 10,000", "raw_state": "counts",
        }  # fmt: skip
        run.write("datasets", pl.DataFrame([row]))


def add_network(
    store: Store,
    dataset: str,
    groups: dict[tuple[str, float | None], list[Edge]],
    regulators: list[str] | None = None,
    parents: Sequence[str] = (),
    **configuration: object,
) -> str:
    """A run of regulation as an inference writes it; genes by symbol."""
    genes = {symbol: (gene, key) for gene, key, symbol in store.genes().select("gene", "key", "symbol").iter_rows()}
    rows = [
        {
            "dataset": dataset, "cell_type": cell_type, "time": time, "source": genes[source][0],
            "target": genes[target][0], "source_key": genes[source][1], "target_key": genes[target][1],
            "weight": weight, "sign": 1 if weight > 0 else -1,
        }
        for (cell_type, time), edges in groups.items() for source, target, weight in edges
    ]  # fmt: skip
    settings = {"method": "ridge", "regulators": regulators, "max_edges": 5000, **configuration}
    with store.run(
        "infer", name=f"infer regulation {dataset}", configuration=settings, datasets=[dataset], parents=parents
    ) as run:
        run.write("regulation", pl.DataFrame(rows, schema_overrides={"time": pl.Float32, "sign": pl.Int8}))
        run.metrics["groups"] = [{"n_edges": len(edges)} for edges in groups.values()]
    return run.id


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = Store(tmp_path / "store")
    add_dataset(opened, "one", ["A", "B", "C", "D"])
    add_dataset(opened, "two", ["A", "B", "C", "E"])
    return opened


@pytest.fixture
def network() -> Callable[..., str]:
    """Write a network as an inference does: store, data set, {(cell type, time): edges}, candidates, settings."""
    return add_network


@pytest.fixture
def dataset() -> Callable[..., None]:
    """Write a data set without cells: store, name, symbols, organism."""
    return add_dataset
