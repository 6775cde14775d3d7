"""Measured effects, against scipy and the simulated truth."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from perturbome.models import measure_effects
from perturbome.models.baselines import MEAN, NO_CHANGE, Baseline
from perturbome.models.conditions import expression_unit, read_conditions
from perturbome.platform.errors import InputError, ModelError, NothingFound


def test_measured_effects_are_welch_intervals(study):
    table = measure_effects(study)
    assert set(table["context"]) == {"all", "one", "two"}
    assert "knockout:G50" not in table["perturbation"].to_list()
    top = table.filter(context="all", perturbation="knockout:REG4").row(0, named=True)
    assert top["largest"] == "REG4"
    assert top["n_cells"] == 80

    run = study.runs("infer")[-1].id
    rows = study.lake.scan("effects", [run]).filter(perturbation="knockout:REG4", context="two").collect()
    expression = study.expression("study", pl.col("cell_type") == "two")
    x, cells = expression.X.toarray().astype(float), expression.cells
    expected = stats.ttest_ind(
        x[(cells["perturbation"] == "knockout:REG4").to_numpy()], x[cells["control"].to_numpy()], equal_var=False
    ).confidence_interval(0.9)
    rows = expression.genes.select("gene").join(rows, on="gene", how="left", maintain_order="left")
    np.testing.assert_allclose(rows["lower"], expected.low, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(rows["upper"], expected.high, rtol=1e-4, atol=1e-5)
    assert rows["observed"].all()
    assert rows["model"].null_count() == 60


def test_baseline_column_is_the_mean_of_the_others(study):
    measure_effects(study, contexts=["all"])
    rows = study.lake.scan("effects").collect()
    wide = rows.pivot("gene", index="perturbation", values="delta")
    others = wide.filter(~pl.col("perturbation").is_in(["knockout:REG2", "knockout:REG2+REG3"])).drop("perturbation")
    found = rows.filter(perturbation="knockout:REG2").select("gene", "baseline")
    np.testing.assert_allclose(others.select(found["gene"].to_list()).mean().row(0), found["baseline"], atol=1e-5)


def test_too_strict_a_limit_says_so(shared_study):
    with pytest.raises(NothingFound, match=r"1000 cells or more.*Lower --min-cells"):
        measure_effects(shared_study, min_cells=1000, write=False)


def test_a_data_set_without_perturbations_says_there_are_none(study):
    cells = pl.DataFrame(
        {"dataset": ["plain"] * 3, "cell": [9001, 9002, 9003], "name": ["a", "b", "c"], "control": [False] * 3}
    )
    with study.run("ingest", name="plain", datasets=["plain"]) as run:
        symbols = study.expression("study").genes["symbol"].to_list()
        run.register_genes(symbols, organism="human", dataset="plain", gene_index="position")
        lists = pl.DataFrame({"gene_index": [[0]] * 3, "value": [[1.0]] * 3}).cast(
            {"gene_index": pl.List(pl.Int32), "value": pl.List(pl.Float32)}
        )
        run.write("cells", pl.concat([cells, lists], how="horizontal"))
        run.write("datasets", pl.DataFrame({"dataset": ["plain"], "organism": ["human"], "n_cells": [3],
                  "n_genes": [len(symbols)], "expression_unit": ["counts"], "raw_state": ["counts"]}))  # fmt: skip
    with pytest.raises(NothingFound, match="'plain' has no perturbations"):
        measure_effects(study, "plain")
    with pytest.raises(InputError, match=r"several data sets: study, plain. Name one with --dataset"):
        measure_effects(study)
    assert expression_unit(study, "plain") == "counts"


@pytest.mark.parametrize("name", [NO_CHANGE, MEAN])
def test_baselines_are_models_too(shared_study, name):
    data = read_conditions(shared_study, "study")
    model = Baseline(name)
    with pytest.raises(ModelError, match="before it was fitted"):
        model.predict(data.perturbations, "all")
    model.fit(data)
    effects = model.predict(data.perturbations, "all")
    assert effects.delta.shape == (10, 60)
    np.testing.assert_array_equal(effects.delta, effects.baseline)
    assert (effects.delta == 0).all() == (name == NO_CHANGE)
