"""Every query of the catalogue gives the rows written down here, on both engines."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from perturbome.platform.errors import InputError, UnknownName
from perturbome.platform.graph.base import GraphStore
from perturbome.platform.graph.catalogue import REQUIRED, catalogue, find_query, parse
from perturbome.platform.graph.statements import require_read_only

REGULATION = ("symbol", "weight", "time", "cell_type", "run")
CHANGE = ("regulator_symbol", "target_symbol", "change", "weight_before", "weight_after")
PATH = ("hops", "symbols", "signs", "sign", "cell_type", "time", "run")

# name of the query, parameters, columns looked at, rows in order
EXPECTED: list[tuple[str, dict[str, Any], tuple[str, ...], list[tuple[Any, ...]]]] = [
    ("regulators_of", {"gene": "G:IRF1"}, REGULATION, [
        ("STAT1", 0.9, 0.0, "T", "r1"), ("STAT1", 0.8, None, "B", "r2"), ("STAT1", -0.3, 24.0, "T", "r1")]),
    ("regulators_of", {"gene": "G:IRF1", "time": 24}, REGULATION, [("STAT1", -0.3, 24.0, "T", "r1")]),
    ("regulators_of", {"gene": "G:IRF1", "cell_type": "B"}, REGULATION, [("STAT1", 0.8, None, "B", "r2")]),
    ("regulators_of", {"gene": "G:MYC", "limit": 2}, REGULATION, [
        ("STAT1", -0.6, 0.0, "T", "r1"), ("IRF1", -0.4, 0.0, "T", "r1")]),
    ("regulators_of", {"gene": "G:STAT3"}, REGULATION, []),
    ("targets_of", {"gene": "G:STAT1", "run": "r1"}, REGULATION, [
        ("IRF1", 0.9, 0.0, "T", "r1"), ("MYC", -0.6, 0.0, "T", "r1"), ("IRF1", -0.3, 24.0, "T", "r1"),
        ("CXCL10", 0.2, 24.0, "T", "r1")]),
    ("gene_neighbourhood", {"gene": "G:STAT1", "time": 0}, ("symbol", "relation", "value", "time", "origin", "run"), [
        ("JAK2", "named by", 0.99, None, "string", "p1"), ("IRF1", "regulates", 0.9, 0.0, "d1", "r1"),
        ("IRF1", "interacts with", 0.8, None, "trrust", "p1"), ("JAK2", "regulated by", 0.7, 0.0, "d1", "r1"),
        ("MYC", "regulates", -0.6, 0.0, "d1", "r1"), ("IRF1", "named by", 0.3, None, "trrust", "p1")]),
    ("gene_neighbourhood", {"gene": "G:MYC", "limit": 3}, ("symbol", "relation", "value"), [
        ("STAT1", "regulated by", -0.6), ("IRF1", "regulated by", -0.4), ("MYC", "regulated by", 0.1)]),
    ("gene_neighbourhood", {"gene": "G:STAT3"}, ("symbol",), []),
    ("compare_regulation", {"before_time": 0, "after_time": 24}, CHANGE, [
        ("STAT1", "IRF1", "sign flipped", 0.9, -0.3), ("STAT1", "MYC", "lost", -0.6, None),
        ("IRF1", "CXCL10", "lost", 0.5, None), ("IRF1", "MYC", "lost", -0.4, None),
        ("STAT1", "CXCL10", "gained", None, 0.2), ("MYC", "MYC", "lost", 0.1, None),
        ("JAK2", "STAT1", "kept", 0.7, 0.7)]),
    ("compare_regulation", {"before_run": "r1", "after_run": "r2", "gene": "G:IRF1"}, CHANGE, [
        ("IRF1", "CXCL10", "lost", 0.5, None), ("IRF1", "MYC", "lost", -0.4, None),
        ("STAT1", "IRF1", "kept", 0.9, 0.8)]),
    ("compare_regulation", {"before_cell_type": "B", "after_cell_type": "T", "after_time": 24}, CHANGE, [
        ("STAT1", "IRF1", "sign flipped", 0.8, -0.3), ("JAK2", "STAT1", "gained", None, 0.7),
        ("STAT1", "CXCL10", "gained", None, 0.2)]),
    ("shortest_regulatory_path", {"regulator": "G:JAK2", "target": "G:CXCL10", "time": 0}, PATH, [
        (3, ["JAK2", "STAT1", "IRF1", "CXCL10"], [1, 1, 1], 1, "T", 0.0, "r1")]),
    ("shortest_regulatory_path", {"regulator": "G:JAK2", "target": "G:CXCL10"}, PATH, [
        (2, ["JAK2", "STAT1", "CXCL10"], [1, 1], 1, "T", 24.0, "r1")]),
    ("shortest_regulatory_path", {"regulator": "G:JAK2", "target": "G:MYC"}, PATH, [
        (2, ["JAK2", "STAT1", "MYC"], [1, -1], -1, "T", 0.0, "r1")]),
    ("shortest_regulatory_path", {"regulator": "G:MYC", "target": "G:MYC"}, PATH, [
        (1, ["MYC", "MYC"], [1], 1, "T", 0.0, "r1")]),
    ("shortest_regulatory_path", {"regulator": "G:STAT1", "target": "G:IRF1"}, PATH, [
        (1, ["STAT1", "IRF1"], [1], 1, "T", 0.0, "r1"), (1, ["STAT1", "IRF1"], [1], 1, "B", None, "r2"),
        (1, ["STAT1", "IRF1"], [-1], -1, "T", 24.0, "r1")]),
    ("shortest_regulatory_path", {"regulator": "G:CXCL10", "target": "G:JAK2"}, PATH, []),
    ("perturbation_effects", {"perturbation": "knockout:STAT1"}, ("symbol", "delta", "upper", "observed", "model"), [
        ("IRF1", -0.9, None, True, None), ("IRF1", -0.8, -0.6, False, "propagation"),
        ("MYC", 0.5, 0.6, False, "propagation")]),
    ("perturbation_effects", {"perturbation": "knockout:STAT1", "observed": False, "context": "T"}, ("delta", "run"), [
        (-0.8, "k1"), (0.5, "k1")]),
    ("edge_provenance", {"regulator": "G:JAK2", "target": "G:STAT1"},
     ("run", "run_kind", "time", "input_kind", "input"), [
        ("r1", "infer", 0.0, "data set", "d1"), ("r1", "infer", 0.0, "ingest", "i1"),
        ("r1", "infer", 0.0, "ingest", "p1"), ("r1", "infer", 0.0, "itself", "r1"),
        ("r1", "infer", 24.0, "data set", "d1"), ("r1", "infer", 24.0, "ingest", "i1"),
        ("r1", "infer", 24.0, "ingest", "p1"), ("r1", "infer", 24.0, "itself", "r1")]),
    ("edge_provenance", {"regulator": "G:STAT1", "target": "G:IRF1", "run": "r2"}, ("run", "input", "configuration"), [
        ("r2", "i1", "{}"), ("r2", "r2", "{}")]),
    ("shared_targets", {"regulator": "G:STAT1", "other": "G:IRF1"}, ("symbol", "weight", "other_weight", "agreement"), [
        ("MYC", -0.6, -0.4, 1)]),
    ("shared_targets", {"regulator": "G:STAT1", "other": "G:STAT1"}, ("symbol",), []),
    ("prior_support", {"regulator": "G:STAT1", "target": "G:IRF1", "time": 0},
     ("prior", "source_symbol", "sign", "score", "inferred_weight", "agreement"), [
        ("trrust", "STAT1", 1, 0.8, 0.9, 1), ("trrust", "IRF1", -1, 0.3, 0.9, -1)]),
    ("prior_support", {"regulator": "G:STAT1", "target": "G:JAK2"},
     ("prior", "source_symbol", "inferred_weight", "agreement"), [("string", "JAK2", None, None)]),
    ("causes_of_contrast", {"contrast": "d1: a to b"}, ("rank", "symbol", "score", "q", "model"), [
        (1, "STAT1", 2.0, 0.01, "inversion"), (2, "JAK2", 1.0, 0.2, "inversion")]),
    ("causes_of_contrast", {"contrast": "d1: a to b", "model": "other"}, ("rank",), []),
    ("genes_search", {"text": "stat"}, ("symbol",), [("STAT1",), ("STAT3",)]),
    ("genes_search", {"text": "P9"}, ("symbol", "aliases"), [("STAT1", ["ISGF-3", "p91"])]),
    ("genes_search", {"text": "g:", "limit": 2, "organism": "human"}, ("symbol",), [("MYC",), ("IRF1",)]),
    ("genes_search", {"text": "STAT", "organism": "mouse"}, ("symbol",), []),
    ("list_datasets", {}, ("dataset", "n_cells", "n_perturbations", "time_unit"), [("d1", 3, 2, "hour")]),
    ("list_runs", {"kind": "infer"}, ("run", "kind", "name"), [
        ("r1", "infer", "infer r1"), ("r2", "infer", "infer r2")]),
    ("list_perturbations", {}, ("perturbation", "n_cells", "symbol"), [
        ("knockout:JAK2+STAT1", 10, "JAK2"), ("knockout:JAK2+STAT1", 10, "STAT1"), ("knockout:STAT1", 20, "STAT1")]),
    ("list_perturbations", {"dataset": "d2"}, ("perturbation",), []),
]  # fmt: skip


def ask(graph: GraphStore, name: str, **parameters: object) -> pa.Table:
    query = find_query(name)
    return graph.query(query.text, query.bind(parameters))


@pytest.mark.parametrize(
    ("name", "parameters", "columns", "rows"), EXPECTED, ids=[f"{n}-{len(r)}" for n, _, _, r in EXPECTED]
)
def test_rows_in_order(filled_graph, name, parameters, columns, rows):
    answer = ask(filled_graph, name, **parameters)
    assert [tuple(row[c] for c in columns) for row in answer.to_pylist()] == rows


def test_every_query_is_expected_here():
    assert {name for name, *_ in EXPECTED} == set(catalogue())


@pytest.mark.parametrize("query", catalogue().values(), ids=lambda q: q.name)
def test_every_query_only_reads_and_explains_itself(query):
    require_read_only(query.text)
    assert query.description.endswith(".")
    for parameter in query.parameters:
        assert f"${parameter.name}" in query.text
        assert parameter.meaning
        assert parameter.required or parameter.default is None or isinstance(parameter.default, int | float | str)


@pytest.mark.parametrize("query", catalogue().values(), ids=lambda q: q.name)
def test_column_names_stand_without_rows(filled_graph, query):
    nothing = {p.name: "nobody" for p in query.parameters if p.required}
    answer = filled_graph.query(query.text, query.bind(nothing))
    assert all(name.isidentifier() for name in answer.column_names)


def test_defaults_are_filled_and_integers_become_numbers():
    bound = find_query("regulators_of").bind({"gene": "G:IRF1", "time": 24, "limit": None})
    assert bound == {"gene": "G:IRF1", "cell_type": None, "time": 24.0, "run": None, "limit": 100}
    assert isinstance(bound["time"], float)


def test_genes_are_known_as_such():
    query = find_query("shared_targets")
    assert [p.name for p in query.parameters if query.takes_gene(p.name)] == ["regulator", "other"]


def test_unknown_query_names_the_nearest():
    with pytest.raises(UnknownName, match="regulators_of"):
        find_query("regulator_of")


def test_unknown_parameter_names_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'cell_type'"):
        find_query("regulators_of").bind({"gene": "G:IRF1", "celltype": "T"})


def test_missing_parameter_says_what_it_means():
    with pytest.raises(InputError, match=r"needs gene \(the gene asked about\)"):
        find_query("regulators_of").bind({"time": 1.0})


@pytest.mark.parametrize(
    ("name", "value"), [("time", "soon"), ("limit", 1.5), ("limit", True), ("gene", 7), ("limit", -1)]
)
def test_value_of_another_type_is_told(name, value):
    with pytest.raises(InputError, match=f"Parameter '{name}'"):
        find_query("regulators_of").bind({"gene": "G:IRF1", name: value})


def test_a_file_declares_itself():
    query = parse("mine", "// What it is.\n// a: string -- one\n// b: number = 2 -- two\n// a note\nRETURN $a, $b")
    assert query.description == "What it is."
    assert [(p.name, p.type, p.default, p.meaning) for p in query.parameters] == [
        ("a", "string", REQUIRED, "one"),
        ("b", "number", 2, "two"),
    ]
    assert query.text == "RETURN $a, $b"


def test_a_file_without_description_or_of_unknown_type_is_told():
    with pytest.raises(InputError, match="first comment"):
        parse("mine", "RETURN 1")
    with pytest.raises(InputError, match="Available: gene, string"):
        parse("mine", "// It.\n// a: text -- one\nRETURN $a")
