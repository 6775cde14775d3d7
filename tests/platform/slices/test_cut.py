"""Cutting from the lake against a plain filter of the rows that were written."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from perturbome.platform.errors import InputError, MissingColumn, UnknownName
from perturbome.platform.lake import Lake, RunWriter
from perturbome.platform.slices import GraphSlice, cut


def edges(s: GraphSlice) -> list[tuple[object, ...]]:
    """Every edge in words: time, source, target, relation, weight."""
    time = [None] * s.num_edges if s.time is None else [None if np.isnan(t) else t for t in s.time.tolist()]
    source, target = s.nodes[s.edge_index].tolist()
    names = [s.relation_names[c] for c in s.codes]
    return list(zip(time, source, target, names, s.weight.tolist(), strict=True))


def expected(rows: pl.DataFrame, relation: str = "cell_type") -> list[tuple[object, ...]]:
    """The rows in the same words and in canonical order; gene keys ascend with `source_key`."""
    ordered = rows.with_columns(pl.col(relation).fill_null("all")).sort(
        "time", "source_key", "target_key", relation, "weight", nulls_last=True
    )
    return ordered.select("time", "source", "target", relation, "weight").rows()


@pytest.fixture
def lake(lakes: SimpleNamespace, tmp_path: Path) -> Lake:
    return lakes.new(tmp_path)


@pytest.mark.parametrize(
    ("predicate", "where"),
    [
        ({}, pl.lit(True)),
        ({"cell_types": "T"}, pl.col("cell_type") == "T"),
        ({"cell_types": ["T", "B"]}, pl.col("cell_type").is_in(["T", "B"])),
        ({"dataset": "other"}, pl.lit(False)),
        ({"dataset": ["d", "other"]}, pl.lit(True)),
        ({"window": (1, 2.5)}, pl.col("time") >= 1),
        ({"window": (0, 2.5), "closed": "left"}, pl.col("time") < 2.5),
        ({"min_weight": 0.8}, pl.col("weight").abs() >= 0.8),
        ({"min_stability": 0.5}, pl.col("stability") >= 0.5),
        ({"window": (0, 1), "cell_types": "B", "min_weight": 0.2},
         (pl.col("time") <= 1) & (pl.col("cell_type") == "B") & (pl.col("weight").abs() >= 0.2)),
    ],
)  # fmt: skip
def test_predicates_are_filters(lake: Lake, lakes: SimpleNamespace, predicate: dict[str, Any], where: pl.Expr) -> None:
    rows = lakes.write_regulation(lake, 0)
    assert edges(cut(lake, **predicate)) == expected(rows.filter(where))


def test_nodes_are_those_of_the_edges_by_key(lake: Lake, lakes: SimpleNamespace) -> None:
    rows = lakes.write_regulation(lake, 0, n=5)
    s = cut(lake)
    ends = pl.concat([rows.select(gene=e, key=f"{e}_key") for e in ("source", "target")]).unique().sort("key")
    assert s.nodes.tolist() == ends["gene"].to_list()
    assert s.node_keys.tolist() == ends["key"].to_list()


def test_runs_are_merged_in_order_or_chosen(lake: Lake, lakes: SimpleNamespace) -> None:
    rows = lakes.write_regulation(lake, 0, 1, 2)
    assert edges(cut(lake)) == expected(rows)
    first = rows["run"][0]
    one = cut(lake, runs=[first])
    assert edges(one) == expected(rows.filter(pl.col("run") == first))
    assert one.provenance["runs"] == [first]


def test_the_order_rows_were_written_in_does_not_matter(lake: Lake, lakes: SimpleNamespace, tmp_path: Path) -> None:
    lakes.write_regulation(lake, 3)
    other = lakes.new(tmp_path / "other")
    with RunWriter(other, "infer") as run:
        run.register_genes(["unused", *lakes.GENES], organism="human")
        genes = run.register_genes(lakes.GENES, organism="human")
        run.write("regulation", lakes.regulation(3, 200, genes).sample(fraction=1, shuffle=True, seed=5))
    assert cut(other, features=("sign", "p")).differences(cut(lake, features=("sign", "p"))) == []


def test_a_window_cut_is_the_window_of_the_cut(lake: Lake, lakes: SimpleNamespace) -> None:
    lakes.write_regulation(lake, 0, 1)
    assert cut(lake, window=(0.5, 2.5)).equals(cut(lake).window(0.5, 2.5).compact())


def test_edges_without_time_come_last_and_no_time_is_none(lake: Lake, lakes: SimpleNamespace, tmp_path: Path) -> None:
    rows = lakes.write_regulation(lake, 0, times=(None, 2.0))
    s = cut(lake)
    assert s.has_untimed
    assert edges(s) == expected(rows)
    assert s.window(0, 9).num_edges == rows["time"].count()
    timeless = lakes.new(tmp_path / "timeless")
    lakes.write_regulation(timeless, 0, times=(None,))
    assert cut(timeless).time is None


def test_features_and_relation_are_the_columns_asked_for(lake: Lake, lakes: SimpleNamespace) -> None:
    rows = lakes.write_regulation(lake, 0)
    s = cut(lake, features=("sign", "stability"), relation=None)
    assert s.relation_names == ("REGULATES",)
    order = ["time", "source_key", "target_key", "weight"]
    for name in ("sign", "stability"):
        np.testing.assert_array_equal(s.edge_features[name], rows.sort(order)[name].cast(pl.Float32).to_numpy())
    assert cut(lake, relation="dataset").relation_names == ("d",)


def test_priors(lake: Lake, lakes: SimpleNamespace) -> None:
    rows = lakes.write_priors(lake).with_columns(time=pl.lit(None), weight="score")
    assert edges(cut(lake, kind="priors")) == expected(rows, "prior")
    strong = cut(lake, kind="priors", source="trrust", min_score=0.5, features=("textmining", "directed"))
    assert edges(strong) == expected(rows.filter(pl.col("prior") == "trrust", pl.col("score") >= 0.5), "prior")
    assert set(strong.edge_features) == {"textmining", "directed"}


def test_transitions_join_cells(lake: Lake, lakes: SimpleNamespace) -> None:
    rows = lakes.write_transitions(lake)
    s = cut(lake, kind="transitions", window=(1, 2), features=("target_time",))
    assert s.node_kind == "cell"
    assert s.nodes.dtype == np.int64
    assert s.relation_names == ("TRANSITIONS_TO",)
    kept = rows.filter(pl.col("source_time") >= 1).sort("source_time", "source", "target", "weight")
    assert s.nodes[s.edge_index].T.tolist() == kept.select("source", "target").to_numpy().tolist()
    np.testing.assert_array_equal(s.edge_features["target_time"], kept["target_time"].to_numpy())


def test_neighbours_are_no_transitions(lake: Lake, lakes: SimpleNamespace) -> None:
    lakes.write_transitions(lake)
    before = cut(lake, kind="transitions")
    rows = lakes.write_neighbours(lake)
    s = cut(lake, kind="neighbours", features=("distance",))
    assert s.relation_names == ("NEAR",)
    assert s.nodes[s.edge_index].T.tolist() == rows.select("source", "target").to_numpy().tolist()
    np.testing.assert_array_equal(s.edge_features["distance"], rows["distance"].to_numpy())
    assert s.has_untimed
    assert cut(lake, kind="transitions").equals(before)


def test_a_lake_without_edges_gives_an_empty_slice(lake: Lake) -> None:
    for kind in ("regulation", "priors", "transitions", "neighbours"):
        s = cut(lake, kind=kind)
        assert (s.num_nodes, s.num_edges) == (0, 0)
        assert s.to_csr().shape == (0, 0)


def test_what_was_written_since_is_seen(lake: Lake, lakes: SimpleNamespace) -> None:
    first = lakes.write_regulation(lake, 0)
    assert cut(lake).num_edges == first.height
    second = lakes.write_regulation(lake, 1)
    assert cut(lake).num_edges == first.height + second.height


def test_arrays_are_writable_so_that_torch_may_share_them(lake: Lake, lakes: SimpleNamespace) -> None:
    lakes.write_regulation(lake, 0)
    s = cut(lake, window=(0, 1), features=("p",))
    assert all(a.flags.writeable for a in (s.weight, s.time, s.edge_index, s.codes, s.edge_features["p"]))


def test_large_runs_take_the_same_way(lake: Lake, lakes: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    lakes.write_regulation(lake, 0, 1, n=3000)
    alone = cut(lake)
    monkeypatch.setattr("perturbome.platform.slices.parallel.WORTH_A_THREAD", 10)
    monkeypatch.setattr("perturbome.platform.slices.order.BLOCK", 64)
    assert cut(lake).differences(alone) == []


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"kind": "regulations"}, UnknownName, "No kind of slice 'regulations'.* Did you mean 'regulation'"),
        ({"features": ("stabilty",)}, MissingColumn, "'stabilty' in features.*Available: sign, p, stability"),
        ({"relation": "colour"}, MissingColumn, "'colour' in relation"),
        ({"min_score": 0.5}, InputError, "'min_score' means nothing for kind='regulation'"),
        ({"kind": "priors", "window": (0, 1)}, InputError, "'window' means nothing for kind='priors'"),
        ({"window": (2, 1)}, InputError, "ends before it begins"),
    ],
)
def test_what_cannot_be_meant_is_said(lake: Lake, arguments: dict[str, Any], error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        cut(lake, **arguments)
