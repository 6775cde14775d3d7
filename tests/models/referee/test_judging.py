"""The table of scores: what stands in it, what perfect, absent and average predictions score, what is refused."""

import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose
from scipy.stats import pearsonr

from perturbome.models.data import PREDICTION, TRUTH
from perturbome.models.data.control_halves import PARTS
from perturbome.models.predictors import find_predictor
from perturbome.models.referee import METRICS, find_metric, judge
from perturbome.models.referee.compared import compared
from perturbome.models.referee.discrimination import discrimination, prediction_rank
from perturbome.models.referee.judging import scores
from perturbome.models.referee.metrics import metrics
from perturbome.platform.errors import BadValues, InputError, UnknownName

from .conftest import GENES, prediction, screen, true_change, true_effects

NOISY = "noise-corrected error"
OF_CHANGES = {"Pearson-delta", "Pearson-delta, top 20", "cosine", "cosine rank", "PDS", "PDS cosine"}
OF_MEANS = [m.name for m in metrics(("intervals", "cells"))]


def value(table, metric):
    """One metric of all conditions, in order."""
    return table.filter(pl.col("metric") == metric)["value"].to_numpy()


def rough(data, seed=0, noise=0.4):
    """A prediction that is alike to the truth."""
    return prediction(data, data.test.delta + noise * np.random.default_rng(seed).normal(size=data.test.delta.shape))


def test_the_table_holds_every_metric_of_every_condition(data):
    table = judge(data, rough(data))
    assert table.columns == ["condition", "metric", "value"]
    assert table["condition"].unique(maintain_order=True).to_list() == list(data.test.names)
    assert table["metric"].unique(maintain_order=True).to_list() == OF_MEANS
    assert table.height == len(OF_MEANS) * len(data.test) == table.n_unique(["condition", "metric"])
    assert table["value"].is_finite().all()


@pytest.mark.parametrize("name", [m for m in OF_MEANS if m != NOISY])
def test_a_perfect_prediction_scores_perfect(data, name):
    start = np.array([data.control(c.context, PREDICTION) for c in data.test.conditions])
    delta = data.test.delta if name in OF_CHANGES else data.test.mean - start
    assert_allclose(value(judge(data, prediction(data, delta)), name), METRICS[name].perfect, atol=1e-6)


def test_scores_are_those_of_the_libraries_without_own_targets(data):
    predicted, truth = rough(data), data.test
    table = judge(data, predicted)
    training = data.training
    for i, c in enumerate(truth.conditions):
        genes = [j for j, g in enumerate(data.genes) if g not in c.targets]
        delta, true = predicted.delta[i, genes], truth.delta[i, genes]
        start = data.control(c.context, PREDICTION)[genes]
        mean, measured = start + delta, truth.mean[i, genes]
        centre = training.mean[[d.context == c.context for d in training.conditions]].mean(axis=0)[genes]
        top = np.argsort(-np.abs(true))[:20]
        sure = np.argsort(-np.abs(true) / truth.error[i, genes])[:20]
        want = {
            "Pearson-delta": pearsonr(delta, true).statistic,
            "Pearson-delta, top 20": pearsonr(delta[top], true[top]).statistic,
            "centred Pearson": pearsonr(mean - centre, measured - centre).statistic,
            "centred Pearson, top 20": pearsonr((mean - centre)[top], (measured - centre)[top]).statistic,
            "MAE": np.mean(np.abs(measured - mean)),
            "MSE": np.mean((measured - mean) ** 2),
            "RMSE": np.mean((measured - mean) ** 2) ** 0.5,
            "L2, top 1000": np.linalg.norm(measured - mean),
            "MSE, top 20 DE": np.mean((measured - mean)[sure] ** 2),
        }
        for name, expected in want.items():
            assert value(table, name)[i] == pytest.approx(expected, rel=1e-9), name


def test_as_cell_eval_where_it_has_the_same_metric(data):
    """cell-eval2 knows no own targets in these metrics, so none is left out here."""
    ours = pytest.importorskip("cell_eval2.metrics.delta")
    truth = replace(data.test[[c.context.name == "A549" for c in data.test.conditions]], targets=((),) * 8)
    delta = truth.delta + 0.3 * np.random.default_rng(4).normal(size=truth.delta.shape)
    found = compared(data, truth, delta)
    table = scores(found)
    names = np.array([*truth.names, "control"])
    start = data.control("A549", PREDICTION)
    real, pred = np.vstack([truth.mean, truth.control[0]]), np.vstack([start + delta, start])
    for theirs, name in ((ours.mae, "MAE"), (ours.mse, "MSE"), (ours.pearson_delta, "Pearson-delta")):
        want = theirs(pred_bulk=(names, pred), real_bulk=(names, real), control="control")
        assert_allclose(value(table, name), [want[n] for n in truth.names], atol=1e-6)


def test_noise_corrected_error_as_cell_eval(data):
    """cell-eval2 corrects by the trace of each group's covariance over its cells; here that is the error squared."""
    ours = pytest.importorskip("cell_eval2.metrics.delta")
    moments = pytest.importorskip("cell_eval2.moments").GroupMoments
    truth = replace(data.test[[c.context.name == "A549" for c in data.test.conditions]], targets=((),) * 8)
    delta = truth.delta + 0.3 * np.random.default_rng(4).normal(size=truth.delta.shape)
    names = np.array([*truth.names, "control"])
    zero = np.zeros((1, len(data.genes)))
    real, pred = np.vstack([truth.delta, zero]), np.vstack([delta, zero])  # around control, so that its noise is 0
    n = np.full(9, 2.0)
    noise = np.append((truth.error**2).sum(axis=1), 0.0)
    squares = 2 * noise + 2 * (real**2).sum(axis=1)  # two cells a group: tr S / n = (squares - n |mean|²) / (n - 1) / n
    theirs = {"comparator": "lognorm", "control": "control", "real_bulk": (names, real)}
    theirs["real_moments"] = moments(names, n, squares)
    single = moments(names, np.ones(9), (pred**2).sum(axis=1))  # predictions of one cell have no noise to correct
    above = ours.mse_unbiased_capped(pred_bulk=(names, pred), pred_moments=single, **theirs)
    below = ours.distance_unbiased(**theirs)
    want = np.array([above[name] for name in truth.names]) / np.mean([below[name] for name in truth.names])
    assert_allclose(value(scores(compared(data, truth, delta)), NOISY), want, atol=1e-6)


def test_no_change_has_no_direction_and_one_unit_of_error(data):
    table = judge(data, prediction(data, 0.0))
    for name in ("Pearson-delta", "Pearson-delta, top 20", "cosine"):
        assert np.isnan(value(table, name)).all()
    assert value(table, NOISY).mean() == pytest.approx(1)
    assert_allclose(value(table, "PDS cosine"), 0.5)
    assert_allclose(value(table, "RMSE rank"), 7 / 16)


def test_what_training_perturbations_do_on_average_has_no_centred_correlation(data):
    mean = find_predictor("perturbed mean").factory()
    mean.fit(data.hidden())
    table = judge(data, mean.predict(data.test.conditions))
    assert np.isnan(value(table, "centred Pearson")).all()
    assert np.isnan(value(table, "centred Pearson, top 20")).all()
    assert value(table, "Pearson-delta").mean() > 0.5  # which the shared part alone earns
    assert_allclose(value(table, "PDS").mean(), 0.5)


def test_pure_noise_correlates_with_nothing():
    """Neither the truth's control noise nor the prediction's may stand on both sides."""
    found = []
    for seed in range(8):
        empty = screen(seed=seed, effects=np.zeros((24, len(GENES))))
        control = empty.controls.mean.reshape(2, PARTS, -1)
        which = [empty.find_context(c.context) for c in empty.test.conditions]
        noise = (control[:, 2] - control[:, 3])[which]  # of the prediction's half, as a model might pick it up
        table = judge(empty, prediction(empty, noise))
        found.append([value(table, name).mean() for name in ("Pearson-delta", "centred Pearson", "cosine")])
    assert np.all(np.abs(np.mean(found, axis=0)) < 0.06)


def test_in_a_context_without_training_the_reference_is_the_shared_change():
    effects = true_effects(24)
    data = screen(effects=effects)
    test = [name for name in data.names if name.endswith("K562")]
    split = replace(data.split, kind="unseen context", train=[n for n in data.names if n not in test], test=test)
    data = data.with_split(split)
    shared = data.training.delta.mean(axis=0)
    assert np.isnan(value(judge(data, prediction(data, shared)), "centred Pearson")).all()
    table = judge(data, prediction(data, true_change(data, effects)))
    i = 3
    genes = ~data.test.own()[i]
    want = pearsonr((true_change(data, effects)[i] - shared)[genes], (data.test.delta[i] - shared)[genes]).statistic
    assert value(table, "centred Pearson")[i] == pytest.approx(want)


def test_conditions_are_ranked_within_their_context(data):
    predicted = rough(data, noise=1.5)
    whole = judge(data, predicted)
    one = [i for i, c in enumerate(predicted.conditions) if c.context.name == "K562"]
    part = judge(
        data, replace(predicted, conditions=[predicted.conditions[i] for i in one], delta=predicted.delta[one])
    )
    for name in ("RMSE rank", "cosine rank", "PDS", "PDS cosine", "centroid accuracy"):
        assert_allclose(value(part, name), value(whole, name)[one])
        assert 0 < value(whole, name).mean() < 1


@pytest.mark.parametrize(
    ("name", "score", "of", "kind"),
    [
        ("PDS", discrimination, "changes", "L1"), ("PDS cosine", discrimination, "changes", "cosine"),
        ("centroid accuracy", discrimination, "profiles", "L2"), ("RMSE rank", prediction_rank, "profiles", "L2"),
        ("cosine rank", prediction_rank, "changes", "cosine"),
    ],
)  # fmt: skip
def test_each_rank_is_by_its_own_distance(data, name, score, of, kind):
    rng = np.random.default_rng(2)
    delta = data.test.delta + rng.standard_t(2, size=data.test.delta.shape)  # heavy tails set the distances apart
    start = np.array([data.control(c.context, PREDICTION) for c in data.test.conditions])
    sides = {"changes": (delta, data.test.delta), "profiles": (start + delta, data.test.mean)}
    context = np.array([data.find_context(c.context) for c in data.test.conditions])

    def by(of, kind):
        return score(*sides[of], data.test.own(), context, kind)

    found = value(judge(data, prediction(data, delta)), name)
    assert_allclose(found, by(of, kind))
    others = {k for k in ("L1", "L2", "cosine") if k != kind}
    assert all(np.abs(by(of, other) - found).max() > 0.01 for other in others)


def test_the_most_expressed_genes_are_those_of_control(data, monkeypatch):
    monkeypatch.setattr("perturbome.models.referee.metrics.TOP_CONTROL", 10)
    predicted, truth = rough(data), data.test
    found = value(judge(data, predicted), "L2, top 1000")
    for i, c in enumerate(truth.conditions):
        high = [j for j in np.argsort(-truth.control[i])[:10] if data.genes[j] not in c.targets]
        off = data.control(c.context, PREDICTION) + predicted.delta[i] - truth.mean[i]
        assert found[i] == pytest.approx(np.linalg.norm(off[high]))


def test_the_order_of_conditions_and_of_genes_does_not_matter(data):
    predicted = rough(data)
    table = judge(data, predicted)
    order = np.random.default_rng(0).permutation(len(predicted.conditions))
    shuffled = replace(predicted, conditions=[predicted.conditions[i] for i in order], delta=predicted.delta[order])
    assert judge(data, shuffled).equals(table)


def test_intervals_are_judged_where_there_are_any(data):
    predicted = rough(data)
    wide = replace(predicted, lower=predicted.delta - 9, upper=predicted.delta + 9)
    table = judge(data, wide)
    assert_allclose(value(table, "coverage"), 1)
    assert_allclose(value(table, "interval width"), 18)
    widths = np.arange(16.0)[:, None]
    own = replace(wide, lower=predicted.delta - widths, upper=predicted.delta + widths)
    assert_allclose(value(judge(data, own), "interval width"), 2 * np.arange(16))
    order = np.random.default_rng(0).permutation(16)
    arrays = {name: getattr(own, name)[order] for name in ("delta", "lower", "upper")}
    shuffled = replace(own, conditions=[own.conditions[i] for i in order], **arrays)
    assert judge(data, shuffled).equals(judge(data, own))
    none = judge(data, replace(wide, upper=predicted.delta - 8))
    assert value(none, "coverage").max() < 0.2


def test_cells_are_judged_where_there_are_any(data):
    own = {name: data.cells.expression[data.cells.rows(data.names.index(name))].toarray() for name in data.test.names}
    moved = {name: x + 1.0 for name, x in list(own.items())[1:]}
    table = judge(data, rough(data), cells=moved)
    for name in ("energy distance", "MMD"):
        assert np.isnan(value(table, name)[0])
        assert value(table, name)[1:].min() > 0.05
    assert_allclose(value(table, "SD misfit")[1:], 0, atol=1e-6)
    spiked = {name: x.copy() for name, x in moved.items()}
    for name, row in zip(data.test.names, data.test.own(), strict=True):
        if name in spiked:
            spiked[name][:, row] += 50
    assert judge(data, rough(data), cells=spiked).equals(table)  # own targets do not count
    same = judge(data, rough(data), cells=own)
    assert value(same, "energy distance").max() < 0
    with pytest.raises(InputError, match=r"shape \(3, 2\); the data have 60 genes"):
        judge(data, rough(data), cells={data.test.names[0]: np.zeros((3, 2))})


def test_against_the_same_half_noise_is_rewarded():
    empty = screen(effects=np.zeros((24, len(GENES))), cells=40)
    which = [empty.find_context(c.context) for c in empty.test.conditions]
    half = {h: np.array([empty.control(c, h) for c in empty.contexts])[which] for h in (TRUTH, PREDICTION)}
    whole = (half[TRUTH] + half[PREDICTION]) / 2
    leak = prediction(empty, whole - half[PREDICTION])
    against = {h: value(judge(empty, leak, half=h), "Pearson-delta").mean() for h in (TRUTH, PREDICTION)}
    assert against[PREDICTION] > against[TRUTH]


def test_what_cannot_be_judged_is_refused(data):
    predicted = rough(data)
    strange = replace(predicted, conditions=[*data.training.conditions[:1], *predicted.conditions[1:]])
    with pytest.raises(UnknownName, match="Only conditions that were held out"):
        judge(data, strange)
    twice = replace(predicted, conditions=[predicted.conditions[0], predicted.conditions[0], *predicted.conditions[2:]])
    with pytest.raises(InputError, match="predicted more than once"):
        judge(data, twice)
    with pytest.raises(InputError, match=r"delta has shape \(16, 59\), not \(16, 60\)"):
        judge(data, replace(predicted, delta=predicted.delta[:, 1:]))
    broken = predicted.delta.copy()
    broken[2, 3] = np.nan
    with pytest.raises(BadValues, match=data.test.names[2]):
        judge(data, replace(predicted, delta=broken))
    with pytest.raises(InputError, match="nothing to judge"):
        judge(data, replace(predicted, conditions=(), delta=np.zeros((0, 60))))


def test_records_are_whole():
    for name, metric in METRICS.items():
        assert find_metric(name) is metric
        assert metric.name == name
        assert metric.meaning[0].islower() or metric.meaning[0].isupper()
        assert metric.better in ("higher", "lower")
        assert metric.needs
        assert metric.source
    with pytest.raises(UnknownName, match="Did you mean 'Pearson-delta'"):
        find_metric("pearson delta")


def test_nothing_is_warned_of(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        judge(data, prediction(data, 0.0))
