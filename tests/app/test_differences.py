"""Which differences are drawn, where their genes stand, and what the drawing component is told."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from perturbome.app.differences import strongest_differences
from perturbome.app.differences_drawing import LOOKS, elements, legend, styles
from perturbome.app.theme import FLIPPED, GAINED, LOST

EDGES = pl.DataFrame(
    [
        ("R", "A", "sign flipped", None, -0.5, 0.5, -1, 1, 1.0, 1.0, 2.0),
        ("R", "<b>", "gained", None, None, -0.4, None, -1, 0.0, 0.9, 0.9),
        ("S", "A", "lost", None, 0.3, None, 1, None, 0.8, 0.0, 0.8),
        ("S", "C", "gained", None, None, 0.1, None, 1, 0.0, 0.2, 0.2),
        ("R", "S", "kept", None, 0.2, 0.2, 1, 1, 0.5, 0.5, 0.0),
        ("S", "D", "kept", None, 0.9, 0.9, 1, 1, 1.0, 1.0, 0.0),
        ("R", "Z", "only possible after", "target not measured before", None, 0.9, None, 1, 0.0, 1.0, 1.0),
    ],
    schema={
        "source_symbol": pl.String, "target_symbol": pl.String, "change": pl.String, "reason": pl.String,
        "weight_before": pl.Float32, "weight_after": pl.Float32, "sign_before": pl.Int8, "sign_after": pl.Int8,
        "strength_before": pl.Float64, "strength_after": pl.Float64, "difference": pl.Float64,
    },
    orient="row",
)  # fmt: skip


def pairs(edges: pl.DataFrame) -> list[str]:
    return [source + target for source, target in edges.select("source_symbol", "target_symbol").iter_rows()]


def test_the_strongest_changes_and_what_was_kept_between_their_genes() -> None:
    found = strongest_differences(EDGES, 3)
    assert pairs(found.edges) == ["RA", "R<b>", "SA", "RS"]
    assert found.left_out == 1
    assert found.regulators == {"R", "S"}
    assert pairs(strongest_differences(EDGES, 3, with_kept=False).edges) == ["RA", "R<b>", "SA"]


def test_what_a_run_ruled_out_is_no_change() -> None:
    assert "RZ" not in pairs(strongest_differences(EDGES, 100).edges)


def test_one_gene_alone() -> None:
    found = strongest_differences(EDGES, 100, gene="S", with_kept=False)
    assert pairs(found.edges) == ["SA", "SC"]
    assert strongest_differences(EDGES, 100, gene="D").edges.is_empty()


def test_no_more_genes_than_the_eye_can_take() -> None:
    found = strongest_differences(EDGES, 100, most_nodes=3)
    assert pairs(found.edges) == ["RA", "R<b>"]
    assert found.left_out == 2


def edge(drawn: dict[str, Any], source: str, target: str) -> dict[str, Any]:
    return next(e for e in drawn["edges"] if (e["data"]["source"], e["data"]["target"]) == (source, target))


def test_elements_are_words_without_markup() -> None:
    drawn = elements(strongest_differences(EDGES, 3))
    assert {node["data"]["id"] for node in drawn["nodes"]} == {"R", "S", "A", "‹b›"}
    assert edge(drawn, "R", "A")["data"] == {
        "id": "R → A", "source": "R", "target": "A", "label": "sign flipped", "weight before": -0.5,
        "weight after": 0.5, "difference": 2.0,
    }  # fmt: skip
    assert edge(drawn, "R", "‹b›")["classes"] == "tee"
    assert edge(drawn, "S", "A")["data"]["weight after"] == "no edge"
    assert edge(drawn, "S", "A")["classes"] == "triangle"  # what is gone is drawn as it was


def test_colour_and_line_tell_changes_apart() -> None:
    rules = {rule.dump()["selector"]: rule.dump()["style"] for rule in styles(False)[1]}
    for change, colour, line in (
        ("gained", GAINED, "solid"),
        ("lost", LOST, "dashed"),
        ("sign flipped", FLIPPED, "dotted"),
    ):
        rule = rules[f"edge[label='{change}']"]
        assert (rule["line-color"], rule["target-arrow-color"], rule["line-style"]) == (colour, colour, line)
        assert colour in legend()
    assert len(set(LOOKS.values())) == len(LOOKS)


@pytest.mark.parametrize("n_genes", [2, 30, 120])
def test_no_gene_stands_on_another_and_places_are_the_same_every_time(n_genes: int) -> None:
    edges = pl.DataFrame(
        {
            "source_symbol": [f"R{i % 3}" for i in range(n_genes)], "target_symbol": [f"G{i}" for i in range(n_genes)],
            "change": ["gained", "lost"] * (n_genes // 2), "weight_before": 1.0, "weight_after": 1.0, "sign_before": 1,
            "sign_after": 1, "strength_before": 1.0, "strength_after": 1.0, "difference": 1.0,
        }
    )  # fmt: skip
    found = strongest_differences(edges, 500)
    drawn = elements(found)
    at = [(node["position"]["x"], node["position"]["y"]) for node in drawn["nodes"]]
    assert all(abs(a[0] - b[0]) > 10 or abs(a[1] - b[1]) > 10 for i, a in enumerate(at) for b in at[:i])
    assert drawn == elements(found)
