"""The bridge to cell-eval2: its numbers under its names, the same as when it is asked by hand."""

import builtins
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from perturbome.models.data import PREDICTION
from perturbome.models.referee import cell_eval_scores, judge
from perturbome.platform.errors import MissingExtra, ModelError, NothingFound

from .conftest import prediction, screen

SHARED = ["expr_mae", "expr_mse", "delta_pearson", "pds_l1", "pds_cosine", "expr_mse_unbiased_capped_norm"]


def value(table, metric):
    """One metric by condition."""
    part = table.filter((pl.col("metric") == metric) & pl.col("condition").is_not_null())
    return dict(part.select("condition", "value").iter_rows())


def moved(data, size):
    """The measured cells of each test condition, moved at random, and their change against control."""
    shifts = np.random.default_rng(0).normal(0, size, data.test.delta.shape)
    cells = {
        name: np.maximum(data.cells.expression[data.cells.rows(data.names.index(name))].toarray() + shift, 0)
        for name, shift in zip(data.test.names, shifts, strict=True)
    }
    start = np.array([data.control(c.context, PREDICTION) for c in data.test.conditions])
    return np.array([x.mean(axis=0, dtype=np.float64) for x in cells.values()]) - start, cells


@pytest.fixture(scope="module")
def scores(data):
    """cell-eval2's metrics of means, for a prediction whose cells are the measured ones, moved."""
    pytest.importorskip("cell_eval2")
    delta, cells = moved(data, 1.0)
    return delta, cell_eval_scores(data, prediction(data, delta), metrics=SHARED, cells=cells)


def test_its_names_and_conditions(data, scores):
    _, table = scores
    assert table.columns == ["context", "condition", "metric", "value"]
    assert set(SHARED) < set(table["metric"])
    assert set(table["condition"].drop_nulls()) == set(data.test.names)
    whole = table.filter(pl.col("condition").is_null())
    assert whole["metric"].unique().to_list() == ["expr_mse_unbiased_capped_norm"]
    assert sorted(whole["context"]) == ["A549", "K562"]


def test_as_the_referee_where_both_have_a_metric(data, scores):
    """cell-eval2 leaves no own targets out of these two, and its cells are held in single precision."""
    delta, table = scores
    for row, (name, c) in enumerate(zip(data.test.names, data.test.conditions, strict=True)):
        off = data.control(c.context, PREDICTION) + delta[row] - data.test.mean[row]
        assert value(table, "expr_mae")[name] == pytest.approx(np.abs(off).mean(), abs=1e-6)
        assert value(table, "expr_mse")[name] == pytest.approx((off**2).mean(), abs=1e-6)
        want = np.corrcoef(delta[row], data.test.delta[row])[0, 1]
        assert value(table, "delta_pearson")[name] == pytest.approx(want, abs=1e-6)
    ours = judge(data, prediction(data, delta))
    for theirs, name in (("pds_l1", "PDS"), ("pds_cosine", "PDS cosine")):
        assert value(table, theirs) == pytest.approx(value(ours, name))


def test_cells_are_made_where_there_are_none_and_seeded(data):
    pytest.importorskip("cell_eval2")
    predicted = prediction(data, data.test.delta)
    first = cell_eval_scores(data, predicted, metrics=SHARED)
    assert cell_eval_scores(data, predicted, metrics=SHARED).equals(first)
    assert not cell_eval_scores(data, predicted, metrics=SHARED, seed=1).equals(first)
    assert np.mean(list(value(first, "pds_cosine").values())) > 0.95
    assert np.mean(list(value(first, "delta_pearson").values())) > 0.8
    none = cell_eval_scores(data, prediction(data, 0.0), metrics=SHARED)
    assert abs(np.mean(list(value(none, "delta_pearson").values()))) < 0.2


@pytest.mark.slow
def test_differential_expression_is_its_own(data):
    pytest.importorskip("cell_eval2")
    wanted = ["de_wilcoxon_overlap", "de_wilcoxon_sig_jaccard", "de_wilcoxon_direction_match"]
    good = cell_eval_scores(data, prediction(data, data.test.delta), metrics=wanted)
    poor = cell_eval_scores(data, prediction(data, data.test.delta[::-1]), metrics=wanted)
    for name in wanted:
        best, worst = (np.nanmean(list(value(t, name).values())) for t in (good, poor))
        assert best > worst


def test_what_cannot_be_asked_is_refused(data, monkeypatch):
    pytest.importorskip("cell_eval2")
    predicted = prediction(data, 0.0)
    with pytest.raises(ModelError, match="hold no single cells"):
        cell_eval_scores(replace(data, cells=replace(data.cells, matrix=None)), predicted)
    with pytest.raises(ModelError, match="the unit of these data is 'counts'"):
        cell_eval_scores(replace(data, unit="counts"), predicted)
    with pytest.raises(ModelError, match=r"cell-eval2 refused the cells of the context 'A549'.*exceeds"):
        cell_eval_scores(data, prediction(data, 20.0), metrics=SHARED)
    with pytest.raises(NothingFound, match="None of the predicted conditions"):
        cell_eval_scores(data, replace(predicted, conditions=(), delta=np.zeros((0, 60))))


def test_without_the_package_the_extra_is_named(data, monkeypatch):
    real = builtins.__import__

    def absent(name, *rest, **more):
        if name.startswith("cell_eval2"):
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MissingExtra, match=r"'cell-eval2'.*'perturbome\[bench\]'"):
        cell_eval_scores(data, prediction(data, 0.0))


def test_compounds_have_no_target_to_leave_out():
    """Not even where a compound bears the name of a gene: its column counts."""
    pytest.importorskip("cell_eval2")
    data = screen(types=("A549",), mode="compound")
    assert not data.test.own().any()
    delta, cells = moved(data, 1.0)
    ours = judge(data, prediction(data, delta))
    theirs = cell_eval_scores(data, prediction(data, delta), metrics=["pds_l1", "pds_cosine"], cells=cells)
    assert value(theirs, "pds_l1") == pytest.approx(value(ours, "PDS"))
    assert value(theirs, "pds_cosine") == pytest.approx(value(ours, "PDS cosine"))
    assert np.mean(list(value(theirs, "pds_l1").values())) < 1
