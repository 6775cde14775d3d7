"""From file to store: genes matched, organism decided aloud, nothing lost in silence, replaced only when complete."""

from __future__ import annotations

from dataclasses import asdict

import polars as pl
import pytest

from perturbome.ingest.priors.add import add_prior
from perturbome.platform.errors import InputError

EDGES = "Gene1,Gene2,Type\nSTAT1,IRF1,+\nJAK2,STAT1,+\nMYC,CDKN1A,-\n"


def measure(store, symbols: list[str], organism: str, dataset: str = "exp", ensembl: list[str] | None = None) -> None:
    """A data set that measures these genes and holds one cell."""
    with store.run("ingest", name=dataset, datasets=[dataset]) as run:
        run.register_genes(symbols, organism=organism, ensembl=ensembl, dataset=dataset, gene_index="position")
        first = run.allot_cells(1)
        run.write("cells", pl.DataFrame({"dataset": [dataset], "cell": [first], "name": ["c"], "control": [True],
                                         "cell_type": ["all"], "gene_index": [[0]], "value": [[1.0]]}))  # fmt: skip
        run.write("datasets", pl.DataFrame({"dataset": [dataset], "organism": [organism], "n_cells": [1],
                                            "n_genes": [len(symbols)], "expression_unit": ["log1p"],
                                            "raw_state": ["log1p"]}))  # fmt: skip


def stored(store) -> pl.DataFrame:
    symbols = store.genes().select("gene", "symbol")
    return (
        store.lake.scan("priors").collect()
        .join(symbols.rename({"gene": "source", "symbol": "from"}), on="source", how="left")
        .join(symbols.rename({"gene": "target", "symbol": "to"}), on="target", how="left")
    )  # fmt: skip


def test_edges_reach_the_lake(store, write) -> None:
    added = add_prior(store, write("refNetwork.csv", EDGES), organism="human", name="toy")
    assert (added.kind, added.n_edges, added.n_genes, added.n_unmapped) == ("beeline", 3, 5, 0)
    rows = stored(store)
    assert set(rows.select("from", "to", "sign").rows()) == {
        ("STAT1", "IRF1", 1),
        ("JAK2", "STAT1", 1),
        ("MYC", "CDKN1A", -1),
    }
    assert rows["source_key"].is_sorted()
    assert rows["run"].unique().to_list() == [added.run]
    assert set(rows["prior"]) == {"toy"}


def test_result_is_plain_data(store, write) -> None:
    added = asdict(add_prior(store, write("net.csv", EDGES)))
    assert list(added) == [
        "run",
        "name",
        "kind",
        "n_edges",
        "n_genes",
        "unmapped",
        "n_unmapped",
        "n_dropped_by_score",
        "said",
    ]


def test_string_end_to_end(store, string_links) -> None:
    added = add_prior(store, string_links, min_score=0.5)
    assert (added.name, added.n_edges, added.n_dropped_by_score, added.unmapped) == ("string", 1, 1, ["9606.ENSP9"])
    metrics = store.lake.run(added.run).metrics
    assert metrics["unmapped"] == ["9606.ENSP9"]
    assert metrics["n_dropped_by_score"] == 1
    assert any("9606.ENSP9" in line for line in added.said)
    assert {p.rsplit("/", 1)[-1] for p in store.lake.run(added.run).inputs} == {
        "9606.protein.links.v12.0.txt.gz", "9606.protein.info.v12.0.txt.gz",
    }  # fmt: skip


def test_genes_of_the_experiment_are_met_by_symbol_and_ensembl(store, write) -> None:
    measure(store, ["STAT1", "IRF1"], "human", ensembl=["ENSG00000115415", "ENSG00000125347"])
    add_prior(store, write("net.csv", EDGES), name="by symbol")
    add_prior(store, write("huri.tsv", "protein1\tprotein2\nENSG00000115415.3\tENSG00000125347\n"), name="by id")
    rows = stored(store).filter(pl.col("to") == "IRF1")
    assert rows["source"].to_list() == ["ENSG00000115415"] * 2
    assert rows["target"].to_list() == ["ENSG00000125347"] * 2


def test_two_names_of_one_gene_fall_together(store, write) -> None:
    measure(store, ["STAT1"], "human", ensembl=["ENSG00000115415"])
    text = "STAT1\tIRF1\t0.3\nENSG00000115415\tIRF1\t0.8\n"
    added = add_prior(store, write("net.tsv", text), organism="human")
    assert added.n_edges == 1
    assert stored(store)["score"].to_list() == pytest.approx([0.8])


def test_undirected_edges_are_ordered_by_gene_id(store, write) -> None:
    measure(store, ["ZZZ1"], "human", ensembl=["AAA"])
    add_prior(store, write("ppi.csv", "Gene1,Gene2\nMMM1,ZZZ1\nBBB1,MMM1\n"), organism="human")
    rows = stored(store)
    assert (rows["source"] < rows["target"]).all()
    assert not rows["directed"].any()


def test_overlap_is_told_for_each_data_set(store, write) -> None:
    measure(store, ["STAT1", "IRF1", "ACTB"], "human")
    added = add_prior(store, write("net.csv", EDGES))
    assert "data set 'exp' measures 2 of its 5 genes" in added.said
    assert store.lake.run(added.run).metrics["overlap"] == {"exp": 2}


def test_human_prior_on_mouse_data_warns(store, write) -> None:
    measure(store, ["Stat1", "Irf1", "Jak2"], "mouse")
    added = add_prior(store, write("human_net.csv", EDGES))
    warning = next(line for line in added.said if line.startswith("WARNING"))
    assert "'exp' (mouse)" in warning
    assert "(human)" in warning
    assert "3 symbols agree but for upper and lower case" in warning


def test_genes_of_an_unknown_organism_are_not_called_a_file_to_take(store, write) -> None:
    measure(store, ["abc1", "abc2"], "unknown")
    added = add_prior(store, write("human_net.csv", EDGES))
    warning = next(line for line in added.said if line.startswith("WARNING"))
    assert "ingest it anew with --organism human --replace if they are human" in warning
    assert "take the unknown" not in warning
    with pytest.raises(InputError, match="Did you mean 'mouse'"):
        add_prior(store, write("other_net.csv", EDGES), organism="mousse")


IDS = "ENSG00000115415\tENSG00000125347\nENSG00000096968\tENSG00000115415\n"


def test_a_prior_by_ensembl_ids_says_so_and_either_way_out_leads_to_shared_genes(store, write) -> None:
    measure(store, ["STAT1", "IRF1", "ACTB"], "human")
    added = add_prior(store, write("ppi.tsv", IDS), organism="human", name="ppi")
    warning = next(line for line in added.said if line.startswith("WARNING"))
    assert "its names are Ensembl ids (ENSG0" in warning
    assert "those of the data set symbols (ACTB)" in warning
    assert "HGNC or Ensembl BioMart" in warning
    assert "'gene_ids'" in warning
    mapped = "STAT1\tIRF1\nJAK2\tSTAT1\n"
    again = add_prior(store, write("mapped_ppi.tsv", mapped), organism="human", name="ppi", replace=True)
    assert store.lake.run(again.run).metrics["overlap"] == {"exp": 2}


def test_a_data_set_with_both_names_meets_a_prior_by_ensembl_ids_stored_before(store, write) -> None:
    add_prior(store, write("ppi.tsv", IDS), organism="human", name="ppi")
    measure(store, ["STAT1", "IRF1"], "human", ensembl=["ENSG00000115415", "ENSG00000125347"])
    measured = store.lake.scan("genes").filter(pl.col("dataset") == "exp").collect()["gene"]
    assert set(measured) <= set(stored(store)["source"]) | set(stored(store)["target"])


@pytest.mark.parametrize(
    ("prior", "names", "told"),
    [
        (EDGES, ["ENSG00000115415", "ENSG00000125347"], "those of the data set Ensembl ids"),
        (EDGES, ["10007", "1001", "10013"], "those of the data set Entrez ids (10007): ingest the data set"),
        (EDGES, ["GENEA", "GENEB"], ""),
    ],
)
def test_names_of_another_kind_are_told_and_only_those(store, write, prior: str, names: list[str], told: str) -> None:
    measure(store, names, "human")
    warning = next(s for s in add_prior(store, write("net.csv", prior), organism="human").said if "WARNING" in s)
    assert told in warning
    assert ("its names are" in warning) == bool(told)


def test_mouse_network_in_capitals_takes_the_stores_spelling(store, write) -> None:
    measure(store, ["Stat1", "Irf1", "Jak2"], "mouse")
    added = add_prior(store, write("mouse_net.csv", EDGES))
    assert any("the store's spelling was taken" in line for line in added.said)
    assert "Irf1" in stored(store)["to"].to_list()
    assert store.lake.run(added.run).metrics["overlap"] == {"exp": 3}


@pytest.mark.parametrize(
    ("name", "text", "organism", "because"),
    [
        ("net_mouse.csv", EDGES, "mouse", "file name"),
        ("net.csv", EDGES, "human", "capitals"),
        ("net.csv", "Gene1,Gene2\nStat1,Irf1\nJak2,Stat1\n", "mouse", "Title case"),
        ("net.csv", "Gene1,Gene2\nENSMUSG00000000001,ENSMUSG00000000003\n", "mouse", "Ensembl"),
    ],
)
def test_organism_is_decided_aloud(store, write, name: str, text: str, organism: str, because: str) -> None:
    added = add_prior(store, write(name, text))
    assert any(line.startswith(f"organism {organism}:") and because in line for line in added.said)


def test_the_stores_genes_decide_before_the_case_of_names(store, write) -> None:
    measure(store, ["STAT1", "IRF1"], "unknown")
    added = add_prior(store, write("net.csv", EDGES))
    assert any(line.startswith("organism unknown: 2 of its names") for line in added.said)


def test_ensembl_ids_of_another_organism_than_asked(store, write) -> None:
    path = write("net.csv", "Gene1,Gene2\nENSMUSG00000000001,ENSMUSG00000000003\n")
    with pytest.raises(InputError, match=r"mouse \(taxon 10090\).*organism=human"):
        add_prior(store, path, organism="human")
    assert store.runs() == []


def test_dates_that_were_genes(store, write) -> None:
    added = add_prior(store, write("net.csv", "Gene1,Gene2\nSTAT1,5-Mar\nSTAT1,1-Mar\n"), organism="human")
    assert stored(store)["to"].to_list() == ["MARCHF5"]
    assert added.unmapped == ["1-Mar"]


def test_name_taken(store, write) -> None:
    path = write("net.csv", EDGES)
    first = add_prior(store, path, name="mine")
    with pytest.raises(InputError, match=f"'mine' .*{first.run}.*--replace"):
        add_prior(store, path, name="mine")
    second = add_prior(store, path, name="mine", replace=True)
    assert [run.id for run in store.runs()] == [second.run]
    assert set(store.lake.scan("priors").collect()["run"]) == {second.run}


def test_a_failed_replacement_keeps_the_old(store, write) -> None:
    first = add_prior(store, write("net.csv", EDGES), name="mine")
    with pytest.raises(InputError):
        add_prior(store, write("bad.csv", "Gene1,Gene2\n,\n"), name="mine", replace=True)
    assert [run.id for run in store.runs()] == [first.run]


def test_gene_sets_and_regulators(store, write) -> None:
    sets = add_prior(store, write("sets.gmt", "IFN\tinterferon\tSTAT1\tIRF1\nJAK\tkinases\tJAK2\n"), organism="human")
    assert (sets.n_edges, sets.n_genes) == (3, 3)
    rows = store.lake.scan("gene_sets").collect()
    assert set(rows["collection"]) == {"sets"}
    assert rows.filter(pl.col("gene_set") == "IFN")["gene"].to_list() == ["human:STAT1", "human:IRF1"]
    listed = add_prior(store, write("tfs.txt", "STAT1\nIRF1\n"), organism="human")
    assert (listed.n_edges, listed.n_genes) == (0, 2)
    genes = store.genes()
    assert set(genes.filter(pl.col("regulator"))["symbol"]) == {"STAT1", "IRF1"}


def test_min_score_out_of_range(store, write) -> None:
    with pytest.raises(InputError, match=r"700 is 0\.7"):
        add_prior(store, write("net.csv", EDGES), min_score=700)


def test_nothing_left(store, write) -> None:
    with pytest.raises(InputError, match=r"2 edges lie below min_score=0\.9"):
        add_prior(store, write("net.csv", "source,target,score\nA1,B1,0.5\nA1,C1,0.5\n"), min_score=0.9)
    with pytest.raises(InputError, match="header and nothing else"):
        add_prior(store, write("net.csv", "Gene1,Gene2\n"))


def test_scores_at_the_threshold_stay(store, write) -> None:
    added = add_prior(store, write("net.csv", "source,target,score\nAA,BB,0.7\nAA,CC,0.69\n"), min_score=0.7)
    assert (added.n_edges, added.n_dropped_by_score) == (1, 1)


def test_progress_is_reported(store, string_links) -> None:
    heard: list[tuple[str, int, int | None]] = []
    add_prior(store, string_links, report=lambda *step: heard.append(step))
    assert any("reading 9606" in what and 0 <= done <= (total or 0) for what, done, total in heard)


@pytest.mark.data
def test_real_priors_side_by_side(store, data_dir) -> None:
    add_prior(store, data_dir / "prior_networks" / "human_STRING-network.csv", name="STRING")
    add_prior(store, data_dir / "prior_trrust" / "trrust_rawdata.human.tsv")
    add_prior(store, data_dir / "prior_networks" / "human-tfs.csv", name="TFs")
    rows = stored(store)
    assert dict(rows.group_by("prior").len().rows()) == {"STRING": 81_141, "trrust": 8_427}
    assert rows.null_count().select("source_key", "target_key", "from", "to").row(0) == (0, 0, 0, 0)
    assert store.genes()["gene"].is_unique().all()
