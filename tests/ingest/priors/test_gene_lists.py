"""GMT collections and lists of transcription factors."""

from __future__ import annotations

import pytest

from perturbome.ingest.priors.formats import read_prior
from perturbome.platform.errors import MissingColumn, UnreadableFile

GMT = "IFN\thttp://x\tSTAT1\tIRF1\t\nMYC TARGETS\t\tTERT,1.0\tSTAT1,0.5\tTERT,1.0\nEMPTY\tnothing\t\n"


def test_gmt(write) -> None:
    chosen, _, parsed = read_prior(write("sets.gmt.gz", GMT))
    named = parsed.named()
    assert (chosen.name, parsed.content) == ("gmt", "gene_sets")
    assert named.select("gene_set", "gene").rows() == [
        ("IFN", "STAT1"), ("IFN", "IRF1"), ("MYC TARGETS", "TERT"), ("MYC TARGETS", "STAT1"),
    ]  # fmt: skip
    assert named["description"][0] == "http://x"
    assert parsed.counts["n_merged"] == 1
    assert parsed.said == ["1 sets without a gene were left out"]


def test_gmt_without_any_set(write) -> None:
    with pytest.raises(UnreadableFile, match="no gene set"):
        read_prior(write("sets.gmt", "IFN\tonly a description\n"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("STAT1\nIRF1\nSTAT1\n", ["STAT1", "IRF1"]),
        ("TF\nSTAT1\nIRF1\n", ["STAT1", "IRF1"]),
        ("TF,Sources\nSTAT1,RegNetwork|TRRUST\nIRF1,TRRUST\n", ["STAT1", "IRF1"]),
        ("ID,Name,DBD,isTF?\nENSG1,STAT1,STAT,Yes\nENSG2,ACTB,,No\nENSG3,IRF1,IRF,Yes\n", ["STAT1", "IRF1"]),
        ("Ensembl ID,HGNC symbol,DBD,Is TF?\nENSG1,STAT1,STAT,Yes\nENSG2,ACTB,,No\n", ["STAT1"]),
    ],
)
def test_tf_lists(write, text: str, expected: list[str]) -> None:
    chosen, _, parsed = read_prior(write("tfs.csv", text))
    assert (chosen.name, parsed.content) == ("tf_list", "regulators")
    assert parsed.names == expected


def test_those_that_are_no_regulators_are_counted(write) -> None:
    parsed = read_prior(write("tfs.csv", "Name,Is TF?\nSTAT1,Yes\nACTB,No\n"))[2]
    assert parsed.counts["n_not_regulators"] == 1


def test_a_table_without_names(write) -> None:
    with pytest.raises(MissingColumn, match="Available: DBD, Is TF"):
        read_prior(write("tfs.csv", "DBD,Is TF?\nSTAT,Yes\n"))


@pytest.mark.data
def test_lambert(data_dir) -> None:
    """Lambert et al. 2018 count 1,639 human transcription factors."""
    assert len(read_prior(data_dir / "prior_tf" / "human_TF_Lambert_2018.csv")[2].names) == 1639
