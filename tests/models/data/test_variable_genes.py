"""Highly variable genes against scanpy's."""

import numpy as np
import pytest
from scipy import sparse

from perturbome.models.data.variable_genes import most_variable, normalised_dispersion
from perturbome.models.moments import group_moments
from perturbome.platform.errors import InputError


def counts(seed=0, n=400, g=300):
    rng = np.random.default_rng(seed)
    mean = rng.gamma(0.6, 1.5, g)
    x = rng.poisson(mean * rng.gamma(2, 0.5, (n, g)))
    x[:, 5] = 0
    return x.astype(np.float32)


def linear_moments(x, group=None):
    linear = sparse.csr_matrix(np.expm1(np.log1p(x).astype(np.float64)))
    group = np.zeros(len(x), dtype=np.intp) if group is None else group
    return group_moments(linear, group, int(group.max()) + 1)


@pytest.mark.slow
def test_scores_are_scanpys():
    anndata, scanpy = pytest.importorskip("anndata"), pytest.importorskip("scanpy")
    x = counts()
    cells = anndata.AnnData(np.log1p(x))
    scanpy.pp.highly_variable_genes(cells, flavor="seurat", n_top_genes=50)
    score = normalised_dispersion(linear_moments(x))
    expected = cells.var["dispersions_norm"].to_numpy()
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(known, x.any(axis=0))
    assert (score[~known] == -np.inf).all()
    np.testing.assert_allclose(score[known], expected[known], rtol=1e-4, atol=1e-4)
    ids = tuple(map(str, range(len(score))))
    chosen = np.zeros(len(score), dtype=bool)
    chosen[most_variable(score, ids, 50)] = True
    assert (chosen == cells.var["highly_variable"].to_numpy()).mean() > 0.99


def test_differences_between_contexts_make_no_gene_variable():
    """The same scores as cells moved to one common mean; in one context the difference would count."""
    x = counts()
    group = np.repeat([0, 1], 200)
    x[:, x[group == 0].std(axis=0) == 0] = np.arange(400)[:, None] % 2
    x[group == 1] += np.random.default_rng(1).poisson(1, x.shape[1]).astype(np.float32)
    centred = x.astype(np.float64)
    for g in (0, 1):
        centred[group == g] += x.mean(axis=0) - x[group == g].mean(axis=0, dtype=np.float64)
    common = normalised_dispersion(group_moments(sparse.csr_matrix(centred), np.zeros(400, dtype=np.intp), 1))
    found = normalised_dispersion(linear_moments(x, group))
    np.testing.assert_allclose(found, common, atol=1e-4)
    assert np.abs(found - normalised_dispersion(linear_moments(x))).max() > 0.1


def test_a_gene_that_never_varies_is_never_chosen():
    """Rounding leaves it a variance of 1e-16 or so, whose logarithm would set the scale of its whole bin."""
    x = counts()
    score = normalised_dispersion(linear_moments(x))
    x[:, 7] = 3
    constant = normalised_dispersion(linear_moments(x))
    assert constant[7] == -np.inf
    assert np.abs(constant - score)[np.isfinite(constant) & np.isfinite(score)].max() < 1.5


def test_doubled_cells_choose_the_same_genes():
    x, ids = counts(), tuple(f"g{i}" for i in range(300))
    once = most_variable(normalised_dispersion(linear_moments(x)), ids, 40)
    twice = most_variable(normalised_dispersion(linear_moments(np.vstack([x, x]))), ids, 40)
    np.testing.assert_array_equal(once, twice)


def test_ties_go_to_the_first_id():
    assert most_variable(np.array([1.0, 2.0, 1.0, 1.0]), ("d", "c", "b", "a"), 2).tolist() == [1, 3]
    assert most_variable(np.array([1.0, 2.0, 1.0 + 1e-14, 1.0]), ("d", "c", "b", "a"), 2).tolist() == [1, 3]
    assert most_variable(np.array([-np.inf, 2.0, -np.inf]), ("a", "c", "b"), 2).tolist() == [0, 1]


def test_negative_expression_has_no_dispersion():
    with pytest.raises(InputError, match=r"--n-genes \d+ \(n_genes=None\)"):
        normalised_dispersion(group_moments(sparse.csr_matrix(-counts()), np.zeros(400, dtype=np.intp), 1))
