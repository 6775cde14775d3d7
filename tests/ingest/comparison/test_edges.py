"""What becomes of each edge, against networkx and plain sets; and what holds whichever network comes first."""

from __future__ import annotations

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perturbome.ingest.comparison.edges import agreement, by_regulator, lay_side_by_side, strongest
from perturbome.ingest.comparison.possible import Possible

ANYTHING = (Possible(), Possible())
SCHEMA = {"source": pl.String, "target": pl.String, "weight": pl.Float32, "sign": pl.Int8}
MIRROR = {
    "gained": "lost",
    "lost": "gained",
    "only possible before": "only possible after",
    "only possible after": "only possible before",
}


def network(*edges: tuple[str, str, float]) -> pl.DataFrame:
    rows = [(source, target, weight, int(np.sign(weight))) for source, target, weight in edges]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def random_network(seed: int, n_genes: int = 12) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    pairs = np.argwhere(rng.random((5, n_genes)) < 0.5)
    weights = rng.permutation(pairs.shape[0]) + 1.0
    return network(*((f"G{s}", f"G{t}", w * rng.choice([-1, 1])) for (s, t), w in zip(pairs, weights, strict=True)))


def changes(rows: pl.DataFrame) -> dict[tuple[str, str], str]:
    return {(row["source"], row["target"]): row["change"] for row in rows.iter_rows(named=True)}


def graph(edges: pl.DataFrame) -> nx.DiGraph:
    made = nx.DiGraph()
    made.add_edges_from((s, t, {"sign": sign}) for s, t, _, sign in edges.iter_rows())
    return made


@given(st.integers(0, 2**31), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_changes_are_those_of_graphs(one: int, other: int) -> None:
    before, after = random_network(one), random_network(other)
    found = changes(lay_side_by_side(before, after, ANYTHING))
    first, second = graph(before), graph(after)
    for each in (first, second):
        each.add_nodes_from([*first, *second])
    assert {e for e, c in found.items() if c == "gained"} == set(nx.difference(second, first).edges)
    assert {e for e, c in found.items() if c == "lost"} == set(nx.difference(first, second).edges)
    shared = set(nx.intersection(first, second).edges)
    assert {e for e, c in found.items() if c in ("kept", "sign flipped")} == shared
    flipped = {e for e in shared if first.edges[e]["sign"] != second.edges[e]["sign"]}
    assert {e for e, c in found.items() if c == "sign flipped"} == flipped
    assert set(found) == set(nx.compose(first, second).edges)


@given(st.integers(0, 2**31), st.integers(0, 2**31), st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_other_way_round_gained_is_lost(one: int, other: int, limited: bool) -> None:
    before, after = random_network(one), random_network(other)
    could = (
        Possible(frozenset(f"G{i}" for i in range(9)), frozenset(["G0", "G1", "G2"])) if limited else Possible(),
        Possible(frozenset(f"G{i}" for i in range(2, 12)), None) if limited else Possible(),
    )
    there = lay_side_by_side(before, after, could)
    back = lay_side_by_side(after, before, could[::-1])
    assert changes(back) == {edge: MIRROR.get(change, change) for edge, change in changes(there).items()}
    np.testing.assert_allclose(there["difference"], back["difference"])
    a, b = agreement(there), agreement(back)
    assert (a.gained, a.lost, a.only_possible_before) == (b.lost, b.gained, b.only_possible_after)
    same = ("kept", "flipped", "jaccard", "jaccard_by_degree", "same_sign", "spearman_union", "spearman_shared")
    for name in (*same, "top_100", "top_1000"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), equal_nan=True)
    forth, reverse = (by_regulator(rows).sort("source") for rows in (there, back))
    assert forth["gained"].equals(reverse["lost"])
    assert (forth["difference"] == -reverse["difference"]).all()


@given(st.integers(0, 2**31))
@settings(max_examples=15, deadline=None)
def test_a_network_is_like_itself(seed: int) -> None:
    edges = random_network(seed)
    rows = lay_side_by_side(edges, edges.sample(fraction=1, shuffle=True, seed=seed), ANYTHING)
    found = agreement(rows)
    assert set(rows["change"]) == {"kept"}
    assert (rows["difference"] == 0).all()
    assert (found.kept, found.gained, found.lost, found.flipped) == (edges.height, 0, 0, 0)
    numbers = (found.jaccard, found.same_sign, found.spearman_union, found.spearman_shared, found.top_100)
    assert numbers == pytest.approx((1, 1, 1, 1, 1))


def test_an_edge_that_could_not_be_is_not_lost() -> None:
    before = network(("A", "B", 1.0), ("A", "C", 2.0), ("D", "B", 0.5), ("Q", "B", 3.0))
    after = network(("A", "B", -1.0), ("B", "A", 1.0), ("A", "E", 2.0))
    could = (
        Possible(frozenset("ABCDQ"), frozenset("ADQ")),  # E was not measured, B was no candidate
        Possible(frozenset("ABDE"), frozenset("ABQ")),  # C and Q were not measured, D was no candidate
    )
    rows = lay_side_by_side(before, after, could)
    found = {(row["source"], row["target"]): (row["change"], row["reason"]) for row in rows.iter_rows(named=True)}
    assert found == {
        ("A", "B"): ("sign flipped", None),
        ("A", "C"): ("only possible before", "target not measured after"),
        ("D", "B"): ("only possible before", "not a candidate regulator after"),
        ("Q", "B"): ("only possible before", "regulator not measured after"),
        ("B", "A"): ("only possible after", "not a candidate regulator before"),
        ("A", "E"): ("only possible after", "target not measured before"),
    }
    numbers = agreement(rows)
    assert (numbers.edges_before, numbers.edges_after) == (4, 3)
    assert (numbers.only_possible_before, numbers.only_possible_after, numbers.jaccard) == (3, 2, 1.0)
    assert by_regulator(rows)["source"].to_list() == ["A"]


def test_networks_without_a_common_edge_have_a_negative_rank_correlation_over_the_union() -> None:
    before, after = network(("A", "B", 1.0), ("A", "C", 2.0)), network(("B", "A", 1.0), ("B", "C", 2.0))
    found = agreement(lay_side_by_side(before, after, ANYTHING))
    assert found.spearman_union < 0
    assert np.isnan(found.spearman_shared)
    assert found.jaccard == 0


def test_nothing_beside_nothing() -> None:
    rows = lay_side_by_side(network(), network(), ANYTHING)
    found = agreement(rows)
    assert (rows.height, found.kept) == (0, 0)
    assert np.isnan(found.jaccard)
    assert by_regulator(rows).height == 0


def test_of_several_edges_the_strongest_speaks_whatever_their_order() -> None:
    edges = network(("A", "B", 0.2), ("A", "B", -0.9), ("A", "C", 0.5), ("A", "C", -0.5))
    for rows in (edges, edges.reverse()):
        assert strongest(rows).sort("target").rows() == [
            ("A", "B", pytest.approx(-0.9), -1),
            ("A", "C", pytest.approx(0.5), 1),
        ]


def test_the_regulator_with_most_changes_comes_first() -> None:
    before = network(("A", "X", 1.0), ("A", "Y", 1.0), ("B", "X", 1.0), ("C", "X", 1.0))
    after = network(("A", "Z", 1.0), ("B", "X", -1.0), ("B", "Y", 1.0), ("C", "X", 1.0))
    found = by_regulator(lay_side_by_side(before, after, ANYTHING))
    assert found.select("source", "targets_before", "targets_after", "difference").rows() == [
        ("A", 2, 1, -1),
        ("B", 1, 2, 1),
        ("C", 1, 1, 0),
    ]
    assert found.select("gained", "lost", "flipped", "kept", "jaccard").rows() == [
        (1, 2, 0, 0, 0.0),
        (1, 0, 1, 0, 0.5),
        (0, 0, 0, 1, 1.0),
    ]
