"""Organisms: named in many ways, misspelt, or none of ours."""

from __future__ import annotations

import pytest

from perturbome.ingest.organism import asked_organism, organism_name
from perturbome.platform.errors import InputError


def test_organisms_are_named_in_many_ways() -> None:
    assert [organism_name(t) for t in ("Homo sapiens", "NCBITaxon:10090", "YEAST", "axolotl")] == [
        "human",
        "mouse",
        "yeast",
        "axolotl",
    ]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("humn", "human"), ("Huamn", "human"), ("moues", "mouse"), ("yeats", "yeast"), ("homo sapeins", "human"),
     ("zebra fish", "zebrafish"), ("mus musculu", "mouse")],
)  # fmt: skip
def test_a_slip_of_the_hand_is_asked_back(typed: str, meant: str) -> None:
    with pytest.raises(InputError, match=f"Unknown organism '{typed}'. Did you mean '{meant}'"):
        asked_organism(typed)


@pytest.mark.parametrize(
    "word", ["axolotl", "unknown", "dog", "cat", "hamster", "mus spretus", "ncbitaxon:9615", "9607", "macaque"]
)
def test_any_other_word_is_an_organism_of_its_own(word: str) -> None:
    assert asked_organism(word) == word


def test_other_organisms_are_known_by_their_usual_names() -> None:
    named = ("Rattus norvegicus", "Danio rerio", "drosophila", "C. elegans", "NCBITaxon:7955")
    assert [asked_organism(t) for t in named] == ["rat", "zebrafish", "fly", "worm", "zebrafish"]
    with pytest.raises(InputError, match="organism is empty"):
        asked_organism(" ")
