"""Gene names: kinds, organisms, and dates that were genes."""

from __future__ import annotations

import pytest

from perturbome.ingest.symbols import (
    excel_readings,
    guess_organism,
    kind_of,
    mend_symbols,
    strip_genome,
    strip_version,
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ENSG00000115415", "ensembl"),
        ("ENSMUSG00000026104.14", "ensembl"),
        ("YAL001C", "yeast"),
        ("7157", "entrez"),
        ("STAT1", "symbol"),
        ("ENSA", "symbol"),
        ("YY1", "symbol"),
    ],
)
def test_kinds_of_identifiers(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_versions_go_but_the_second_copy_of_a_sex_gene_stays_another_gene() -> None:
    assert strip_version("ENSG00000115415.19") == "ENSG00000115415"
    assert strip_version("ENSG00000002586.20_PAR_Y") == "ENSG00000002586_PAR_Y"
    assert strip_version("RP11-206L10.9") == "RP11-206L10.9"


@pytest.mark.parametrize(
    ("names", "organism"),
    [
        (["ENSG00000115415"], "human"),
        (["ENSMUSG00000026104"], "mouse"),
        (["ENSRNOG00000014079"], "unknown"),
        (["YAL001C", "YBR020W"], "yeast"),
        (["STAT1", "JAK2", "C1orf112", "HLA-A"], "human"),
        (["Stat1", "Jak2", "H2-K1"], "mouse"),
        (["raf", "mek"], "unknown"),
        (["G1", "G2"], "unknown"),
        ([], "unknown"),
    ],
)
def test_organisms_are_guessed_from_names(names: list[str], organism: str) -> None:
    assert guess_organism(names)[0] == organism


def test_a_genome_prefix_goes_only_where_all_have_it() -> None:
    assert strip_genome(["GRCh38_STAT1", "GRCh38____JAK2"]) == ["STAT1", "JAK2"]
    assert strip_genome(["GRCh38_STAT1", "JAK2"]) == ["GRCh38_STAT1", "JAK2"]


@pytest.mark.parametrize(
    ("date", "genes"),
    [
        ("2-Sep", ["SEPTIN2"]),
        ("Sep-02", ["SEPTIN2"]),
        ("02-Sep", ["SEPTIN2"]),
        ("2022-09-02", ["SEPTIN2"]),
        ("2022-09-02 00:00:00", ["SEPTIN2"]),
        ("1-Mar", ["MARCHF1", "MTARC1"]),
        ("Mar-01", ["MARCHF1", "MTARC1"]),
        ("3-Mar", ["MARCHF3"]),
        ("1-Dec", ["DELEC1"]),
        ("15-Sep", ["SELENOF"]),
        ("13-Sep", []),
        ("12-Mar", []),
        ("2009-09-01", ["SEPTIN1", "SEPTIN9"]),
        ("2022-03-01", ["MARCHF1", "MTARC1"]),
        ("SEPT2", []),
        ("MARCH1", []),
        ("STAT1", []),
        ("NKX2-1", []),
        ("DEC1", []),
    ],
)
def test_what_a_date_can_have_been(date: str, genes: list[str]) -> None:
    assert excel_readings(date) == genes


def test_unambiguous_dates_are_mended_and_the_rest_is_listed() -> None:
    found = mend_symbols(["STAT1", "2-Sep", "1-Mar", "5-Mar", "13-Sep"])
    assert found.symbols == ["STAT1", "SEPTIN2", "1-Mar", "MARCHF5", "13-Sep"]
    assert found.mended == {"2-Sep": "SEPTIN2", "5-Mar": "MARCHF5"}
    assert found.ambiguous == {"1-Mar": ["MARCHF1", "MTARC1"], "13-Sep": []}
    assert len(found.said()) == 2


@pytest.mark.parametrize("other", ["MARC1", "MTARC1"])
def test_the_other_reading_present_settles_the_date(other: str) -> None:
    assert mend_symbols(["1-Mar", other]).symbols == ["MARCHF1", other]
    assert mend_symbols(["1-Mar", "MARCHF1"]).symbols == ["MTARC1", "MARCHF1"]


def test_a_date_is_not_mended_into_a_gene_that_is_there() -> None:
    assert mend_symbols(["2-Sep", "SEPTIN2"]).symbols == ["2-Sep", "SEPTIN2"]
    assert mend_symbols(["1-Mar", "1-Mar"]).symbols == ["1-Mar", "1-Mar"]


def test_mouse_genes_keep_their_case() -> None:
    assert mend_symbols(["2-Sep", "1-Dec"], "mouse").symbols == ["Septin2", "1-Dec"]


def test_without_dates_nothing_changes() -> None:
    names = ["STAT1", "SEPT2", "NKX2-1", "MARCH1"]
    found = mend_symbols(names)
    assert found.symbols == names
    assert not found.said()
