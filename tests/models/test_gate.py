"""The gate opens for signal, stays closed for noise, and closed means the baseline bit by bit."""

import numpy as np
import pytest

from perturbome.models.baselines import leave_one_out_mean
from perturbome.models.conformal import calibrate, coverages, held_out, largest
from perturbome.models.gate import fit_gate
from perturbome.models.scores import full_length, pearson_delta

K, G = 20, 80


def simulate(rng, strength, noise=0.3):
    common, features = rng.normal(size=G), rng.normal(size=(K, G))
    signal = common + strength * features
    return signal + noise * rng.normal(size=(K, G)), signal + noise * rng.normal(size=(K, G)), features


def test_signal_opens_the_gate_to_its_slope():
    gate = fit_gate(*simulate(np.random.default_rng(0), 0.4), np.zeros((K, G), bool))
    assert gate.gamma == pytest.approx(0.4, abs=0.05)
    assert gate.gain > 0.3


def test_slope_is_least_squares_on_centred_features():
    truth, others, features = simulate(np.random.default_rng(1), 0.2)
    gate = fit_gate(truth, others, features, np.zeros((K, G), bool))
    residual = (truth - leave_one_out_mean(others)).ravel()
    step = (features - leave_one_out_mean(features)).ravel()
    assert gate.slope == pytest.approx(np.linalg.lstsq(step[:, None], residual, rcond=None)[0][0])


def test_noise_keeps_the_gate_nearly_closed():
    gates = [fit_gate(*simulate(np.random.default_rng(s), 0.0), np.zeros((K, G), bool)) for s in range(40)]
    assert np.mean([g.gamma == 0 for g in gates]) > 0.75
    assert max(g.gamma for g in gates) < 0.03


def test_a_feature_with_the_wrong_sign_keeps_it_closed():
    truth, others, features = simulate(np.random.default_rng(2), 0.4)
    assert fit_gate(truth, others, -features, np.zeros((K, G), bool)).gamma == 0


def test_closed_gate_is_the_baseline_exactly():
    truth, others, features = simulate(np.random.default_rng(3), 0.0)
    gate = fit_gate(truth, others, 0 * features, np.zeros((K, G), bool))
    assert gate.gamma == 0
    baseline = leave_one_out_mean(others)
    np.testing.assert_array_equal(gate.apply(baseline, features, features.mean(axis=0)), baseline)


def test_too_few_targets_teach_nothing():
    truth, others, features = simulate(np.random.default_rng(4), 1.0)
    assert fit_gate(truth[:3], others[:3], features[:3], np.zeros((3, G), bool)).gamma == 0


def test_own_targets_do_not_count():
    truth, others, features = simulate(np.random.default_rng(5), 0.4)
    own = np.zeros((K, G), bool)
    own[np.arange(K), np.arange(K)] = True
    spoiled = truth.copy()
    spoiled[own] += 1e3
    assert fit_gate(spoiled, others, features, own).gamma == fit_gate(truth, others, features, own).gamma


def test_conformal_coverage_holds_on_targets_not_seen():
    rng = np.random.default_rng(6)
    size = rng.random(G) + 0.1
    residual = rng.standard_t(4, size=(60, G)) * size
    own = np.zeros(residual.shape, bool)
    found = calibrate(residual[:30], np.zeros((30, G)), own[:30])
    half = found.half(np.zeros((30, G)), np.zeros((30, G)))
    assert (np.abs(residual[30:]) <= half).mean() == pytest.approx(0.9, abs=0.04)
    assert held_out(residual, np.zeros(residual.shape), own).mean() == pytest.approx(0.9, abs=0.03)
    assert held_out(residual[:3], np.zeros((3, G)), own[:3]) is None
    assert calibrate(residual[:3], np.zeros((3, G)), own[:3]) is None


def test_pearson_is_numpys_and_leaves_own_targets_out():
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=(4, 9)), rng.normal(size=(4, 9))
    out = np.zeros((4, 9), bool)
    out[:, 2] = True
    expected = [np.corrcoef(np.delete(a[k], 2), np.delete(b[k], 2))[0, 1] for k in range(4)]
    np.testing.assert_allclose(pearson_delta(a, b, out), expected)
    assert np.isnan(pearson_delta(np.full((1, 9), 0.1), b[:1])).all()


def test_replicate_correlation_of_whole_samples():
    rng = np.random.default_rng(8)
    truth = rng.normal(size=200_000)
    halves = truth + rng.normal(size=(2, len(truth))) * np.sqrt(2)
    more = truth + rng.normal(size=(2, len(truth)))
    assert full_length(np.corrcoef(halves)[0, 1]) == pytest.approx(np.corrcoef(more)[0, 1], abs=0.01)


def test_shared_controls_would_invent_a_correlation_of_one_half():
    """Why controls are halved: with no effect at all, one shared control mean correlates prediction and truth."""
    rng = np.random.default_rng(9)
    treated, predicted, shared, other = rng.normal(size=(4, 1, 50_000))
    assert pearson_delta(predicted - shared, treated - shared)[0] == pytest.approx(0.5, abs=0.02)
    assert pearson_delta(predicted - other, treated - shared)[0] == pytest.approx(0.0, abs=0.02)


def test_gamma_is_the_slope_shrunk_by_its_jackknife_error():
    truth, others, features = simulate(np.random.default_rng(10), 0.1, noise=1.0)
    own = np.zeros((K, G), bool)
    gate = fit_gate(truth, others, features, own)
    residual, step = truth - leave_one_out_mean(others), features - leave_one_out_mean(features)
    slopes = [np.sum(np.delete(step * residual, k, axis=0)) / np.sum(np.delete(step**2, k, axis=0)) for k in range(K)]
    assert gate.error == pytest.approx(np.sqrt((K - 1) / K * np.sum((slopes - np.mean(slopes)) ** 2)))
    assert gate.gain > 0
    assert gate.gamma == pytest.approx(gate.slope * (1 - (gate.error / gate.slope) ** 2))


def test_a_conformal_score_leaves_its_own_target_out_of_the_typical_size():
    residual = np.array([[1.0], [2.0], [3.0], [10.0]])
    found = calibrate(residual, np.zeros((4, 1)), np.zeros((4, 1), bool), level=0.9)
    others = [np.sqrt(np.mean(np.delete(residual, k) ** 2)) for k in range(4)]
    assert found.scales.tolist() == [pytest.approx(max(residual[:, 0] / others), rel=1e-5)]


def moving(rng, n=60, g=200, factor=4.0):
    """Few genes move, and then `factor` times as far as predicted, with an error of their own: quiet genes abound."""
    predicted = np.where(rng.random((n, g)) < 0.08, rng.normal(size=(n, g)) * 0.3, 0.0)
    truth = factor * predicted * rng.lognormal(0, 0.5, (n, g)) + 0.1 * rng.normal(size=(n, g))
    return predicted, truth


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_coverage_holds_among_the_genes_predicted_to_move(seed):
    predicted, truth = moving(np.random.default_rng(seed))
    own, zero = np.zeros(truth.shape, bool), np.zeros(truth.shape)
    found = held_out(truth - predicted, zero, own, predicted=predicted)
    top = largest(predicted, own, 10)
    assert found.mean() == pytest.approx(0.9, abs=0.03)
    assert found[top].mean() == pytest.approx(0.9, abs=0.04)
    blind = held_out(truth - predicted, zero, own)
    assert blind.mean() == pytest.approx(0.9, abs=0.03)
    assert blind[top].mean() < 0.6  # one scale for all is carried by the genes that do not move


def test_coverages_are_shares_of_their_genes_without_own_targets():
    predicted, truth = moving(np.random.default_rng(14), n=5, g=40)
    own = np.zeros(truth.shape, bool)
    own[:, 0] = True
    inside, changed = np.abs(truth) < 0.15, np.abs(truth) > 0.3
    found = coverages(inside, own, predicted, changed)
    assert found["coverage"] == inside[:, 1:].mean()
    assert found["coverage_changed"] == inside[:, 1:][changed[:, 1:]].mean() == 0
    top = [
        np.argsort(-np.where(own[k], 0, np.abs(predicted[k])))[: min(20, (predicted[k, 1:] != 0).sum())]
        for k in range(5)
    ]
    assert found["coverage_top"] == pytest.approx(np.concatenate([inside[k, at] for k, at in enumerate(top)]).mean())
    assert "coverage_changed" not in coverages(inside, own, predicted, np.zeros(truth.shape, bool))
