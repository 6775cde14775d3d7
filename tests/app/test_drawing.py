"""What the drawing component is told: arrows, colours, widths, harmless names."""

from typing import Any

import polars as pl

from perturbome.app.drawing import elements, styles
from perturbome.app.neighbourhood import Neighbourhood
from perturbome.app.theme import ACTIVATES, REPRESSES, UNKNOWN

EDGES = pl.DataFrame(
    {
        "source": ["G", "R", "G", "G", "R"],
        "target": ["<b>", "G", "P", "Q", "P"],
        "kind": ["regulates", "regulates", "prior", "prior", "regulates"],
        "sign": [1.0, -1.0, 0.0, -1.0, 1.0],
        "weight": [0.05, -0.2, 0.9, None, 0.1],
        "directed": [True, True, False, True, True],
        "contexts": [3, 1, 1, 2, 1],
    }
)
FOUND = Neighbourhood("G", EDGES, 0)
DRAWN = elements(FOUND, {"R"})


RULES = {rule.dump()["selector"]: rule.dump()["style"] for rule in styles(FOUND)[1]}


def edge(source: str, target: str) -> dict[str, Any]:
    return next(e for e in DRAWN["edges"] if (e["data"]["source"], e["data"]["target"]) == (source, target))


def test_sign_is_arrow_and_colour() -> None:
    assert edge("G", "‹b›")["classes"] == "regulates triangle own"
    assert edge("R", "G")["classes"] == "regulates tee own"
    assert edge("R", "P")["classes"] == "regulates triangle between"
    assert edge("G", "‹b›")["data"]["label"] == "activates"
    assert RULES["edge[label='activates']"]["line-color"] == ACTIVATES
    assert RULES["edge[label='represses']"]["target-arrow-color"] == REPRESSES
    assert RULES["edge.tee"] == {"target-arrow-shape": "tee"}


def test_priors_are_grey_and_dashed_and_have_arrows_only_where_they_have_a_direction() -> None:
    assert edge("G", "P")["classes"] == "prior none own"
    assert edge("G", "Q")["classes"] == "prior tee own"
    assert (RULES["edge.prior"]["line-style"], RULES["edge.prior"]["line-color"]) == ("dashed", UNKNOWN)


def test_the_stronger_the_wider_up_to_the_strongest() -> None:
    assert RULES["edge[weight>=0]"]["width"] == "mapData(weight, 0, 0.2, 1.2, 5.5)"
    assert RULES["edge[weight<0]"]["width"] == "mapData(weight, -0.2, 0, 5.5, 1.2)"
    assert "score" not in edge("G", "Q")["data"]  # no score in the file: no width made of nothing


def test_a_click_shows_words() -> None:
    assert edge("R", "G")["data"] == {
        "id": "R ⊣ G",
        "source": "R",
        "target": "G",
        "label": "represses",
        "weight": -0.2,
        "times and cell types": 1,
    }


def test_every_edge_ends_at_a_gene_that_is_drawn_once() -> None:
    ids = [node["data"]["id"] for node in DRAWN["nodes"]]
    assert len(ids) == len(set(ids)) == 5
    assert {end for e in DRAWN["edges"] for end in (e["data"]["source"], e["data"]["target"])} <= set(ids)
    assert len({e["data"]["id"] for e in DRAWN["edges"]}) == 5


def test_the_gene_and_the_regulators_are_told_apart() -> None:
    labels = {node["data"]["id"]: node["data"]["label"] for node in DRAWN["nodes"]}
    assert labels == {"G": "the gene", "R": "regulator", "P": "gene", "Q": "gene", "‹b›": "gene"}


def test_a_name_from_a_file_becomes_no_html() -> None:
    assert "<" not in str(DRAWN)
    assert "‹b›" in str(DRAWN)
