"""Real knock-outs (THP-1, ECCITE-seq): predictions from control cells alone, and the rank of the gene that was cut."""

import polars as pl
import pytest

from perturbome.models import compare_with_measured, knockout, rank_targets
from perturbome.platform import Store

MEASURED = ("STAT1", "STAT2", "STAT3", "JAK2", "NFKBIA", "CMTM6", "UBE2L6", "IFNGR2", "TNFRSF14")

pytestmark = [pytest.mark.data, pytest.mark.slow]


@pytest.fixture(scope="module")
def papalexi(data_dir, tmp_path_factory):
    """The experiment with priors, and a network that no perturbed cell has been used for."""
    from perturbome.ingest import add_experiment, add_prior, infer_regulation

    store = Store(tmp_path_factory.mktemp("papalexi") / "store")
    add_experiment(store, data_dir / "perturb_papalexi_thp1" / "papalexi_thp1_eccite_299g.h5ad", dataset="papalexi")
    add_prior(store, data_dir / "prior_networks" / "human_STRING-network.csv")
    add_prior(store, data_dir / "prior_tf" / "human_TF_Lambert_2018.csv")
    infer_regulation(store, "papalexi", cells="control", n_bootstraps=20)
    return store


def test_a_blind_comparison_puts_model_baseline_and_ceiling_side_by_side(papalexi):
    table = compare_with_measured(papalexi, "papalexi")
    assert table["blind"].all(), "its network saw control cells alone"
    assert table.height == 25
    strong = table.filter(pl.col("replicate") > 0.9)
    assert {"knockout:STAT1", "knockout:JAK2", "knockout:IFNGR1", "knockout:IFNGR2"} <= set(strong["perturbation"])
    # What the others do on average is a strong answer in a screen of one pathway; the model must not hide it.
    pathway = strong.filter(pl.col("perturbation").is_in(["knockout:STAT1", "knockout:JAK2", "knockout:IFNGR1"]))
    assert (pathway["baseline"] > 0.5).all()
    assert table.select(pl.mean("replicate") > pl.mean("baseline")).item()


@pytest.mark.parametrize("gene", ["STAT1", "JAK2", "IFNGR1"])
def test_a_real_knockout_says_who_is_closer(papalexi, gene):
    result = knockout(papalexi, gene, dataset="papalexi", n_bootstraps=10, write=False)
    said = " ".join(result.said)
    scores = result.scores["pearson_delta"]
    better = scores["propagation"] is not None and scores["propagation"] > scores["baseline"]
    assert ("The model in delta (propagation) comes closer" in said) == better
    assert ("The baseline (mean of other perturbations) comes closer" in said) == (not better)
    assert "not blind" not in said
    assert result.scores["calibrated"]
    assert 0.8 < result.scores["coverage"] < 0.98


def test_the_gene_that_was_cut_is_near_the_top(papalexi):
    ranks = {
        model: [
            rank_targets(papalexi, "control", gene, dataset="papalexi", model=model, write=False)
            .table.filter(symbol=gene)["rank"]
            .item()
            for gene in MEASURED
        ]
        for model in ("inversion", "difference")
    }
    # Of 299 genes; nine ranks drawn at random have a median of 150.
    assert sorted(ranks["inversion"])[4] <= 10
    assert sorted(ranks["difference"])[4] <= 3
