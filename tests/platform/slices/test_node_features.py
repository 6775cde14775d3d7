"""Vectors find their nodes: at a time, the latest up to it, or nowhere, and then the mask says so."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from perturbome.platform.errors import InputError, NothingFound, UnknownName
from perturbome.platform.lake import Lake, RunWriter
from perturbome.platform.slices.node_features import NodeFeatures, read_features
from perturbome.platform.slices.slice import GraphSlice

NONE = float("nan")


def features(*rows: tuple[int, float, str], node_kind: str = "gene") -> NodeFeatures:
    """Rows (key, time, cell type); the vector of row i is [i, -i]."""
    keys, times, kinds = zip(*rows, strict=True)
    vectors = np.arange(len(rows), dtype=np.float32)[:, None] * [1, -1]
    return NodeFeatures(
        node_kind, np.array(keys), np.array(times, np.float32), np.array(kinds, object), vectors.astype(np.float32),
        ("up", "down"), "a run",
    )  # fmt: skip


SOME = features((5, 1.0, "T"), (2, 0.0, "T"), (2, 3.0, "T"), (9, 1.0, "T"), (5, 0.0, "T"))


def firsts(found: tuple[np.ndarray, np.ndarray]) -> list:
    """First entries where there is a vector, else None."""
    values, present = found
    assert (values[~present] == 0).all()
    assert (values[..., 1] == -values[..., 0]).all()
    return np.where(present, values[..., 0], None).tolist()


def test_exactly_at_a_time() -> None:
    assert firsts(SOME.of(np.array([2, 5, 7, 9]), [0.0, 1.0, 3.0])) == [
        [1, None, 2],
        [4, 0, None],
        [None, None, None],
        [None, 3, None],
    ]


def test_the_latest_up_to_a_time() -> None:
    assert firsts(SOME.of(np.array([9, 2, 5]), [-1.0, 0.0, 2.0, 9.0], latest=True)) == [
        [None, None, 3, 3],
        [None, 1, 1, 2],
        [None, 4, 0, 0],
    ]


def test_nothing_later_is_ever_looked_up() -> None:
    rng = np.random.default_rng(0)
    rows = {(int(k), float(t)) for k, t in zip(rng.integers(0, 20, 80), rng.integers(0, 9, 80), strict=True)}
    some = features(*((k, t, "T") for k, t in rows))
    _, present = some.of(np.arange(25), list(range(9)), latest=True)
    for key in range(25):
        for time in range(9):
            assert present[key, time] == any(k == key and t <= time for k, t in rows)


def test_the_order_of_rows_changes_nothing() -> None:
    order = np.random.default_rng(1).permutation(5)
    shuffled = NodeFeatures(
        "gene", SOME.keys[order], SOME.time[order], SOME.cell_type[order], SOME.vectors[order], SOME.entries, SOME.run
    )
    for latest in (False, True):
        for one, other in zip(
            SOME.of(np.arange(12), [0.0, 1.5, 3.0], latest=latest),
            shuffled.of(np.arange(12), [0.0, 1.5, 3.0], latest=latest), strict=True,
        ):  # fmt: skip
            np.testing.assert_array_equal(one, other)


def test_a_vector_without_a_time_holds_at_every_time() -> None:
    some = features((1, NONE, "T"), (2, NONE, "T"), (2, 4.0, "T"))
    assert firsts(some.of(np.array([1, 2]), [0.0, 4.0])) == [[0, 0], [1, 2]]
    assert firsts(features((1, NONE, "T"), (3, 2.0, "T")).of(np.array([1, 2, 3]))) == [0, None, 1]


def test_several_times_or_cell_types_must_be_chosen_from() -> None:
    with pytest.raises(InputError, match=r"several times \(0, 1, 3\): say at which"):
        SOME.of(np.array([2]))
    with pytest.raises(InputError, match=r"2 cell types \(B, T\): read those of one"):
        features((1, 0.0, "T"), (1, 0.0, "B")).of(np.array([1]), [0.0])
    cells = features((1, 0.0, "T"), (2, 6.0, "B"), node_kind="cell")
    assert firsts(cells.of(np.array([2, 1, 3]))) == [1, 0, None]


def test_no_features_at_that_time_is_nothing_there() -> None:
    values, present = SOME.of(np.array([2, 5]), [-5.0])
    assert not present.any()
    assert values.shape == (2, 1, 2)


def test_attached_to_a_slice(small: GraphSlice) -> None:
    found, present = SOME.attach(small, 1.0)
    assert found.node_features is not None
    assert found.node_features.tolist() == [[0, 0], [0, 0], [3, -3]]  # nodes 2, 5, 9
    assert present.tolist() == [False, True, True]
    assert found.equals(found)
    assert small.node_features is None
    latest, there = SOME.attach(small, 1.0, latest=True)
    assert there.all()
    assert latest.between(["A", "C"]).node_features.tolist() == [[1, -1], [3, -3]]  # type: ignore[union-attr]
    with pytest.raises(InputError, match="The slice is of genes and the features of run a run are of cells"):
        features((2, 0.0, "T"), node_kind="cell").attach(small)


def test_read_from_the_lake(tmp_path: Path, lakes: SimpleNamespace) -> None:
    lake: Lake = lakes.new(tmp_path)
    rows = pl.DataFrame(
        {
            "dataset": "d", "node_kind": "gene", "key": [1, 1, 2], "gene": ["a", "a", "b"],
            "cell_type": ["T", "B", "T"], "time": pl.Series([0.0, 0.0, None], dtype=pl.Float32),
            "vector": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
        }
    )  # fmt: skip
    with RunWriter(lake, "infer", name="infer features d", configuration={"entries": ["x", "y"]}) as run:
        run.write("features", rows)
    found = read_features(lake, run.id[:-1], "T")
    assert found.entries == ("x", "y")
    values, present = found.of(np.array([1, 2, 3]), [0.0])
    assert values[:, 0].tolist() == [[1, 2], [5, 6], [0, 0]]
    assert present[:, 0].tolist() == [True, True, False]
    assert repr(read_features(lake, run.id)) == "NodeFeatures(3 vectors of 2 entries, of genes)"
    with pytest.raises(UnknownName, match="No cell type 'NK' in the features of run"):
        read_features(lake, run.id, "NK")
    with RunWriter(lake, "infer", name="other") as other:
        other.metrics["n"] = 1
    with pytest.raises(NothingFound, match=rf"holds no features. Runs that do: {run.id} \(infer features d\)"):
        read_features(lake, other.id)
