"""Edge lists: what the third column means, which edges have a direction, and how they are recognised."""

from __future__ import annotations

import polars as pl
import pytest
from scipy.stats import rankdata

from perturbome.ingest.priors.edges import normalise, rank_score
from perturbome.ingest.priors.formats import FORMATS, read_prior
from perturbome.platform.errors import BadValues, UnknownName


def edges(parsed, *columns: str) -> dict:
    named = parsed.named()
    return {(r["source"], r["target"]): tuple(r[c] for c in columns) for r in named.iter_rows(named=True)}


def test_beeline_signs(write) -> None:
    chosen, _, parsed = read_prior(write("refNetwork.csv", "Gene1,Gene2,Type\nSOX9,AMH,+\nWT1,AMH,-\n"))
    assert chosen.name == "beeline"
    assert edges(parsed, "sign", "directed") == {("SOX9", "AMH"): (1, True), ("WT1", "AMH"): (-1, True)}


@pytest.mark.parametrize("name", ["human_STRING-network.csv", "HuRI.csv"])
def test_associations_have_no_direction(write, name: str) -> None:
    text = "Gene1,Gene2\nSTAT1,JAK2\nJAK2,STAT1\nIRF1,STAT1\nMYC,MYC\n"
    chosen, why, parsed = read_prior(write(name, text))
    assert chosen.name == "associations"
    assert "no direction" in why
    assert edges(parsed, "directed") == {("JAK2", "STAT1"): (False,), ("IRF1", "STAT1"): (False,)}
    assert (parsed.counts["n_merged"], parsed.counts["n_self_loops"]) == (1, 1)


def test_kind_overrides_recognition(write) -> None:
    path = write("human_STRING-network.csv", "Gene1,Gene2\nSTAT1,JAK2\nJAK2,STAT1\n")
    assert edges(read_prior(path, kind="edge_list")[2], "directed") == {
        ("STAT1", "JAK2"): (True,),
        ("JAK2", "STAT1"): (True,),
    }


def test_unknown_kind_lists_the_known(write) -> None:
    with pytest.raises(UnknownName, match=r"strin.*string, trrust"):
        read_prior(write("x.csv", "a,b\n"), kind="strin")


def test_adjacencies_are_rank_scaled(write) -> None:
    importance = [12.5, 0.01, 3.0, 3.0]
    lines = "".join(f"TF{i},G{i},{v}\n" for i, v in enumerate(importance))
    chosen, _, parsed = read_prior(write("adj.csv", "TF,target,importance\n" + lines))
    assert chosen.name == "adjacencies"
    scores = parsed.named().sort("source")["score"].to_list()
    assert scores == pytest.approx(rankdata(importance) / 4)


def test_rank_score_is_scipys_average_rank() -> None:
    values = pl.Series([5.0, 1.0, 1.0, 8.0, -2.0])
    assert rank_score(values).to_list() == pytest.approx(rankdata(values.to_numpy()) / 5)


@pytest.mark.parametrize(
    ("third", "score", "sign"),
    [
        (["0.5", "0.25"], [0.5, 0.25], [0, 0]),
        (["251", "446"], [0.5, 1.0], [0, 0]),
        (["-0.5", "0.25"], [0.5, 0.25], [-1, 1]),
        (["-1", "1"], [1.0, 1.0], [-1, 1]),
        (["+", "-"], [1.0, 1.0], [1, -1]),
        (["activation", "repression"], [1.0, 1.0], [1, -1]),
    ],
)
def test_third_column(write, third: list[str], score: list[float], sign: list[int]) -> None:
    parsed = read_prior(write("net.tsv", "".join(f"A{i}\tB{i}\t{v}\n" for i, v in enumerate(third))))[2]
    named = parsed.named().sort("source")
    assert named["score"].to_list() == pytest.approx(score)
    assert named["sign"].to_list() == sign


def test_gold_standards_list_absent_edges_too(write) -> None:
    parsed = read_prior(write("gold.tsv", "G1\tG2\t1\nG1\tG3\t0\n"))[2]
    assert list(edges(parsed)) == [("G1", "G2")]
    assert any("1 lines of score 0" in line for line in parsed.said)


def test_blank_separated_with_several_blanks(write) -> None:
    assert list(edges(read_prior(write("net.txt", "STAT1   IRF1\nJAK2 STAT1\n"))[2])) == [
        ("STAT1", "IRF1"),
        ("JAK2", "STAT1"),
    ]


def test_bad_scores_show_where(write) -> None:
    with pytest.raises(BadValues, match=r"'n\.d\.' \(row 2\)"):
        read_prior(write("net.csv", "source,target,score\nA,B,0.1\nC,D,n.d.\n"))


def test_row_numbers_are_no_genes(write) -> None:
    with pytest.raises(BadValues, match="Entrez"):
        read_prior(write("label.csv", ",TF,Target\n0,5,495\n1,5,86\n"))


def test_empty_names_are_listed(write) -> None:
    parsed = read_prior(write("net.csv", "Gene1,Gene2\nSTAT1,\nNA,IRF1\nJAK2,STAT1\n"))[2]
    assert parsed.unmapped == ["(empty)", "NA"]
    assert parsed.counts["n_malformed"] == 2
    assert list(edges(parsed)) == [("JAK2", "STAT1")]


def test_doubling_every_line_changes_nothing() -> None:
    frame = pl.DataFrame(
        {"source": ["A", "B", "A"], "target": ["B", "C", "C"], "score": [0.1, 0.2, 0.3], "sign": [1, -1, 0]}
    )
    for directed in (True, False):
        once = normalise(frame, directed=directed)
        twice = normalise(pl.concat([frame, frame]), directed=directed)
        assert once.rows.equals(twice.rows)
        assert twice.counts["n_merged"] == once.counts["n_merged"] + 3


def test_turning_undirected_edges_changes_nothing() -> None:
    frame = pl.DataFrame({"source": ["A", "B", "D"], "target": ["B", "C", "A"], "score": [0.1, 0.2, 0.3]})
    turned = frame.select(pl.col("target").alias("source"), pl.col("source").alias("target"), "score")
    assert normalise(frame, directed=False).rows.equals(normalise(turned, directed=False).rows)


def test_every_format_says_what_it_is() -> None:
    for name, entry in FORMATS.items():
        assert name == entry.name
        assert entry.meaning


@pytest.mark.data
def test_real_networks(data_dir) -> None:
    folder = data_dir / "prior_networks"
    _, _, parsed = read_prior(folder / "human_STRING-network.csv")
    raw = pl.read_csv(folder / "human_STRING-network.csv").filter(pl.col("Gene1") != pl.col("Gene2"))
    pairs = {frozenset(p) for p in raw.iter_rows()}
    assert parsed.rows.height == len(pairs)
    chosen, _, parsed = read_prior(folder / "mouse_mDC-ChIP-seq-network.csv")
    assert (chosen.name, parsed.rows.height) == ("beeline", 30_658)
