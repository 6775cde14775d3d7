"""TRRUST, DoRothEA and CollecTRI: signs, confidence, evidence."""

from __future__ import annotations

import polars as pl
import pytest

from perturbome.ingest.priors.formats import read_prior
from perturbome.platform.errors import BadValues, MissingColumn

TRRUST = (
    "STAT1\tIRF1\tActivation\t1\n"
    "STAT1\tIRF1\tRepression\t2\n"
    "STAT1\tMYC\tUnknown\t3\n"
    "STAT1\tMYC\tRepression\t4;5\n"
    "JUN\tJUN\tActivation\t6\n"
)


def rows(parsed) -> dict:
    named = parsed.named()
    return {(r["source"], r["target"]): (r["sign"], r["evidence"]) for r in named.iter_rows(named=True)}


def test_trrust_contradiction_is_sign_zero_with_both_references(write) -> None:
    chosen, _, parsed = read_prior(write("trrust_rawdata.human.tsv", TRRUST))
    assert chosen.name == "trrust"
    assert rows(parsed)["STAT1", "IRF1"] == (0, "Activation:1;Repression:2")
    assert parsed.counts["n_contradicting"] == 1


def test_trrust_unknown_yields_to_a_known_sign(write) -> None:
    assert rows(read_prior(write("t.tsv", TRRUST))[2])["STAT1", "MYC"] == (-1, "Unknown:3;Repression:4;5")


def test_autoregulation_is_kept(write) -> None:
    parsed = read_prior(write("t.tsv", TRRUST))[2]
    assert rows(parsed)["JUN", "JUN"] == (1, "Activation:6")
    assert parsed.rows["directed"].all()


def test_order_of_lines_changes_nothing(write) -> None:
    backwards = "".join(reversed(TRRUST.splitlines(keepends=True)))
    one, other = (rows(read_prior(write(n, t))[2]) for n, t in (("a.tsv", TRRUST), ("b.tsv", backwards)))
    assert {k: v[0] for k, v in one.items()} == {k: v[0] for k, v in other.items()}


def test_trrust_strange_mode(write) -> None:
    with pytest.raises(BadValues, match=r"'Maybe'.*Known: Activation"):
        read_prior(write("t.tsv", TRRUST + "A\tB\tMaybe\t7\n"), kind="trrust")


DOROTHEA = "tf,confidence,target,mor\nAHR,C,CYP1A1,1\nAHR,A,CYP1B1,-1\nAHR,E,MYC,0.5\n"


def test_dorothea_letters_are_scores(write) -> None:
    chosen, _, parsed = read_prior(write("dorothea_hs.csv.gz", DOROTHEA))
    assert chosen.name == "dorothea"
    named = parsed.named().sort("target")
    assert named["score"].to_list() == pytest.approx([0.6, 1.0, 0.2])
    assert named["sign"].to_list() == [1, -1, 1]
    assert named["evidence"][0] == "confidence C"


def test_dorothea_unknown_letter_and_missing_column(write) -> None:
    with pytest.raises(BadValues, match=r"'X'.*A to E"):
        read_prior(write("d.csv", DOROTHEA + "A,X,B,1\n"))
    with pytest.raises(MissingColumn, match=r"'mor'.*Available: tf, confidence, target"):
        read_prior(write("d.csv", "tf,confidence,target\nA,B,C\n"))


@pytest.mark.parametrize("header", ["source,target,weight", "source,target,mor"])
def test_collectri(write, header: str) -> None:
    chosen, _, parsed = read_prior(write("net.csv", f"{header}\nMYC,TERT,1\nMYC,CDKN1A,-1\n"))
    assert chosen.name == "collectri"
    assert rows(parsed) == {("MYC", "TERT"): (1, None), ("MYC", "CDKN1A"): (-1, None)}


def test_collectri_resources_are_evidence_and_complexes_are_listed(write) -> None:
    text = "source,target,weight,resources,PMID\nMYC,TERT,1,ExTRI;TFactS,10022128\nCOMPLEX:P01100_P05412,MYC,1,x,1\n"
    parsed = read_prior(write("CollecTRI.csv", text))[2]
    assert rows(parsed) == {("MYC", "TERT"): (1, "resources:ExTRI;TFactS PMID:10022128")}
    assert parsed.unmapped == ["COMPLEX:P01100_P05412"]


@pytest.mark.data
def test_real_trrust_against_plain_counting(data_dir) -> None:
    path = data_dir / "prior_trrust" / "trrust_rawdata.human.tsv"
    parsed = read_prior(path)[2]
    raw = pl.read_csv(path, separator="\t", has_header=False, new_columns=["s", "t", "mode", "pmid"])
    modes = raw.group_by("s", "t").agg(pl.col("mode").unique())
    both = modes.filter(pl.col("mode").list.contains("Activation") & pl.col("mode").list.contains("Repression"))
    assert parsed.rows.height == modes.height
    assert parsed.counts["n_contradicting"] == both.height
