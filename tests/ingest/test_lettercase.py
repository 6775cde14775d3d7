"""Symbols in the wrong case: mended where nothing else can be meant, left where something can."""

from __future__ import annotations

import pytest

from perturbome.ingest.lettercase import human_spelling, mouse_spelling, spell_as


def test_how_human_and_mouse_are_spelt() -> None:
    assert [human_spelling(n) for n in ("stat1", "hla-a", "c1orf112")] == ["STAT1", "HLA-A", "C1orf112"]
    names = ("STAT1", "MT-ND1", "H2-K1", "3110035E14RIK", "hba-a1")
    assert [mouse_spelling(n) for n in names] == ["Stat1", "mt-Nd1", "H2-K1", "3110035E14Rik", "Hba-a1"]


@pytest.mark.parametrize(
    ("organism", "given", "spelt"),
    [
        ("human", ["stat1", "jak2", "hla-a", "ENSG00000115415", "7157"],
         ["STAT1", "JAK2", "HLA-A", "ENSG00000115415", "7157"]),
        ("mouse", ["stat1", "jak2"], ["Stat1", "Jak2"]),
        ("mouse", ["STAT1", "JAK2", "3110035E14RIK"], ["Stat1", "Jak2", "3110035E14Rik"]),
    ],
)  # fmt: skip
def test_a_file_in_the_wrong_case_is_mended_aloud(organism: str, given: list[str], spelt: list[str]) -> None:
    found, said = spell_as(given, organism)
    assert found == spelt
    assert f"{given[0]} -> {spelt[0]}" in said[0]
    assert spell_as(found, organism) == (spelt, [])


@pytest.mark.parametrize(
    ("organism", "names"),
    [
        ("human", ["STAT1", "JAK2", "stat3"]),
        ("human", ["Stat1", "Jak2"]),  # rather mouse genes
        ("human", ["stat1", "Jak2", "IRF1"]),
        ("mouse", ["Stat1", "JAK2", "IRF1"]),
        ("zebrafish", ["stat1a", "jak2b"]),
        ("unknown", ["raf", "mek"]),
        ("human", ["1", "2", "g1"]),
        ("human", []),
    ],
)
def test_what_may_be_meant_so_stays(organism: str, names: list[str]) -> None:
    assert spell_as(names, organism) == (names, [])
