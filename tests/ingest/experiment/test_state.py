"""What values are, and that nothing is normalised twice."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from perturbome.ingest.experiment.state import normalise, recognise


@pytest.fixture
def big() -> np.ndarray:
    """Counts [200 cells, 300 genes] of varying depth, as a sequencer gives them."""
    rng = np.random.default_rng(3)
    return rng.poisson(rng.gamma(0.4, 1.0, (1, 300)) * rng.gamma(4, 0.5, (200, 1))).astype(np.float64)


def per(counts: np.ndarray, scale: float) -> np.ndarray:
    return counts / np.maximum(1, counts.sum(1, keepdims=True)) * scale


@pytest.mark.parametrize(
    ("make", "state", "unit"),
    [
        (lambda c: c, "counts", "log1p of counts per 10,000"),
        (lambda c: per(c, 1e4), "normalised", "log1p of counts per 10,000"),
        (lambda c: per(c, 1e6)[:, :60], "normalised", "log1p of depth-normalised counts, scale not stated"),
        (lambda c: np.log1p(per(c, 1e4)), "log1p", "log1p of counts per 10,000"),
        (lambda c: np.log1p(per(c, 1e4))[:, 100:180], "log1p", "log1p of depth-normalised counts, scale not stated"),
        (lambda c: np.log2(1 + per(c, 1e6)), "log1p", "log2 of 1 + counts per 1,000,000"),
        (np.log1p, "log1p", "log1p of counts, not scaled"),
        (lambda c: (c - c.mean(0)) / (c.std(0) + 1), "other", "as in the file"),
        (lambda c: c * 0.5, "other", "as in the file"),
        (lambda c: np.abs(np.random.default_rng(0).normal(5, 2, c.shape)), "other", "as in the file"),
    ],
    ids=[
        "counts",
        "cp10k",
        "cpm-subset",
        "log1p",
        "log1p-subset",
        "log2-cpm",
        "log1p-of-counts",
        "scaled",
        "halves",
        "noise",
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_states_are_told_apart(big: np.ndarray, make, state: str, unit: str, dtype: type) -> None:
    found = recognise(sp.csr_matrix(make(big).astype(dtype)))
    assert found.state == state, found.why
    assert found.unit == unit


def test_uns_log1p_is_a_hint_only_where_values_allow(big: np.ndarray) -> None:
    noise = sp.csr_matrix(np.abs(np.random.default_rng(0).normal(3, 1, (50, 20))))
    assert recognise(noise, log_hint=True).state == "log1p"
    assert recognise(sp.csr_matrix(big), log_hint=True).state == "counts"
    assert recognise(noise * 100, log_hint=True).state == "other"


def test_normalising_is_log1p_of_counts_per_ten_thousand(big: np.ndarray) -> None:
    big[3] = 0
    out, totals = normalise(sp.csr_matrix(big), "counts")
    np.testing.assert_allclose(out.toarray(), np.log1p(per(big, 1e4)), rtol=1e-5)
    np.testing.assert_array_equal(totals, big.sum(1))
    assert out.dtype == np.float32


def test_one_logarithm_and_no_second_scaling(big: np.ndarray) -> None:
    scaled = sp.csr_matrix(per(big, 1e4))
    np.testing.assert_allclose(normalise(scaled, "normalised")[0].toarray(), np.log1p(scaled.toarray()), rtol=1e-5)
    logged = sp.csr_matrix(np.log1p(per(big, 1e4)))
    for state in ("log1p", "other"):
        np.testing.assert_allclose(normalise(logged, state)[0].toarray(), logged.toarray(), rtol=1e-6)  # type: ignore[arg-type]


def test_depth_does_not_matter(big: np.ndarray) -> None:
    once, thrice = (normalise(sp.csr_matrix(big * k), "counts")[0].toarray() for k in (1, 3))
    np.testing.assert_allclose(once, thrice, rtol=1e-5)


@pytest.mark.parametrize("value", [-1.0, -2.0, 0.5, 2.5, 0.25])
@pytest.mark.parametrize("shape", [(20, 6), (200, 300), (5000, 10)])
def test_one_bad_value_leaves_counts_counts(shape: tuple[int, int], value: float) -> None:
    counts = np.random.default_rng(0).poisson(2.0, shape).astype(np.float32)
    counts[3, 1] = value
    found = recognise(sp.csr_matrix(counts))
    assert found.state == "counts"
    assert f"{value:g}" in found.why


def test_minus_one_for_missing_leaves_counts_counts(big: np.ndarray) -> None:
    big[np.random.default_rng(1).random(big.shape) < 0.02] = -1
    assert recognise(sp.csr_matrix(big)).state == "counts"


@pytest.mark.parametrize("low", [0, 1])
def test_small_whole_numbers_are_no_logarithm(low: int) -> None:
    rng = np.random.default_rng(2)
    values = rng.integers(low, 4, (400, 20)).astype(float)
    values[rng.random(values.shape) < 0.03] = 0.5  # too many to be a slip, too few to show a logarithm
    values[0, :3] = 1.5, 2.5, 0.25
    assert recognise(sp.csr_matrix(values)).state == "other"


def test_log2_and_log10_of_counts_are_still_seen(big: np.ndarray) -> None:
    for base, take in (("2", np.log2), ("10", np.log10)):
        found = recognise(sp.csr_matrix(take(1 + big)))
        assert (found.state, found.base, found.unscaled) == ("log1p", base, True)
