"""Which edges are drawn, and where the genes stand."""

import polars as pl
import pytest

from perturbome.app.neighbourhood import HEIGHT, WIDTH, Neighbourhood, cut, positions, prior_edges, regulation_edges

SCHEMA = {"source": pl.String, "target": pl.String, "weight": pl.Float64, "sign": pl.Int64}


def regulation(*rows: tuple[str, str, float]) -> pl.DataFrame:
    return pl.DataFrame([(s, t, w, (w > 0) - (w < 0)) for s, t, w in rows], schema=SCHEMA, orient="row")


def at(found: Neighbourhood) -> dict[str, tuple[float, float]]:
    return positions(found, dict.fromkeys(found.symbols, (60.0, 30.0)))


def test_one_edge_per_pair_the_strongest_with_its_sign() -> None:
    edges = regulation_edges(regulation(("A", "B", 0.2), ("A", "B", -0.9), ("B", "A", 0.1)))
    assert edges.select("source", "target", "weight", "sign", "contexts").rows() == [
        ("A", "B", -0.9, -1.0, 2),
        ("B", "A", 0.1, 1.0, 1),
    ]


def test_an_association_told_from_both_ends_is_one_edge_and_a_directed_one_keeps_its_way() -> None:
    rows = pl.DataFrame(
        {
            "source": ["A", "B", "B"],
            "target": ["B", "A", "A"],
            "directed": [False, False, True],
            "sign": [0, 0, -1],
            "score": [0.4, 0.7, None],
            "prior": ["x", "y", "z"],
        }
    )
    edges = {row["directed"]: row for row in prior_edges(rows).to_dicts()}
    assert (edges[False]["source"], edges[False]["target"]) == ("A", "B")
    assert edges[False]["weight"] == 0.7
    assert edges[False]["contexts"] == 2
    assert (edges[True]["source"], edges[True]["target"], edges[True]["sign"]) == ("B", "A", -1.0)


def test_the_strongest_are_kept_and_the_rest_is_counted() -> None:
    edges = regulation_edges(
        regulation(*[("G", f"T{i}", i / 10) for i in range(1, 10)], ("T9", "T8", 5.0), ("T1", "T2", 9.0))
    )
    found = cut("G", edges, 3)
    assert set(found.edges.filter(pl.col("source") == "G")["target"]) == {"T9", "T8", "T7"}
    assert ("T9", "T8") in found.edges.select("source", "target").rows()  # between drawn genes
    assert ("T1", "T2") not in found.edges.select("source", "target").rows()  # neither of them is drawn
    assert found.edges.height + found.left_out == edges.height
    assert found.symbols == ["G", "T7", "T8", "T9"]


def test_no_more_genes_than_the_cap() -> None:
    edges = regulation_edges(regulation(*[("G", f"T{i}", 1 + i / 1000) for i in range(500)]))
    found = cut("G", edges, 500)
    assert len(found.symbols) == 300
    assert found.left_out == 201


def test_order_of_the_rows_changes_nothing() -> None:
    rows = regulation(*[("G", f"T{i}", (-1) ** i * (0.1 + i / 7)) for i in range(30)])
    one, other = (cut("G", regulation_edges(frame), 12) for frame in (rows, rows.reverse()))
    assert one.edges.sort("target").equals(other.edges.sort("target"))
    places, again = at(one), at(other)
    assert {symbol: pytest.approx(place) for symbol, place in places.items()} == again


def test_regulators_stand_left_of_targets_inside_the_canvas() -> None:
    rows = [(f"R{i}", "G", 0.5) for i in range(6)] + [("G", f"T{i}", 0.5) for i in range(6)]
    found = cut("G", regulation_edges(regulation(*rows)), 40)
    places = at(found)
    assert set(places) == set(found.symbols)
    assert max(places[f"R{i}"][0] for i in range(6)) < places["G"][0] < min(places[f"T{i}"][0] for i in range(6))
    assert all(-60 <= x <= WIDTH + 60 and -60 <= y <= HEIGHT + 60 for x, y in places.values())


@pytest.mark.parametrize("n", [2, 12, 60, 120])
def test_no_gene_stands_on_another(n: int) -> None:
    rows = [("G", f"T{i}", 1.0) for i in range(n)] + [(f"T{i}", f"T{(i * 7) % n}", 1.0) for i in range(n)]
    places = list(at(cut("G", regulation_edges(regulation(*rows)), 300)).values())
    for i, (x, y) in enumerate(places):
        assert all(abs(x - u) >= 59.9 or abs(y - v) >= 29.9 for u, v in places[:i])


@pytest.mark.parametrize("rows", [[], [("G", "G", 1.0)], [("G", "T", 1.0)]])
def test_the_smallest_neighbourhoods_have_places(rows: list[tuple[str, str, float]]) -> None:
    found = cut("G", regulation_edges(regulation(*rows)), 10)
    assert set(at(found)) == set(found.symbols)
