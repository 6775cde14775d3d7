"""The replicate ceiling: on either side of what true replicates score, seeded, and honest about its way."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose

from perturbome.models.data import PREDICTION
from perturbome.models.referee import judge, replicate
from perturbome.models.referee.metrics import metrics
from perturbome.platform.errors import ModelError

from .conftest import prediction, screen, true_effects

WAYS = ("bootstrap", "halves", "moments")


def means(table):
    """Mean of every metric over conditions."""
    return dict(table.group_by("metric").agg(pl.col("value").mean()).iter_rows())


def without_cells(data):
    """The same data, its expression forgotten."""
    return replace(data, cells=replace(data.cells, matrix=None))


def test_the_table_is_that_of_the_judge(data):
    for way in WAYS:
        table = replicate(data, way=way, draws=2)
        assert table.columns == ["condition", "metric", "value", "way"]
        assert table.select("condition", "metric").equals(
            judge(data, prediction(data, data.test.delta)).select("condition", "metric")
        )
        assert table["way"].unique().to_list() == [way]
        assert table["value"].is_finite().all()


def test_by_cells_where_there_are_any(data):
    assert replicate(data, draws=1)["way"][0] == "bootstrap"
    assert replicate(without_cells(data), draws=1)["way"][0] == "moments"
    for way in ("bootstrap", "halves"):
        with pytest.raises(ModelError, match=f"by '{way}' needs single cells"):
            replicate(without_cells(data), way=way)


@pytest.mark.parametrize("way", WAYS)
def test_seeded(data, way):
    first = replicate(data, way=way, draws=2, seed=4)
    assert replicate(data, way=way, draws=2, seed=4).equals(first)
    assert not replicate(data, way=way, draws=2, seed=5).equals(first)
    assert not replicate(data, way=way, draws=1, seed=4).equals(first)  # every draw is its own


def test_halves_and_bootstrap_stand_on_either_side_of_a_true_replicate():
    effects, rows = 0.35 * true_effects(24), {"change": [], "profile": []}
    for seed in range(4):
        data = screen(effects=effects, cells=12, seed=seed)
        again = screen(effects=effects, cells=12, seed=seed + 100).table(data.test.names, PREDICTION)  # a repeat
        start = data.table(data.test.names, PREDICTION).control
        ceilings = [means(replicate(data, way=way, draws=5)) for way in WAYS]
        rows["change"].append([means(judge(data, prediction(data, again.delta))), *ceilings])
        rows["profile"].append([means(judge(data, prediction(data, again.mean - start))), *ceilings])
    for name in ("Pearson-delta", "cosine", "centred Pearson", "PDS"):
        real, bootstrap, halves, moments = (np.mean([row[i][name] for row in rows["change"]]) for i in range(4))
        assert halves < real < bootstrap
        assert halves < moments
    for name in ("RMSE", "MAE", "MSE"):
        real, bootstrap, halves, moments = (np.mean([row[i][name] for row in rows["profile"]]) for i in range(4))
        assert bootstrap < moments < halves
        assert real == pytest.approx(moments, rel=0.1)


@pytest.mark.parametrize("way", WAYS)
def test_a_replicate_has_no_error_beyond_its_noise(way):
    """Noise that is a third of the effect and more; both sides' is taken off."""
    effects = 0.35 * true_effects(24)
    found = [means(replicate(screen(effects=effects, cells=12, seed=s), way=way, draws=4)) for s in range(4)]
    assert np.mean([f["noise-corrected error"] for f in found]) == pytest.approx(0, abs=0.12)


@pytest.mark.parametrize("way", WAYS)
def test_more_cells_lift_the_ceiling(way):
    few, many = (means(replicate(screen(cells=n), way=way, draws=3)) for n in (6, 60))
    for metric in metrics(("intervals", "cells")):
        if metric.name != "noise-corrected error":
            assert (many[metric.name] - few[metric.name]) * (1 if metric.better == "higher" else -1) >= 0


def test_without_noise_a_replicate_is_perfect():
    found = means(replicate(screen(noise=0.0, cells=5), draws=2))
    for metric in metrics(("intervals", "cells")):
        assert found[metric.name] == pytest.approx(metric.perfect, abs=1e-5)


def test_moments_draw_by_the_standard_error_of_the_mean(data):
    rms = [means(replicate(data, way="moments", draws=5))["MSE"]]
    start = np.array([data.control(c.context, PREDICTION) for c in data.test.conditions])
    other = data.table(data.test.names, PREDICTION)
    own = data.test.own()
    noise = 2 * np.where(own, 0, data.test.variance / data.test.n[:, None]).sum() / (~own).sum()
    assert_allclose(other.control, start)
    assert rms[0] == pytest.approx(noise, rel=0.05)


def test_distances_between_cells_on_request(data):
    found = means(replicate(data, draws=3, way="halves", cell_scores=True))
    assert abs(found["energy distance"]) < 0.1
    assert abs(found["MMD"]) < 0.02
    assert 0 < found["SD misfit"] < 0.6
    assert "energy distance" not in means(replicate(data, draws=1, way="halves"))


def test_a_condition_of_one_cell_has_no_halves():
    data = screen(n=9, types=("A549",), cells=3)
    name = data.test.names[0]
    rows = data.cells.rows(data.names.index(name))
    code = data.cells.code.copy()
    code[rows[1:]] = np.iinfo(np.int32).min
    treated = replace(data.treated, n=np.where(np.array(data.names) == name, 1.0, data.treated.n))
    lone = replace(data, cells=replace(data.cells, code=code), treated=treated)
    assert name not in replicate(lone, way="halves", draws=1)["condition"]
    whole = replicate(lone, way="bootstrap", draws=1)
    assert name in whole["condition"]
    assert whole["value"].is_finite().all()


def test_few_cells_are_not_resampled_unless_cells_are_compared():
    few, many = (screen(n=9, types=("A549",), cells=n) for n in (9, 10))
    assert replicate(many, draws=1)["way"][0] == "bootstrap"
    assert replicate(few, draws=1)["way"][0] == "moments"
    assert replicate(few, draws=1, cell_scores=True)["way"][0] == "bootstrap"
