"""Loadings over control cells make up their correlation, and see no cell but the prediction's controls."""

import numpy as np

from perturbome.models.data import PREDICTION
from perturbome.models.predictors.loadings import control_loadings


def test_all_components_make_up_the_correlation(singles):
    rows = singles.cells.control_rows(0, PREDICTION)
    x = singles.cells.expression[rows].toarray().astype(float)
    found = control_loadings(singles, 30)
    assert found.genes == singles.symbols
    assert np.allclose((found.values @ found.values.T).toarray(), np.corrcoef(x.T), atol=1e-8)


def test_they_are_the_same_from_hidden_data(singles):
    one, two = control_loadings(singles, 3).values, control_loadings(singles.hidden(), 3).values
    assert np.allclose(np.abs(one.toarray()), np.abs(two.toarray()))
