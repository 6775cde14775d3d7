"""STRING: proteins become genes, pairs are stored once, channels combine by STRING's rule."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from perturbome.ingest.priors import string_batches
from perturbome.ingest.priors import string_links as reader
from perturbome.ingest.priors.formats import read_prior
from perturbome.ingest.priors.record import Ask
from perturbome.ingest.priors.string_channels import PRIOR, combine
from perturbome.platform.errors import BadValues, InputError, MissingColumn, UnreadableFile

from .conftest import INFO, LINKS

FULL = (
    "protein1 protein2 neighborhood neighborhood_transferred fusion cooccurence homology coexpression "
    "coexpression_transferred experiments experiments_transferred database database_transferred textmining "
    "textmining_transferred combined_score\n"
    "9606.ENSP1 9606.ENSP2 0 0 0 0 0 300 200 500 0 0 0 0 0 650\n"
)
DETAILED = (
    "protein1 protein2 neighborhood fusion cooccurence coexpression experimental database textmining combined_score\n"
    "9606.ENSP1 9606.ENSP2 0 0 0 300 500 0 41 650\n"
)


def edges(parsed) -> dict:
    return {(s, t): (round(score, 4), directed) for s, t, score, directed in
            parsed.named().select("source", "target", "score", "directed").iter_rows()}  # fmt: skip


def test_each_pair_once_without_direction(string_links) -> None:
    chosen, why, parsed = read_prior(string_links)
    assert chosen.name == "string"
    assert "combined_score" in why
    assert edges(parsed) == {("JAK2", "STAT1"): (0.9, False), ("IRF1", "STAT1"): (0.4, False)}
    assert parsed.organism == "human"


def test_unmapped_proteins_are_listed(string_links) -> None:
    parsed = read_prior(string_links)[2]
    assert parsed.unmapped == ["9606.ENSP9"]
    assert parsed.counts["n_unmapped_lines"] == 2


def test_two_proteins_of_one_gene_keep_the_better_score(write, string_links) -> None:
    more = LINKS + "9606.ENSP4 9606.ENSP2 950\n9606.ENSP4 9606.ENSP1 999\n"
    parsed = read_prior(write("9606.protein.links.v12.0.txt", more))[2]
    assert edges(parsed)["JAK2", "STAT1"] == (0.95, False)
    assert parsed.counts["n_self_loops"] == 1


def test_a_pair_listed_in_one_direction_only_is_kept(write, string_links) -> None:
    one = "protein1 protein2 combined_score\n9606.ENSP3 9606.ENSP2 321\n"
    assert edges(read_prior(write("9606.protein.links.v12.0.txt", one))[2]) == {("IRF1", "JAK2"): (0.321, False)}


def test_min_score_counts_pairs_not_lines(string_links) -> None:
    parsed = read_prior(string_links, ask=Ask(min_score=0.7))[2]
    assert list(edges(parsed)) == [("JAK2", "STAT1")]
    assert parsed.counts["n_dropped_by_score"] == 1


def test_min_score_includes_its_own_value(string_links) -> None:
    assert read_prior(string_links, ask=Ask(min_score=0.9))[2].rows.height == 1
    assert read_prior(string_links, ask=Ask(min_score=0.4))[2].rows.height == 2


@pytest.mark.parametrize("name", ["9606.protein.links.detailed.v11.0.csv", "9606.links.tsv"])
def test_separators_and_quotes(write, string_links, name: str) -> None:
    separator = "," if name.endswith("csv") else "\t"
    quoted = "\n".join(
        separator.join(f'"{f}"' if not f.isdigit() else f for f in line.split()) for line in LINKS.split("\n")
    )
    assert edges(read_prior(write(name, quoted))[2])["JAK2", "STAT1"] == (0.9, False)


def test_small_blocks_give_the_same(write, string_links, monkeypatch) -> None:
    """Reading in many batches with many foldings changes nothing."""
    rng = np.random.default_rng(3)
    pairs = [(a, b) for a in range(40) for b in range(a)]
    names = "".join(f"9606.P{i}\tG{i}\t1\tx\n" for i in range(40))
    write("9606.protein.info.v12.0.txt.gz", INFO.splitlines()[0] + "\n" + names)
    lines = [f"9606.P{x} 9606.P{y} {s}" for (a, b), s in zip(pairs, rng.integers(150, 999, len(pairs)), strict=True)
             for x, y in ((a, b), (b, a))]  # fmt: skip
    rng.shuffle(lines)
    path = write("9606.protein.links.v12.0.txt.gz", "protein1 protein2 combined_score\n" + "\n".join(lines) + "\n")
    at_once = read_prior(path)[2]
    monkeypatch.setattr(string_batches, "BLOCK", 512)
    monkeypatch.setattr(reader, "COMPACT_AT", 50)
    in_parts = read_prior(path)[2]
    assert at_once.rows.height == len(pairs)
    assert at_once.rows.equals(in_parts.rows)
    assert in_parts.counts == at_once.counts


def test_combined_channels_against_strings_own_arithmetic() -> None:
    """Oracle: the arithmetic of combine_subscores.py, written out for one pair of scores."""
    a, b = 0.300, 0.200
    free_a, free_b = (a - 0.041) / (1 - 0.041), (b - 0.041) / (1 - 0.041)
    expected = (1 - (1 - free_a) * (1 - free_b)) * (1 - 0.041) + 0.041
    assert combine(np.array([a]), np.array([b]))[0] == pytest.approx(expected, abs=1e-6)


def test_combining_with_nothing_changes_nothing() -> None:
    direct = np.array([0.0, PRIOR, 0.3, 0.999])
    assert combine(direct, np.zeros(4)) == pytest.approx(direct, abs=1e-6)
    assert combine(np.zeros(4), direct) == pytest.approx(direct, abs=1e-6)


def test_full_files_join_both_halves(write, string_links) -> None:
    row = read_prior(write("9606.protein.links.full.v12.0.txt", FULL))[2].rows.row(0, named=True)
    assert row["coexpression"] == pytest.approx(0.41634, abs=6e-4)
    assert row["experimental"] == pytest.approx(0.5)
    assert row["textmining"] == 0
    assert row["score"] == pytest.approx(0.65)  # the file's own combined score, untouched
    assert "homology" not in row


def test_detailed_files_keep_their_channels(write, string_links) -> None:
    row = read_prior(write("9606.protein.links.detailed.v12.0.txt", DETAILED))[2].rows.row(0, named=True)
    assert (row["coexpression"], row["experimental"], row["textmining"]) == pytest.approx((0.3, 0.5, 0.041))


def test_aliases_take_the_best_source(write) -> None:
    aliases = (
        "#string_protein_id\talias\tsource\n"
        "9606.ENSP1\tISGF-3\tUniProt_DE\n9606.ENSP1\tSTAT91\tUniProt_GN_Name\n9606.ENSP1\tSTAT1\tEnsembl_HGNC_symbol\n"
        "9606.ENSP2\tENSG00000096968\tEnsembl_gene\n"
    )
    write("9606.protein.aliases.v12.0.txt.gz", aliases)
    assert list(edges(read_prior(write("9606.protein.links.v12.0.txt", LINKS))[2])) == [("ENSG00000096968", "STAT1")]


def test_aliases_of_version_11(write) -> None:
    aliases = (
        "## string_protein_id ## alias ## source ##\n"
        "9606.ENSP1\tSTAT1\tBLAST_KEGG_NAME BioMart_HUGO Ensembl_HGNC\n9606.ENSP2\tJAK2\tEnsembl_HGNC\n"
    )
    info = write("old_aliases.txt", aliases)
    parsed = read_prior(write("9606.protein.links.v11.0.txt", LINKS), ask=Ask(info=info))[2]
    assert list(edges(parsed)) == [("JAK2", "STAT1")]


def test_without_companion_says_what_to_pass(write) -> None:
    with pytest.raises(InputError, match=r"9606\.protein\.info.*--info PATH"):
        read_prior(write("9606.protein.links.v12.0.txt", LINKS))


def test_companion_of_the_same_version_is_preferred(write, string_links) -> None:
    write("9606.protein.info.v9.9.txt.gz", INFO.replace("STAT1", "WRONG"))
    assert "STAT1" in read_prior(string_links)[2].names


def test_companion_of_another_organism_names_both(write) -> None:
    info = write("10090.protein.info.v12.0.txt", INFO.replace("9606.", "10090."))
    with pytest.raises(InputError, match=r"human \(taxon 9606\).*mouse \(taxon 10090\)"):
        read_prior(write("9606.protein.links.v12.0.txt", LINKS), ask=Ask(info=info))


def test_another_organism_than_asked_names_both(string_links) -> None:
    with pytest.raises(InputError, match=r"human \(taxon 9606\).*organism=mouse"):
        read_prior(string_links, ask=Ask(organism="mouse"))


def test_companion_handed_in_as_network(string_links) -> None:
    with pytest.raises(InputError, match="companion"):
        read_prior(string_links.parent / "9606.protein.info.v12.0.txt.gz")


@pytest.mark.parametrize("score", ["high", "1001", "-3", "0.9", ""])
def test_bad_scores(write, string_links, score: str) -> None:
    with pytest.raises((BadValues, UnreadableFile), match="combined_score"):
        read_prior(write("9606.protein.links.v12.0.txt", LINKS + f"9606.ENSP1 9606.ENSP3 {score}\n"))


def test_missing_score_column_lists_the_others(write, string_links) -> None:
    with pytest.raises(MissingColumn, match=r"combined_score.*Available: protein1, protein2, textmining"):
        read_prior(write("9606.links.txt", "protein1 protein2 textmining\n9606.ENSP1 9606.ENSP2 9\n"), kind="string")


def test_malformed_lines_are_counted(write, string_links) -> None:
    parsed = read_prior(write("9606.protein.links.v12.0.txt", LINKS + "9606.ENSP1\n"))[2]
    assert parsed.counts["n_malformed"] == 1


def test_truncated_in_the_middle(write, string_links) -> None:
    many = LINKS + "".join(f"9606.ENSP{i * 7919 % 99991} 9606.ENSP{i * 104729} {i % 1000}\n" for i in range(60_000))
    path = write("9606.protein.links.v12.0.txt.gz", many)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(UnreadableFile, match="cut short"):
        read_prior(path)


@pytest.mark.data
def test_yeast_as_string_publishes_it(data_dir) -> None:
    folder = data_dir / "prior_string_v12"
    parsed = read_prior(folder / "4932.protein.physical.links.v12.0.txt.gz")[2]
    raw = pl.read_csv(folder / "4932.protein.physical.links.v12.0.txt.gz", separator=" ")
    assert parsed.rows.height * 2 == raw.height
    assert parsed.unmapped == []
    assert parsed.rows["score"].sum() * 2000 == pytest.approx(raw["combined_score"].sum(), rel=1e-4)
