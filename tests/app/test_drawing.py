"""What the drawing component is told: arrows, colours, widths, harmless names."""

import polars as pl

from perturbome.app.drawing import elements
from perturbome.app.neighbourhood import Neighbourhood
from perturbome.app.theme import ACTIVATES, REPRESSES, UNKNOWN

EDGES = pl.DataFrame(
    {
        "source": ["G", "R", "G", "G"],
        "target": ["<b>", "G", "P", "Q"],
        "kind": ["regulates", "regulates", "prior", "prior"],
        "sign": [1.0, -1.0, 0.0, -1.0],
        "weight": [0.5, -2.0, 0.9, None],
        "directed": [True, True, False, True],
        "contexts": [3, 1, 1, 2],
    }
)
DRAWN = elements(Neighbourhood("G", EDGES, 0), {"R"})


def edge(source: str, target: str) -> dict[str, object]:
    return next(e["data"] for e in DRAWN["edges"] if (e["data"]["source"], e["data"]["target"]) == (source, target))


def test_sign_is_arrow_and_colour() -> None:
    assert (edge("G", "<b>")["arrow"], edge("G", "<b>")["colour"]) == ("triangle", ACTIVATES)
    assert (edge("R", "G")["arrow"], edge("R", "G")["colour"]) == ("tee", REPRESSES)


def test_priors_are_grey_and_have_arrows_only_where_they_have_a_direction() -> None:
    assert (edge("G", "P")["arrow"], edge("G", "P")["colour"]) == ("none", UNKNOWN)
    assert (edge("G", "Q")["arrow"], edge("G", "Q")["colour"]) == ("tee", UNKNOWN)


def test_the_stronger_the_wider() -> None:
    assert edge("R", "G")["width"] > edge("G", "<b>")["width"] > edge("G", "Q")["width"]


def test_every_edge_ends_at_a_gene_that_is_drawn_once() -> None:
    ids = [node["data"]["id"] for node in DRAWN["nodes"]]
    assert len(ids) == len(set(ids)) == 5
    assert {end for e in DRAWN["edges"] for end in (e["data"]["source"], e["data"]["target"])} <= set(ids)
    assert len({e["data"]["id"] for e in DRAWN["edges"]}) == 4


def test_the_gene_and_the_regulators_are_told_apart() -> None:
    labels = {node["data"]["id"]: node["data"]["label"] for node in DRAWN["nodes"]}
    assert labels == {"G": "the gene", "R": "regulator", "P": "gene", "Q": "gene", "<b>": "gene"}


def test_a_name_from_a_file_becomes_no_html() -> None:
    assert "<" not in "".join(str(node["data"]["name"]) for node in DRAWN["nodes"])
