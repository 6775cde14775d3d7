"""Intervals cover what they say on conditions never seen, of few cells and of many; none where too few teach them."""

import numpy as np
import pytest

from perturbome.models.data import from_arrays, unseen_single
from perturbome.models.predictors.averages import PerturbedMean
from perturbome.models.predictors.cross_fit import cross_fit
from perturbome.models.predictors.gated import Gated
from perturbome.models.predictors.intervals import Calibrated, fit_intervals
from perturbome.models.predictors.registry import make_predictor
from perturbome.platform.errors import InputError

from .conftest import divided, simulate

WHAT = [(), *((i,) for i in range(30))]


def covered(data, predictor, known=False):
    """Share of measured changes of the test conditions inside the interval, and what the training said."""
    report = predictor.fit(data.hidden())
    found = predictor.predict(data.test.conditions, data.test.n if known else None)
    inside = (data.test.delta >= found.lower) & (data.test.delta <= found.upper)
    return inside[~data.test.own()], report.numbers


def screen(seed, **changes):
    arguments = simulate(WHAT, seed=seed, **changes)
    data = from_arrays(**arguments)
    return data.with_split(unseen_single(data.conditions, seed=seed, validation=0))


@pytest.mark.parametrize("name", ["no change", "perturbed mean"])
def test_coverage_over_seeds_of_conditions_never_seen(name):
    found = [covered(screen(seed), Calibrated(make_predictor(name))) for seed in range(24)]
    shares = np.array([inside.mean() for inside, _ in found])
    error = shares.std(ddof=1) / np.sqrt(len(shares))
    assert shares.mean() == pytest.approx(0.9, abs=max(0.02, 2 * error))
    assert error < 0.015
    assert np.mean([numbers["coverage"] for _, numbers in found]) == pytest.approx(0.9, abs=0.01)


def few_controls(seed):
    """Twenty control cells in all, as many as each condition has."""
    data = simulate(WHAT, seed=seed, common=0.0)
    control = [i for i, p in enumerate(data["perturbation"]) if p == "control"]
    keep = np.setdiff1d(np.arange(len(data["perturbation"])), control[20:])
    cut = {k: [data[k][i] for i in keep] for k in ("perturbation", "cell_type", "names")}
    data = from_arrays(**{**data, "x": data["x"][keep], **cut})
    return data.with_split(unseen_single(data.conditions, seed=seed, validation=0))


def test_the_noise_of_few_controls_is_covered_as_well():
    shares = [covered(few_controls(seed), Calibrated(PerturbedMean()))[0].mean() for seed in range(24)]
    error = np.std(shares, ddof=1) / np.sqrt(len(shares))
    assert np.mean(shares) == pytest.approx(0.9, abs=max(0.02, 2 * error))
    model, data = Calibrated(PerturbedMean()), few_controls(0)
    model.fit(data.hidden())
    delta = np.zeros((1, len(data.genes)))
    square = [model._intervals.half(delta, np.array([k])) ** 2 for k in (0.0, 1.0, 2.0)]
    more = 1.6448536**2 * np.average(data.training.variance, axis=0, weights=data.training.n) / 5
    assert np.allclose(square[1] - square[0], more)
    assert np.allclose(square[2] - square[0], 2 * more)


def test_genes_that_few_controls_happen_not_to_express_are_covered():
    """Counts that are mostly zero, twenty controls: 'no change' against other controls, another draw of their noise."""
    shares = []
    for seed in range(16):
        data = simulate(WHAT, seed=seed, effects=np.zeros((1, 30, 30)))
        rate = np.random.default_rng(seed).uniform(0.02, 0.3, 30)
        x = np.log1p(np.random.default_rng(seed + 100).poisson(rate, data["x"].shape))
        control = [i for i, p in enumerate(data["perturbation"]) if p == "control"]
        keep = np.setdiff1d(np.arange(len(x)), control[20:])
        cut = {k: [data[k][i] for i in keep] for k in ("perturbation", "cell_type", "names")}
        made = from_arrays(**{**data, "x": x[keep], **cut})
        split = made.with_split(unseen_single(made.conditions, seed=seed, validation=0))
        shares.append(covered(split, Calibrated(make_predictor("no change")))[0].mean())
    assert 0.86 < np.mean(shares) < 0.95


def thin(data, seed):
    """The same cells, of which half of the conditions keep few."""
    rng = np.random.default_rng(seed)
    number = np.array([-1 if p == "control" else int(p[10:]) for p in data["perturbation"]])
    few = (number >= 0) & (number % 2 == 0) & (rng.random(len(number)) < 0.85)
    keep = np.flatnonzero(~few)
    cut = {k: [data[k][i] for i in keep] for k in ("perturbation", "cell_type", "names")}
    return from_arrays(**{**data, "x": data["x"][keep], **cut})


def test_where_the_number_of_cells_is_known_few_and_many_are_covered_alike():
    found = {known: {True: [], False: []} for known in (False, True)}
    for seed in range(16):
        data = thin(simulate(WHAT, seed=seed, cells=40, noise=1.0, common=0.1), seed)
        data = data.with_split(unseen_single(data.conditions, seed=seed, validation=0))
        few = np.repeat((data.test.n < 20)[:, None], len(data.genes), axis=1)[~data.test.own()]
        for known in (False, True):
            inside, _ = covered(data, Calibrated(PerturbedMean()), known)
            for which in (True, False):
                found[known][which].append(inside[few == which].mean())
    mean = {known: {few: np.mean(x) for few, x in of.items()} for known, of in found.items()}
    assert mean[True][True] == pytest.approx(0.9, abs=0.035)
    assert mean[True][False] == pytest.approx(0.9, abs=0.035)
    assert mean[False][False] - mean[False][True] > 0.05  # told nothing, those of few cells are covered less


def test_intervals_stand_around_the_prediction_and_grow_with_the_level_and_with_fewer_cells():
    data = screen(0)
    half = {}
    for level in (0.5, 0.9):
        model = Calibrated(PerturbedMean(), level)
        model.fit(data.hidden())
        asked = data.test.conditions
        for cells in (5, 20, 80):
            found = model.predict(asked, [cells] * len(asked))
            assert np.allclose((found.lower + found.upper) / 2, found.delta)
            half[level, cells] = found.upper - found.delta
    assert np.all(half[0.9, 5] > half[0.9, 20])
    assert np.all(half[0.9, 20] > half[0.9, 80])
    assert np.mean(half[0.9, 20] > half[0.5, 20]) > 0.99


def test_too_few_sets_of_targets_have_no_intervals_and_it_is_said():
    data = divided(simulate(WHAT[:6], cells=6), lambda name: "G00" in name)
    model = Calibrated(PerturbedMean())
    report = model.fit(data.hidden())
    assert any("No intervals: 4 sets of targets" in s for s in report.said)
    found = model.predict(data.test.conditions)
    assert found.lower is found.upper is None
    assert "coverage" not in report.numbers
    one = divided(simulate(WHAT[:6], cells=6), lambda name: "G00" not in name)
    assert "No intervals." in Calibrated(PerturbedMean()).fit(one.hidden()).said


def test_what_is_calibrated_is_the_predictor_otherwise():
    data, plain = screen(1), PerturbedMean()
    plain.fit(data.hidden())
    model = Calibrated(PerturbedMean())
    assert model.fit(data.hidden()).model == model.name == plain.name
    assert np.array_equal(model.predict(data.test.conditions).delta, plain.predict(data.test.conditions).delta)


def test_nested_coverage_by_hand():
    data = screen(2)
    oof = cross_fit({"mean": PerturbedMean}, data.hidden())
    _, numbers, _ = fit_intervals(oof, oof.delta["mean"], np.ones(len(oof)))
    # The mean's residuals without control noise are those of the treated cells alone.
    treated = data.treated.mean[data.rows(oof.table.names)]
    inside, own = [], oof.table.own()
    for f in range(10):
        out = oof.fold == f
        rest = np.flatnonzero(~out)
        residual = np.array([treated[i] - treated[oof.fold != oof.fold[i]].mean(axis=0) for i in range(len(treated))])
        square = np.where(own, 0, residual**2)[rest]
        typical = np.sqrt(square.sum(axis=0) / (~own[rest]).sum(axis=0))
        without = np.sqrt((square.sum(axis=0) - square) / np.maximum((~own[rest]).sum(axis=0) - ~own[rest], 1))
        size = np.abs(oof.delta["mean"])
        edges = np.quantile(size[rest][~own[rest]], (0.5, 0.8, 0.95))
        score = np.abs(residual[rest]) / np.sqrt(without**2 + oof.delta["mean"][rest] ** 2)
        half = np.zeros_like(residual[out])
        for k in range(4):
            scores = np.sort(score[(np.searchsorted(edges, size[rest]) == k) & ~own[rest]])
            scale = scores[min(len(scores), int(np.ceil((len(scores) + 1) * 0.9))) - 1]
            width = scale * np.sqrt(typical**2 + oof.delta["mean"][out] ** 2)
            half = np.where(np.searchsorted(edges, size[out]) == k, width, half)
        inside.append((np.abs(residual[out]) <= half)[~own[out]])
    assert numbers["coverage"] == pytest.approx(np.concatenate(inside).mean(), abs=2e-3)


def test_bad_levels_and_numbers_of_cells_are_refused():
    data, model = screen(3), Calibrated(PerturbedMean())
    with pytest.raises(InputError, match="level"):
        Calibrated(PerturbedMean(), 90).fit(data.hidden())
    model.fit(data.hidden())
    for cells in ([3], [0] * len(data.test)):
        with pytest.raises(InputError, match="cells"):
            model.predict(data.test.conditions, cells)


@pytest.mark.slow
def test_coverage_on_a_simulated_experiment_of_a_known_network():
    """Unseen knock-outs of a branching lineage, whose cells and genes are anything but independent."""
    from perturbome.ingest import simulate as experiment

    shares: dict[str, list[float]] = {"mean": [], "gated": []}
    for seed in range(8):
        made = experiment(n_cells=2400, n_genes=120, n_knockouts=40, n_types=2, seed=seed)
        x = made.counts.toarray().astype(float)
        x = np.log1p(1e4 * x / np.maximum(x.sum(axis=1, keepdims=True), 1))
        label = ["control" if p == "control" else f"knockout:{p}" for p in made.cells["perturbation"]]
        data = from_arrays(
            x, label, made.genes["gene"].to_list(), cell_type=made.cells["cell_type"].to_list(),
            names=made.cells["name"].to_list(), n_genes=None,
        )  # fmt: skip
        data = data.with_split(unseen_single(data.conditions, seed=seed, share=0.4, validation=0))
        shares["mean"].append(covered(data, Calibrated(PerturbedMean()))[0].mean())
        shares["gated"].append(covered(data, Gated(make_predictor("bilinear ridge, tuned")))[0].mean())
    for found in shares.values():
        # Of 8 experiments; genes move together, so each counts as one draw.
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        assert np.mean(found) == pytest.approx(0.9, abs=0.02 + 2 * error)
        assert error < 0.02
