"""What is known of pairs of genes: every kind against loops over pairs; targets themselves are never spoken of."""

import numpy as np
import pytest
from scipy import sparse

from perturbome.models.data import Condition
from perturbome.models.predictors.features import Features, GeneGraph, GeneMatrix
from perturbome.models.predictors.pair_features import gene_pairs, of_pairs

KNOWN = ("A", "B", "C", "D", "E")
MEASURED = ("E", "A", "X", "C", "A")  # X is unknown, A measured twice


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    signed = rng.normal(size=(5, 5)) * (rng.random((5, 5)) < 0.6)
    links = np.triu(rng.random((5, 5)) * (rng.random((5, 5)) < 0.7), 1)
    members = (rng.random((5, 8)) < 0.4).astype(float)
    members[1] = 0
    vectors = rng.normal(size=(5, 3))
    return Features(
        embeddings={"text": GeneMatrix(KNOWN, sparse.csr_matrix(vectors))},
        gene_sets={"GO": GeneMatrix(KNOWN, sparse.csr_matrix(members))},
        networks={"STRING": GeneGraph(KNOWN, sparse.csr_matrix(links))},
        regulation={"TRRUST": GeneGraph(KNOWN, sparse.csr_matrix(signed))},
    )


def by_hand(features, name, a, b):
    """One pair, from dense arrays."""
    if a not in KNOWN or b not in KNOWN:
        return 0.0
    i, j = KNOWN.index(a), KNOWN.index(b)
    if name == "regulation TRRUST":
        return features.regulation["TRRUST"].weights.toarray()[i, j]
    if name == "network STRING":
        w = features.networks["STRING"].weights.toarray()
        w = (w + w.T) / 2
        degree = w.sum(axis=0)
        return w[i, j] / np.sqrt(degree[i] * degree[j]) if degree[i] * degree[j] > 0 else 0.0
    if name == "gene sets GO":
        x = features.gene_sets["GO"].values.toarray() > 0
        either = (x[i] | x[j]).sum()
        return (x[i] & x[j]).sum() / either if either else 0.0
    x = features.embeddings["text"].values.toarray()
    return x[i] @ x[j] / np.linalg.norm(x[i]) / np.linalg.norm(x[j])


@pytest.mark.parametrize("name", ["regulation TRRUST", "network STRING", "gene sets GO", "embedding text"])
def test_every_pair_is_that_of_a_loop(features, name):
    found = gene_pairs(features)[name](["C", "unknown", "B"], MEASURED)
    expected = [[by_hand(features, name, a, b) for b in MEASURED] for a in ("C", "unknown", "B")]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_condition_is_the_signed_sum_of_its_targets_without_themselves(features):
    pairs = gene_pairs(features)["embedding text"]
    names = ["knockout:A::T", "activation:A::T", "knockdown:A+C::T", "compound:A::T", "knockout:unknown::T"]
    phi = of_pairs(pairs, [Condition.parse(n) for n in names], MEASURED)
    of_a, of_c = pairs(["A"], MEASURED)[0], pairs(["C"], MEASURED)[0]
    of_a[[1, 4]] = 0
    np.testing.assert_allclose(phi[0], -of_a)
    np.testing.assert_allclose(phi[1], of_a)
    both = -(pairs(["A"], MEASURED)[0] + of_c)
    both[[1, 3, 4]] = 0
    np.testing.assert_allclose(phi[2], both)
    assert not phi[3:].any()


def test_the_order_of_measured_genes_only_orders_columns(features):
    order = np.array([3, 0, 4, 2, 1])
    asked = [Condition.parse("knockout:B+D::T")]
    for pairs in gene_pairs(features).values():
        straight = of_pairs(pairs, asked, MEASURED)
        np.testing.assert_array_equal(of_pairs(pairs, asked, [MEASURED[i] for i in order]), straight[:, order])
