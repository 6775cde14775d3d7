"""A small slice every test of slices can draw by hand.

time 0:  A -T-> B (0.5)   A -B-> C (-1.0)
time 1:  B -T-> C (2.0)   C -T-> A (0.25)
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from perturbome.platform.lake import Lake, RunWriter
from perturbome.platform.slices.assemble import assemble
from perturbome.platform.slices.slice import GraphSlice

GENES = [f"G{i}" for i in range(12)]


def regulation(
    seed: int, n: int, genes: pl.DataFrame, dataset: str = "d", times: tuple[float | None, ...] = (0.0, 1.0, 2.5)
) -> pl.DataFrame:
    """n random rows of the table `regulation`, sorted as a writer sorts them."""
    rng = np.random.default_rng(seed)
    source, target = rng.integers(0, genes.height, (2, n))
    rows = pl.DataFrame(
        {
            "dataset": dataset,
            "cell_type": pl.Series([("T", "B", None)[i] for i in rng.integers(0, 3, n)], dtype=pl.String),
            "time": pl.Series([times[i] for i in rng.integers(0, len(times), n)], dtype=pl.Float32),
            "source": genes["gene"].gather(source),
            "target": genes["gene"].gather(target),
            "source_key": genes["key"].gather(source),
            "target_key": genes["key"].gather(target),
            "weight": rng.normal(size=n).astype(np.float32),
            "sign": rng.choice([-1, 0, 1], n).astype(np.int8),
            "p": pl.Series(rng.random(n).astype(np.float32)),
            "stability": pl.Series([None if v < 0.1 else v for v in rng.random(n).tolist()], dtype=pl.Float32),
        }
    )
    return rows.sort("time", "source_key", "target_key", nulls_last=True)


def write_regulation(lake: Lake, *seeds: int, n: int = 200, **rows: object) -> pl.DataFrame:
    """One run per seed; returns all rows with their run."""
    written = []
    for seed in seeds:
        with RunWriter(lake, "infer", name=f"seed {seed}") as run:
            run.register_genes(["unused"], organism="human")
            genes = run.register_genes(GENES, organism="human")
            frame = regulation(seed, n, genes, **rows)  # type: ignore[arg-type]
            run.write("regulation", frame)
        written.append(frame.with_columns(run=pl.lit(run.id)))
    return pl.concat(written)


def write_priors(lake: Lake, seed: int = 0, n: int = 80) -> pl.DataFrame:
    """Edges of two priors; returns the rows."""
    rng = np.random.default_rng(seed)
    with RunWriter(lake, "ingest") as run:
        genes = run.register_genes(GENES, organism="human")
        source, target = rng.integers(0, len(GENES), (2, n))
        frame = pl.DataFrame(
            {
                "prior": rng.choice(["string", "trrust"], n),
                "source": genes["gene"].gather(source),
                "target": genes["gene"].gather(target),
                "source_key": genes["key"].gather(source),
                "target_key": genes["key"].gather(target),
                "directed": rng.random(n) < 0.5,
                "sign": rng.choice([-1, 0, 1], n).astype(np.int8),
                "score": rng.random(n).astype(np.float32),
                "textmining": rng.random(n).astype(np.float32),
            }
        )
        run.write("priors", frame)
    return frame


def write_transitions(lake: Lake, seed: int = 0, n: int = 60) -> pl.DataFrame:
    """Edges between cells 0..19; returns the rows."""
    rng = np.random.default_rng(seed)
    with RunWriter(lake, "infer") as run:
        run.allot_cells(20)
        start = rng.integers(0, 3, n).astype(np.float32)
        frame = pl.DataFrame(
            {
                "dataset": "d",
                "source": rng.integers(0, 20, n),
                "target": rng.integers(0, 20, n),
                "weight": rng.random(n).astype(np.float32),
                "source_time": start,
                "target_time": start + 1,
            }
        ).sort("source_time", "source", "target")
        cells = pl.DataFrame(
            {
                "dataset": "d", "cell": np.arange(20), "name": [f"c{i}" for i in range(20)], "control": True,
                "gene_index": [[0]] * 20, "value": [[1.0]] * 20,
            }
        )  # fmt: skip
        run.write("cells", cells)
        run.write("transitions", frame)
    return frame


def write_neighbours(lake: Lake, seed: int = 0, n: int = 40) -> pl.DataFrame:
    """Pairs of the cells 0..19, half of them without a time; returns the rows."""
    rng = np.random.default_rng(seed)
    pair = rng.choice(190, n, replace=False)
    source, target = (ends[pair] for ends in np.triu_indices(20, 1))
    time = np.where(rng.random(n) < 0.5, np.nan, 1.0).astype(np.float32)
    columns = {"dataset": "d", "source": source, "target": target, "distance": rng.random(n).astype(np.float32)}
    frame = pl.DataFrame(columns).with_columns(weight=1 - pl.col("distance"), source_time=time, target_time=time)
    frame = frame.fill_nan(None).sort("source_time", "source", "target", nulls_last=True)
    with RunWriter(lake, "infer") as run:
        run.write("neighbours", frame)
    return frame


@pytest.fixture
def small() -> GraphSlice:
    """Four edges between genes A, B and C (keys 2, 5, 9), two relations, two times."""
    names = np.full(10, None, object)
    names[[2, 5, 9]] = ["A", "B", "C"]
    return assemble(
        np.array([2, 2, 5, 9]),
        np.array([5, 9, 9, 2]),
        np.array([0.5, -1.0, 2.0, 0.25], np.float32),
        names.take,
        time=np.array([0, 0, 1, 1], np.float32),
        relation=np.array([0, 1, 0, 0]),
        relation_names=("T cell", "B cell"),
        edge_features={"sign": np.array([1, -1, 1, 1], np.float32)},
    )


@pytest.fixture
def lakes() -> SimpleNamespace:
    """Writers of lakes with known edges, as an ingest or an inference writes them."""
    return SimpleNamespace(
        GENES=GENES,
        new=lambda folder: Lake(folder / "lake"),
        regulation=regulation,
        write_regulation=write_regulation,
        write_priors=write_priors,
        write_transitions=write_transitions,
        write_neighbours=write_neighbours,
    )
