"""Kernels against scikit-learn and dense matrices; positive, of unit diagonal, blind to who else is asked for."""

import numpy as np
import pytest
from scipy import linalg, sparse

from perturbome.models.predictors.features import GeneGraph, GeneMatrix
from perturbome.models.predictors.kernels import cosine, diffusion, gaussian, jaccard
from perturbome.platform.errors import BadValues

GENES = tuple("ABCDEFGH")


def graph(seed=0):
    """Eight genes, random weights; H has no neighbour."""
    w = np.triu(np.random.default_rng(seed).random((8, 8)) * (np.random.default_rng(seed + 1).random((8, 8)) < 0.5), 1)
    w[:, 7] = 0
    return GeneGraph(GENES, sparse.csr_matrix(w))


def test_diffusion_is_the_exponential_of_the_laplacian():
    g = graph()
    w = g.weights.toarray()
    w = ((w + w.T) / 2)[:7, :7]
    root = np.diag(1 / np.sqrt(w.sum(axis=1)))
    k = linalg.expm(-1.5 * (np.eye(7) - root @ w @ root))
    k /= np.sqrt(np.outer(np.diag(k), np.diag(k)))
    found = diffusion(g, GENES, 1.5)
    assert np.allclose(found[:7, :7], k, atol=1e-10)
    assert np.array_equal(found[7], np.eye(8)[7])


def test_diffusion_does_not_depend_on_who_is_asked():
    g, asked = graph(), ["F", "nobody", "B", "A"]
    at = [5, 1, 0]
    found = diffusion(g, asked)
    assert np.allclose(found[np.ix_([0, 2, 3], [0, 2, 3])], diffusion(g, GENES)[np.ix_(at, at)])
    assert np.array_equal(found[1], np.eye(4)[1])


def test_what_was_diffused_before_is_kept_and_changes_nothing(monkeypatch):
    from perturbome.models.predictors import kernels

    g, whole = graph(), diffusion(graph(), GENES)
    walked = []
    real = kernels.expm_multiply
    monkeypatch.setattr(kernels, "expm_multiply", lambda a, b, **k: walked.append(b.shape[1]) or real(a, b, **k))
    for asked in (["C", "A"], ["E", "B", "A"], list(GENES), ["G", "D"]):
        at = [GENES.index(a) for a in asked]
        assert np.allclose(diffusion(g, asked), whole[np.ix_(at, at)], atol=1e-12)
    assert walked == [2, 2, 3]  # H has no neighbour
    diffusion(g, ["A"], time=1.0)
    assert walked == [2, 2, 3, 1]


def test_negative_weights_are_refused():
    with pytest.raises(BadValues, match="negative"):
        diffusion(GeneGraph(("A", "B"), np.array([[0, -1.0], [0, 0]])), ["A"])


def test_cosine_and_jaccard_are_those_of_scikit_learn():
    pairwise = pytest.importorskip("sklearn.metrics.pairwise")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 4))
    assert np.allclose(cosine(x), pairwise.cosine_similarity(x))
    sets = rng.random((6, 9)) < 0.5
    assert np.allclose(jaccard(sparse.csr_matrix(sets)), 1 - pairwise.pairwise_distances(sets, metric="jaccard"))
    assert np.allclose(gaussian(x, x[:2], 1.3), pairwise.rbf_kernel(x, x[:2], gamma=1 / (2 * 1.3**2)))


@pytest.mark.parametrize("seed", range(3))
def test_all_are_positive_with_ones_on_the_diagonal(seed):
    rng = np.random.default_rng(seed)
    members = GeneMatrix(GENES, rng.random((8, 12)) < 0.3).of([*GENES, "unknown"])
    for k in (cosine(members), jaccard(members), diffusion(graph(seed), [*GENES, "unknown"])):
        assert np.allclose(k, k.T)
        assert np.array_equal(np.diag(k), np.ones(9))
        assert np.linalg.eigvalsh(k).min() > -1e-10
        assert np.array_equal(k[8], np.eye(9)[8])


def test_of_a_network_without_genes_nothing_is_known():
    empty = GeneGraph((), sparse.csr_matrix((0, 0)))
    np.testing.assert_array_equal(diffusion(empty, ["A", "B"]), np.eye(2))
