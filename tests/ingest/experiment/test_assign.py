"""Genes that a file does not measure stay genes, dates become genes again, stimuli and drugs stay compounds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from perturbome.ingest.experiment.add import add_experiment
from perturbome.ingest.experiment.genes import Genes
from perturbome.ingest.experiment.guides import Names
from perturbome.ingest.experiment.modes import is_stimulus, looks_like_gene
from perturbome.platform.store import Store

Write = Callable[..., Path]
Labels = Callable[..., list[str]]

MEASURED = ["ACTB", "GAPDH", "B2M", "CD86", "HLA-A", "MYC", "IRF1", "SEPTIN2", "MALAT1", "FOS"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"condition": ("ctrl", "TP53+ctrl", "ctrl+KRAS")}, ["knockout:KRAS", "knockout:TP53"]),
        ({"condition": ("control", "TP53", "KRAS")}, ["knockout:KRAS", "knockout:TP53"]),
        ({"perturbation": ("control", "TP53", "TP53_KRAS")}, ["knockout:KRAS+TP53", "knockout:TP53"]),
        ({"perturbation": ("control", "C1orf112", "NKX2-1")}, ["knockout:C1orf112", "knockout:NKX2-1"]),
        ({"target": ("control", "2-Sep")}, ["knockout:SEPTIN2"]),
        ({"condition": ("ctrl", "2-Sep+ctrl", "MYC+ctrl")}, ["knockout:MYC", "knockout:SEPTIN2"]),
        ({"perturbation": ("control", "9-Sep_1", "9-Sep_2")}, ["knockout:SEPTIN9"]),
        (
            {"perturbation": ("control", "TP53"), "nperts": (0, 1), "perturbation_type": ("CRISPR", "CRISPR")},
            ["knockout:TP53"],
        ),
        ({"condition": ("control", "stimulated")}, ["compound:stimulated"]),
        ({"condition": ("control", "STIM")}, ["compound:STIM"]),
        ({"condition": ("unstimulated", "LPS", "IFNB")}, ["compound:IFNB", "compound:LPS"]),
        ({"condition": ("control", "TNF", "MYC")}, ["knockout:MYC", "knockout:TNF"]),
        ({"treatment": ("DMSO", "MYC")}, ["compound:MYC"]),
        ({"perturbation": ("DMSO", "AZD6244", "Nutlin-3")}, ["compound:AZD6244", "compound:Nutlin-3"]),
        ({"perturbation": ("DMSO", "SAHA2", "TRAM"), "dose": (0, 1, 2)}, ["compound:SAHA2", "compound:TRAM"]),
    ],
)
def test_genes_and_compounds(
    store: Store, h5ad: Write, labels: Labels, columns: dict[str, tuple[Any, ...]], expected: list[str]
) -> None:
    done = add_experiment(store, h5ad({c: labels(*v) for c, v in columns.items()}, genes=MEASURED))
    assert done.perturbations == expected
    assert any("--mode" in line or "Mode from column" in line for line in done.said)


def test_a_compound_told_loses_its_ctrl_too(store: Store, h5ad: Write, labels: Labels) -> None:
    path = h5ad({"condition": labels("ctrl", "JQ1+ctrl")})
    assert add_experiment(store, path, mode="compound").perturbations == ["compound:JQ1"]


def test_undecided_labels_are_told_aloud(store: Store, h5ad: Write, labels: Labels) -> None:
    done = add_experiment(store, h5ad({"condition": labels("control", "TP53", "Bortezomib")}, genes=MEASURED))
    assert any("undecided" in line and "TP53" in line and "--mode" in line for line in done.said)


def test_a_store_knows_the_symbol_of_a_file_of_ensembl_ids(store: Store, h5ad: Write, labels: Labels) -> None:
    ids = ["ENSG00000115415", *[f"ENSG{i:011d}" for i in range(9)]]
    named = pd.DataFrame({"feature_name": ["STAT1", *[f"GENE{c}" for c in "ABCDEFGHI"]]}, index=ids)
    add_experiment(store, h5ad(var=named), dataset="names")
    path = h5ad({"perturbation": labels("control", "STAT1", "ENSG00000115415")}, genes=ids, name="ids")
    done = add_experiment(store, path)
    assert done.perturbations == ["knockout:STAT1"]
    row = store.lake.scan("perturbations").collect().row(0, named=True)
    assert row["targets"] == ["ENSG00000115415"]
    assert not any("not measured" in line for line in done.said)


def test_an_ensembl_file_and_an_empty_store_still_give_a_gene(store: Store, h5ad: Write, labels: Labels) -> None:
    ids = [f"ENSG{i:011d}" for i in range(10)]
    done = add_experiment(store, h5ad({"perturbation": labels("control", "STAT1")}, genes=ids))
    assert done.perturbations == ["knockout:STAT1"]


def test_an_alias_of_the_store_means_the_gene_of_the_file() -> None:
    others = pl.DataFrame(
        {
            "symbol": ["SEPTIN2", "KMT2A", "A1", "A2"],
            "ensembl": [None, "ENSG00000118058", None, None],
            "aliases": [["SEPT2"], ["MLL"], ["both"], ["both"]],
        }
    )
    names = Names(Genes(["SEPTIN2", "MYC"], [None, None], "human"), others, ["2-Sep", "MLL"])
    assert [names.symbol(n) for n in ("SEPT2", "MLL", "myc", "both", "2-Sep", "ENSG00000118058.3")] == [
        "SEPTIN2", "KMT2A", "MYC", "both", "SEPTIN2", "KMT2A"]  # fmt: skip
    assert names.measured("SEPT2")
    assert not names.measured("MLL")


def test_a_date_means_the_gene_under_its_former_name(store: Store, h5ad: Write, labels: Labels) -> None:
    genes = ["SEPT2" if g == "SEPTIN2" else g for g in MEASURED]
    done = add_experiment(store, h5ad({"perturbation": labels("control", "2-Sep", "MYC")}, genes=genes))
    assert done.perturbations == ["knockout:MYC", "knockout:SEPT2"]
    assert any("2-Sep -> SEPT2" in line for line in done.said)


@pytest.mark.parametrize(
    ("name", "organism", "gene"),
    [
        ("TP53", "human", True),
        ("STIM1", "human", True),
        ("HEATR1", "human", True),
        ("KIAA1109", "human", True),
        ("IL2RA", "human", True),
        ("Bortezomib", "human", False),
        ("PD0325901", "human", False),
        ("T1", "human", False),
        ("Trp53", "mouse", True),
        ("Bortezomib", "mouse", False),
        ("STE12", "yeast", True),
    ],
)
def test_the_shape_of_symbols(name: str, organism: str, gene: bool) -> None:
    assert looks_like_gene(name, organism) == gene
    assert not (gene and is_stimulus(name))
