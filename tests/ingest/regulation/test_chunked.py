"""Moments from chunks are those of the whole matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from perturbome.ingest.regulation.chunked import chunked_moments, chunked_summary
from perturbome.ingest.regulation.moments import Blocks, block_moments
from perturbome.platform.errors import InputError

N, G = 40, 7
REGULATORS, AIMED = np.array([1, 4, 6]), np.array([2, 4])
X = np.random.default_rng(0).poisson(1.0, (N, G)).astype(np.float32)
BLOCK = np.random.default_rng(1).permutation(np.arange(N) % 6)
PERTURBED = np.random.default_rng(2).random((N, 2)) < 0.2
SUMS = ("count", "total", "square", "gram", "aim_count", "aim_gram", "aim_own", "mean", "sd")


def assert_alike(found: Blocks, expected: Blocks) -> None:
    for name in SUMS:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-5, atol=1e-4, err_msg=name)


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, N), max_size=4), form=st.sampled_from([np.asarray, sparse.csr_matrix]))
def test_any_chunks_make_the_moments_of_the_whole(cuts: list[int], form) -> None:
    chunks = [form(part) for part in np.split(X, sorted(cuts))]
    found = chunked_moments(chunks, REGULATORS, BLOCK, PERTURBED, AIMED)
    assert_alike(found, block_moments(X, REGULATORS, BLOCK, PERTURBED, AIMED))


def test_chunks_in_another_order_with_their_cells_change_nothing() -> None:
    order = np.random.default_rng(3).permutation(N)
    found = chunked_moments(np.array_split(X[order], 5), REGULATORS, BLOCK[order], PERTURBED[order], AIMED)
    assert_alike(found, chunked_moments(np.array_split(X, 5), REGULATORS, BLOCK, PERTURBED, AIMED))


def test_chunks_that_can_be_read_once_need_a_summary() -> None:
    with pytest.raises(InputError, match="read only once"):
        chunked_moments(iter([X]), REGULATORS, BLOCK)
    found = chunked_moments(iter([X[:9], X[9:]]), REGULATORS, BLOCK, summary=chunked_summary([X]))
    np.testing.assert_allclose(found.gram, block_moments(X, REGULATORS, BLOCK).gram, atol=1e-4)


@pytest.mark.parametrize("chunks", [[X, X[:1]], [X[:-1]]])
def test_cells_too_many_or_too_few_are_refused(chunks: list[np.ndarray]) -> None:
    with pytest.raises(InputError, match="40 are described"):
        chunked_moments(chunks, REGULATORS, BLOCK)


def test_no_chunk_is_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        chunked_summary([])
