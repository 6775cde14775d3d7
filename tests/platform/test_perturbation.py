"""Perturbations: identity, controls, and the spellings there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perturbome.platform.errors import InputError
from perturbome.platform.perturbation import (
    MODES,
    SPELLINGS,
    Perturbation,
    is_control,
    is_stand_in,
    is_unassigned,
    parse,
    split_underscores,
    strip_guide,
)

SYMBOLS = st.from_regex(r"[A-Z][A-Z0-9]{1,5}(-[A-Z0-9]{1,3})?", fullmatch=True).filter(
    lambda s: not is_control(s) and not is_stand_in(s) and not is_unassigned(s)
)
GENES = st.lists(SYMBOLS, min_size=1, max_size=3, unique=True).map(tuple)
GENE_MODES = st.sampled_from([m for m in MODES if m != "compound"])


def test_targets_are_sorted_and_unique_and_make_the_id() -> None:
    double = Perturbation(("STAT1", "JAK2", "STAT1"), "knockdown")
    assert double.targets == ("JAK2", "STAT1")
    assert double.id == str(double) == "knockdown:JAK2+STAT1"
    assert double == Perturbation(("JAK2", "STAT1"), "knockdown")
    assert Perturbation(("Bortezomib",), "compound", 0.05).id == "compound:Bortezomib@0.05"


@pytest.mark.parametrize(
    ("targets", "mode", "dose"),
    [
        ((), "knockout", None),
        (("",), "knockout", None),
        (("A+B",), "knockout", None),
        (("A",), "cut", None),
        (("X",), "compound", -1.0),
        (("X",), "compound", float("nan")),
        ("STAT1", "knockout", None),
    ],
)
def test_what_is_no_perturbation_is_refused(targets: tuple[str, ...], mode: str, dose: float | None) -> None:
    with pytest.raises(InputError):
        Perturbation(targets, mode, dose)  # type: ignore[arg-type]


@given(GENES, GENE_MODES)
def test_an_id_reads_back(targets: tuple[str, ...], mode: str) -> None:
    written = Perturbation(targets, mode)  # type: ignore[arg-type]
    assert Perturbation.parse(written.id) == written
    assert Perturbation.parse(written.label, written.mode) == written


@pytest.mark.parametrize("text", ["compound:(+)-JQ1@0.5", "compound:NAD+", "compound:A+B@10", "compound:5-FU@0"])
def test_compounds_read_back(text: str) -> None:
    assert Perturbation.parse(text).id == text


@pytest.mark.parametrize("name", SPELLINGS)
@given(targets=GENES, mode=GENE_MODES)
def test_every_spelling_reads_what_it_writes(name: str, targets: tuple[str, ...], mode: str) -> None:
    spelling = SPELLINGS[name]
    written = Perturbation(targets, mode)  # type: ignore[arg-type]
    # The file knows its genes: only then is `AC-1` surely a gene and not the first guide of AC.
    assert spelling.parse(spelling.write(written), written.mode, known=frozenset(targets)) == written
    assert spelling.parse(spelling.write(None)) is None


@pytest.mark.parametrize(
    ("spelling", "text", "targets"),
    [
        ("gears", "STAT1+ctrl", ("STAT1",)),
        ("gears", "ctrl+STAT1", ("STAT1",)),
        ("gears", "KLF1+MAP2K6", ("KLF1", "MAP2K6")),
        ("norman", "KLF1_MAP2K6__KLF1_MAP2K6", ("KLF1", "MAP2K6")),
        ("norman", "NegCtrl0_CEBPE__NegCtrl0_CEBPE", ("CEBPE",)),
        ("norman", "TGFBR2_IGDCC3_2", ("IGDCC3", "TGFBR2")),
        ("norman", "C11orf53_NegCtrl0__C11orf53_NegCtrl0", ("C11orf53",)),
        ("scperturb", "ZAP70_1", ("ZAP70",)),
        ("scperturb", "AHR_KLF1", ("AHR", "KLF1")),
        ("scperturb", "HLA-A", ("HLA-A",)),
        ("scperturb", "STAT1;JAK2", ("JAK2", "STAT1")),
        ("plain", "STAT1, JAK2", ("JAK2", "STAT1")),
        ("scperturb", "NKX2-1", ("NKX2-1",)),
        ("scperturb", "heat_shock", ("heat_shock",)),
        ("cellxgene", "STAT1 || JAK2", ("JAK2", "STAT1")),
        ("arc", "STAT1", ("STAT1",)),
        ("plain", "Stat1", ("Stat1",)),
    ],
)
def test_spellings_of_the_communities(spelling: str, text: str, targets: tuple[str, ...]) -> None:
    found = parse(text, spelling=spelling)
    assert found is not None
    assert found.targets == targets


@pytest.mark.parametrize(
    ("spelling", "text"),
    [
        ("gears", "ctrl"),
        ("gears", "ctrl+ctrl"),
        ("norman", "NegCtrl10_NegCtrl0__NegCtrl10_NegCtrl0"),
        ("scperturb", "control"),
        ("arc", "non-targeting"),
        ("plain", "NT"),
        ("scperturb", "control_1"),
    ],
)
def test_controls_of_the_communities(spelling: str, text: str) -> None:
    assert parse(text, spelling=spelling) is None


@pytest.mark.parametrize(
    "text",
    [
        "control",
        "ctrl",
        "Ctrl",
        "non-targeting",
        "non_targeting_00012",
        "nontargeting",
        "NT",
        "NTC",
        "NTC_1",
        "NTg1",
        "negctrl",
        "NegCtrl0",
        "scramble",
        "scrambled",
        "safe-targeting",
        "DMSO",
        "DMSO_TF",
        "vehicle",
        "Vehicle",
        "untreated",
        "unperturbed",
        "WT",
        "wild-type",
        "mock",
        "unstimulated",
        "no treatment",
        "CTRL00698",
        "neg_ctrl",
    ],
)
def test_words_that_say_control(text: str) -> None:
    assert is_control(text)


@pytest.mark.parametrize(
    "text", ["WT1", "NTRK1", "NT5E", "CTCF", "CTRB1", "SCRIB", "NTF3", "PBX1", "stimulated", "STAT1", "SAFB"]
)
def test_genes_that_only_look_like_controls(text: str) -> None:
    assert not is_control(text)


def test_a_gene_of_the_file_is_never_a_control() -> None:
    assert parse("NTC1", known={"NTC1"}) == Perturbation(("NTC1",))
    assert parse("NTC1") is None


def test_known_symbols_settle_underscores_and_guide_numbers() -> None:
    assert split_underscores("AC_1", {"AC_1"}) == ("AC_1",)
    assert split_underscores("AC_1", {"AC"}) == ("AC",)
    assert split_underscores("Y_RNA_STAT1", {"Y_RNA", "STAT1"}) == ("Y_RNA", "STAT1")
    assert strip_guide("NKX2-1", {"NKX2-1", "NKX2"}) == "NKX2-1"
    assert strip_guide("STAT2g2", {"STAT2"}) == "STAT2"
    assert strip_guide("sgSTAT2-1", {"STAT2"}) == "STAT2"
    assert strip_guide("NKX2-1", set()) == "NKX2-1"


def test_an_unknown_spelling_lists_the_known() -> None:
    with pytest.raises(InputError, match="gears"):
        parse("A", spelling="nonsense")
