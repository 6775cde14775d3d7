"""Cutting from a query: the columns it asks for, and what it says when they are not there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from perturbome.platform.errors import BadValues, MissingColumn
from perturbome.platform.slices import from_query
from perturbome.platform.slices.from_query import KEYS_OF_GENES


class Answers:
    """A graph that answers every query with the table it was given, and knows the genes A, B, C."""

    engine, address = "stand-in", "nowhere"

    def __init__(self, **columns: object) -> None:
        self.table = pa.table(columns)

    def query(self, cypher: str, parameters: Mapping[str, object] | None = None, **limits: object) -> pa.Table:
        assert limits == {"row_limit": None, "time_limit": None}
        return pa.table({"id": ["C", "A", "B"], "key": [9, 2, 5]}) if cypher == KEYS_OF_GENES else self.table

    def runs(self) -> set[str]:
        return {"r1"}


def test_genes_get_their_keys_and_order() -> None:
    graph = Answers(source=["C", "A"], target=["A", "B"], weight=[0.5, 2.0], time=[1.0, None], relation=["x", None])
    s = from_query(graph, "MATCH ...", {"a": 1})  # type: ignore[arg-type]
    assert s.nodes.tolist() == ["A", "B", "C"]
    assert s.node_keys.tolist() == [2, 5, 9]
    assert s.edge_index.tolist() == [[2, 0], [0, 1]]
    assert s.weight.tolist() == [0.5, 2.0]
    assert s.time is not None
    assert np.isnan(s.time[1])
    assert s.relation_names == ("all", "x")
    assert s.provenance["parameters"] == {"a": 1}


def test_what_is_left_out_has_a_default() -> None:
    s = from_query(Answers(source=[7, 3], target=[3, 100]), "MATCH ...")  # type: ignore[arg-type]
    assert s.node_kind == "cell"
    assert s.nodes.tolist() == [3, 7, 100]
    assert s.weight.tolist() == [1.0, 1.0]
    assert s.time is None
    assert s.relation_names == ("RELATED",)


def test_other_columns_are_edge_features() -> None:
    graph = Answers(source=["A"], target=["B"], directed=[True], sign=[-1], p=pa.array([None], pa.float64()))
    s = from_query(graph, "MATCH ...")  # type: ignore[arg-type]
    assert {name: v.tolist()[0] for name, v in s.edge_features.items() if name != "p"} == {"directed": 1, "sign": -1}
    assert np.isnan(s.edge_features["p"][0])


def test_no_rows_give_an_empty_slice() -> None:
    graph = Answers(source=pa.array([], pa.string()), target=pa.array([], pa.string()))
    s = from_query(graph, "MATCH ...")  # type: ignore[arg-type]
    assert (s.num_nodes, s.num_edges) == (0, 0)


@pytest.mark.parametrize(
    ("columns", "error", "words"),
    [
        ({"a.id": ["A"], "target": ["B"]}, MissingColumn, "'source' in the query's answer. Available: a.id, target"),
        ({"source": ["A"], "b": ["B"]}, MissingColumn, "'target'"),
        ({"source": ["A", None], "target": ["B", "B"]}, BadValues, "1 rows of the query have no 'source'"),
        ({"source": ["A"], "target": ["JAK2"]}, BadValues, "'target' holds 'JAK2', which is no gene's id"),
        ({"source": ["A"], "target": [3]}, BadValues, "different kinds"),
        ({"source": [0.5], "target": [0.7]}, BadValues, "'source' is double"),
        ({"source": ["A"], "target": ["B"], "weight": pa.array([None], pa.float64())}, BadValues, "no 'weight'"),
        ({"source": ["A"], "target": ["B"], "time": ["noon"]}, BadValues, "'time' is string"),
        ({"source": ["A"], "target": ["B"], "cell_type": ["T"]}, BadValues, "'cell_type' is string"),
        ({"source": ["A"], "target": ["B"], "relation": [3]}, BadValues, "'relation' is int64"),
    ],
)
def test_an_answer_that_is_no_edge_list_is_refused(columns: dict[str, object], error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        from_query(Answers(**columns), "MATCH ...")  # type: ignore[arg-type]
