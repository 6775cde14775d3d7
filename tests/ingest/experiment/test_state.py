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


def quantile_normalised(n: int, genes: int, seed: int = 0) -> np.ndarray:
    """The same values in every cell, in another order: log2 of an array's intensities."""
    rng = np.random.default_rng(seed)
    return rng.permuted(np.tile(np.sort(rng.uniform(3, 15, genes)), (n, 1)), axis=1)


@pytest.mark.parametrize("make", [lambda v: v, np.exp2, lambda v: v.round(2)], ids=["log2", "intensities", "rounded"])
@pytest.mark.parametrize("shape", [(300, 900), (5, 40)])
def test_sums_that_any_reading_makes_equal_tell_of_no_scaling(make, shape: tuple[int, int]) -> None:
    values = make(quantile_normalised(*shape))
    values[:, :2] += np.random.default_rng(1).uniform(0, 1e-4, (shape[0], 2)) * values[:, :2]  # ties, broken
    found = recognise(sp.csr_matrix(values.astype(np.float32)))
    assert found.state == "other"
    assert "quantile" in found.why


@pytest.mark.parametrize("scale", [1e4, 1e6, 23_456.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_deep_replicates_are_no_quantile_normalised_cells(scale: float, dtype: type) -> None:
    """Bulk samples of one line: nearly alike, so that the sums of their logarithms are nearly equal too."""
    rng = np.random.default_rng(4)
    depth = rng.uniform(20, 40, (8, 1))
    counts = per(rng.poisson(np.exp(rng.normal(2, 2, (1, 2000))) * depth).astype(float), scale)
    for take, base in ((np.log1p, "e"), (lambda v: np.log2(1 + v), "2")):
        found = recognise(sp.csr_matrix(take(counts).astype(dtype)))
        assert (found.state, found.base) == ("log1p", base), found.why
    assert recognise(sp.csr_matrix(counts.astype(dtype))).state == "normalised"


def test_cells_that_are_all_alike_keep_the_state_they_show() -> None:
    cell = per(np.array([[1.0, 2, 3, 5, 8, 13, 21]]), 1e4)
    for values, state in ((cell, "normalised"), (np.log1p(cell), "log1p")):
        for n in (2, 50):
            assert recognise(sp.csr_matrix(np.repeat(values, n, axis=0))).state == state
