"""Hashes against their definitions in plain Python, and blind to order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from perturbome.models.data.fingerprint import bag_hash, mixed, name_hashes, row_hashes, seeded

M = 2**64


def splitmix(z):
    z = (z + 0x9E3779B97F4A7C15) % M
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % M
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % M
    return z ^ (z >> 31)


def fnv(text):
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = (h ^ byte) * 0x100000001B3 % M
    return splitmix(h)


@given(st.lists(st.text(st.characters(min_codepoint=1, blacklist_categories=["Cs"]), max_size=8), max_size=6))
def test_names_are_hashed_by_fnv_1a(names):
    assert name_hashes(names).tolist() == [fnv(n) for n in names]


@given(st.lists(st.integers(0, M - 1), min_size=1, max_size=5))
def test_mixing_is_splitmix64(numbers):
    assert mixed(np.array(numbers, dtype=np.uint64)).tolist() == [splitmix(n) for n in numbers]


def test_seeds_give_other_orders():
    keys = name_hashes([f"c{i}" for i in range(50)])
    assert (np.argsort(seeded(keys, 0)) != np.argsort(seeded(keys, 1))).any()


@pytest.mark.parametrize("block", [1, 50, 1 << 20])
def test_rows_do_not_depend_on_the_order_of_genes_or_on_stored_zeros(monkeypatch, block):
    monkeypatch.setattr("perturbome.models.data.fingerprint.BLOCK", block)
    rng = np.random.default_rng(0)
    x = rng.poisson(0.7, (20, 30)).astype(np.float32)
    genes = name_hashes([f"G{j}" for j in range(30)])
    order = rng.permutation(30)
    a, b = sparse.csr_matrix(x), sparse.csr_matrix(x[:, order])
    full = sparse.csr_matrix(np.ones_like(x))
    full.data = x.ravel().copy()
    found = row_hashes(a.indptr, a.indices, a.data, genes)
    np.testing.assert_array_equal(found, row_hashes(b.indptr, b.indices, b.data, genes[order]))
    np.testing.assert_array_equal(found, row_hashes(full.indptr, full.indices, full.data, genes))
    assert len(np.unique(found)) == len(np.unique(x, axis=0))
    by_hand = [
        sum(splitmix(int(genes[j]) ^ int(v.view(np.uint32))) for j, v in enumerate(row) if v) % M for row in x
    ]  # fmt: skip
    assert found.tolist() == by_hand


def test_a_bag_knows_repetition_but_not_order():
    a, b = name_hashes(["x", "y", "z"]), name_hashes(["1", "2", "3"])
    order = [2, 0, 1]
    assert bag_hash([a, b]) == bag_hash([a[order], b[order]])
    assert bag_hash([a, b]) != bag_hash([a, b[order]])
    assert bag_hash([a[[0, 0]], b[[0, 0]]]) != bag_hash([a[[1, 1]], b[[1, 1]]])
