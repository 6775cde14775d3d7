"""Each community's file is recognised by itself, said aloud, and can be overruled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from perturbome.ingest.experiment.add import Ingested, add_experiment
from perturbome.platform.errors import AmbiguousInput, InputError, MissingColumn
from perturbome.platform.store import Store

Write = Callable[..., Path]
Labels = Callable[..., list[str]]


def ids(done: Ingested) -> list[str]:
    return done.perturbations


def convention(store: Store, done: Ingested) -> Any:
    return store.expression(done.dataset).dataset["convention"]


@pytest.mark.parametrize(
    ("columns", "name", "expected"),
    [
        (
            {"condition": ("ctrl", "STAT1+ctrl", "ctrl+MYC", "STAT1+MYC")},
            "gears",
            ["knockout:MYC", "knockout:MYC+STAT1", "knockout:STAT1"],
        ),
        (
            {
                "guide_identity": (
                    "NegCtrl0_NegCtrl0__NegCtrl0_NegCtrl0",
                    "STAT1_NegCtrl0__STAT1_NegCtrl0",
                    "KLF1_MYC__KLF1_MYC",
                )
            },
            "norman",
            ["activation:KLF1+MYC", "activation:STAT1"],
        ),
        (
            {"gene": ("non-targeting", "STAT1", "MYC"), "gene_transcript": ("a", "b", "c")},
            "replogle",
            ["knockdown:MYC", "knockdown:STAT1"],
        ),
        ({"target_gene": ("non-targeting", "STAT1"), "batch": ("x", "y")}, "arc", ["knockdown:STAT1"]),
        (
            {"perturbation": ("control", "STAT1_1", "STAT1_2", "HLA-A_MYC"), "nperts": (0, 1, 1, 2)},
            "scperturb",
            ["knockout:HLA-A+MYC", "knockout:STAT1"],
        ),
        (
            {"perturbation": ("control", "NKX2-1"), "perturbation_type": ("CRISPRi", "CRISPRi"), "nperts": (0, 1)},
            "scperturb",
            ["knockdown:NKX2-1"],
        ),
        ({"product_name": ("Vehicle", "Bortezomib"), "dose": (0.0, 10.0)}, "sciplex", ["compound:Bortezomib@10"]),
        (
            {
                "drug": ("DMSO_TF", "Bortezomib"),
                "plate": ("1", "1"),
                "cell_line": ("A", "A"),
                "drugname_drugconc": ("[('DMSO_TF', 0.0, 'uM')]", "[('Bortezomib', 0.05, 'uM')]"),
            },
            "tahoe",
            ["compound:Bortezomib@0.05"],
        ),
        ({"target": ("non-targeting", "STAT1")}, "plain", ["knockout:STAT1"]),
        ({"condition": ("control", "stimulated")}, "plain", ["compound:stimulated"]),
        ({"genotype": ("WT", "STAT1")}, "plain", ["knockout:STAT1"]),
        ({"guide": ("NTg1", "STAT1g1", "STAT1g2", "MYCg1")}, "plain", ["knockout:MYC", "knockout:STAT1"]),
    ],
    ids=[
        "gears",
        "norman",
        "replogle",
        "arc",
        "scperturb",
        "scperturb-crispri",
        "sciplex",
        "tahoe",
        "target",
        "kang",
        "genotype",
        "guides",
    ],
)
def test_conventions_are_recognised(
    store: Store, h5ad: Write, labels: Labels, columns: dict[str, tuple[Any, ...]], name: str, expected: list[str]
) -> None:
    done = add_experiment(store, h5ad({c: labels(*v) for c, v in columns.items()}))
    assert convention(store, done) == name
    assert ids(done) == expected
    assert done.n_control > 0
    assert any("olumn '" in line for line in done.said)


def test_cellxgene_7_1(store: Store, h5ad: Write, labels: Labels) -> None:
    guides = {
        "MYC-1": {"role": "targeting", "protospacer_sequence": "ACGT"},
        "g7": {"role": "targeting", "intended_features": {"ENSG00000105329": "TGFB1"}},
        "neg-1": {"role": "control", "protospacer_sequence": "TTTT"},
    }
    obs = {
        "genetic_perturbation_id": labels("neg-1", "MYC-1", "g7", "MYC-1 || g7", "MYC-1 || neg-1", "na"),
        "genetic_perturbation_strategy": labels("control", *["CRISPR interference screen"] * 4, "no perturbations"),
    }
    done = add_experiment(store, h5ad(obs, uns={"genetic_perturbations": guides}))
    assert convention(store, done) == "cellxgene"
    assert ids(done) == ["knockdown:MYC", "knockdown:MYC+TGFB1", "knockdown:TGFB1"]
    assert store.find_gene("TGFB1")["gene"] == "ENSG00000105329"
    assert done.n_control == 10
    cells = store.expression(done.dataset).cells
    assert cells["perturbation"].null_count() == 10  # 'na': neither control nor perturbed
    assert cells.filter(cells["perturbation"].is_null())["control"].sum() == 0


def test_targets_by_ensembl_id_find_the_symbol_of_the_file(store: Store, h5ad: Write, labels: Labels) -> None:
    import pandas as pd

    var = pd.DataFrame(
        {"feature_name": ["STAT1", *[f"GENE{c}" for c in "ABCDEFGHI"]]},
        index=["ENSG00000115415.19", *[f"ENSG{i:011d}" for i in range(9)]],
    )
    done = add_experiment(store, h5ad({"target_gene": labels("non-targeting", "ENSG00000115415")}, var=var))
    assert ids(done) == ["knockdown:STAT1"]
    row = store.lake.scan("perturbations").collect().row(0, named=True)
    assert row["targets"] == ["ENSG00000115415"]


def test_modes_may_differ_between_cells(store: Store, h5ad: Write, labels: Labels) -> None:
    obs = {
        "perturbation": labels("control", "STAT1", "control", "STAT1"),
        "perturbation_type": labels("CRISPRa", "CRISPRa", "CRISPRi", "CRISPRi"),
        "nperts": labels(0, 1, 0, 1),
    }
    assert ids(add_experiment(store, h5ad(obs))) == ["activation:STAT1", "knockdown:STAT1"]


def test_flags_overrule(store: Store, h5ad: Write, labels: Labels) -> None:
    path = h5ad({"perturbation": labels("control", "STAT1"), "other": labels("MYC", "mine")})
    done = add_experiment(
        store, path, perturbation_column="other", control="mine", mode="activation", dataset="a", organism="mouse"
    )
    assert ids(done) == ["activation:Myc"]  # capitals under 'mouse' are spelt as mouse genes
    assert store.expression("a").dataset["organism"] == "mouse"
    done = add_experiment(store, path, convention="scperturb", mode="knockdown", dataset="b")
    assert ids(done) == ["knockdown:STAT1"]


def test_a_stimulus_becomes_part_of_the_context(store: Store, h5ad: Write, labels: Labels) -> None:
    obs = {
        "perturbation": labels("control", "STAT1"),
        "perturbation_2": ["rest"] * 30 + ["stimulated"] * 30,
        "celltype": ["T cells"] * 60,
        "nperts": [1] * 60,
    }
    done = add_experiment(store, h5ad(obs))
    assert set(store.expression(done.dataset).cells["cell_type"]) == {"T cells | rest", "T cells | stimulated"}
    assert any("perturbation_2" in line for line in done.said)


def test_no_perturbation_column_is_an_atlas(store: Store, h5ad: Write) -> None:
    done = add_experiment(store, h5ad({"celltype": ["B"] * 60}))
    cells = store.expression(done.dataset).cells
    assert (done.n_control, done.perturbations) == (60, [])
    assert cells["perturbation"].null_count() == 60
    assert cells["control"].all()
    assert any("unperturbed" in line for line in done.said)


def test_missing_labels_are_neither_control_nor_perturbed(store: Store, h5ad: Write, labels: Labels) -> None:
    import pandas as pd

    column = pd.Categorical(labels("control", "STAT1", None))
    done = add_experiment(store, h5ad({"perturbation": column}))
    cells = store.expression(done.dataset).cells
    assert (done.n_control, cells["perturbation"].null_count()) == (20, 20)
    assert any("20 cells say nothing" in line for line in done.said)


@pytest.mark.parametrize("name", ["perturbation", "target_gene", "target"])
def test_no_control_cells(store: Store, h5ad: Write, labels: Labels, name: str) -> None:
    with pytest.raises(InputError, match=r"No control cells.*MYC, STAT1.*--control"):
        add_experiment(store, h5ad({name: labels("MYC", "STAT1")}))
    assert store.runs() == []


def test_stand_ins_serve_where_no_word_says_control(store: Store, h5ad: Write, labels: Labels) -> None:
    assert add_experiment(store, h5ad({"perturbation": labels("AAVS1", "STAT1")})).n_control == 30
    done = add_experiment(store, h5ad({"perturbation": labels("AAVS1", "STAT1", "control")}), dataset="b")
    assert ids(done) == ["knockout:AAVS1", "knockout:STAT1"]


def test_two_columns_that_disagree(store: Store, h5ad: Write, labels: Labels) -> None:
    path = h5ad({"target": labels("control", "STAT1"), "pert": labels("control", "control", "MYC")})
    with pytest.raises(AmbiguousInput, match="--perturbation-column"):
        add_experiment(store, path)
    assert ids(add_experiment(store, path, perturbation_column="pert")) == ["knockout:MYC"]


def test_two_columns_that_agree_are_no_trouble(store: Store, h5ad: Write, labels: Labels) -> None:
    path = h5ad({"target": labels("control", "STAT1"), "pert": labels("ctrl", "STAT1")})
    done = add_experiment(store, path)
    assert ids(done) == ["knockout:STAT1"]
    assert any("also there" in line for line in done.said)


@pytest.mark.parametrize(
    ("flags", "error", "text"),
    [
        ({"perturbation_column": "perturbatoin"}, MissingColumn, "Did you mean 'perturbation'"),
        ({"convention": "gaers"}, InputError, "gears"),
        ({"convention": "norman"}, MissingColumn, "guide_identity"),
        ({"control": "ctr"}, InputError, "Values: STAT1, control"),
        ({"mode": "cut"}, InputError, "knockdown"),
        ({"state": "cont"}, InputError, "counts"),
        ({"layer": "spliced"}, MissingColumn, "Available: X"),
        ({"cell_type_column": "celltype"}, MissingColumn, "perturbation"),
        ({"time_column": "perturbation"}, InputError, "holds no times"),
        ({"pseudotime_column": "perturbation"}, InputError, "should hold numbers"),
        ({"spatial_key": "spatial"}, MissingColumn, "Available: none"),
        ({"dose_column": "dose"}, MissingColumn, "dose"),
        ({"min_guide_fraction": 0.5}, MissingColumn, "grna_top_frac"),
    ],
)
def test_wrong_flags_say_what_there_is(
    store: Store, h5ad: Write, labels: Labels, flags: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        add_experiment(store, h5ad({"perturbation": labels("control", "STAT1")}), **flags)
    assert store.runs() == []
