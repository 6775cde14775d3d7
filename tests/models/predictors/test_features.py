"""Features are found by symbol, and refused where rows do not fit."""

import numpy as np
import pytest
from scipy import sparse

from perturbome.models.data import Condition
from perturbome.models.predictors.features import Features, GeneGraph, GeneMatrix, of_conditions
from perturbome.platform.errors import BadValues, InputError


def test_rows_by_symbol_and_zeros_for_the_unknown():
    matrix = GeneMatrix(("B", "A"), np.array([[1.0, 2.0], [3.0, 0.0]]))
    assert np.array_equal(matrix.of(["A", "C", "B", "A"]).toarray(), [[3, 0], [0, 0], [1, 2], [3, 0]])
    assert matrix.rows(["A", "C"]).tolist() == [1, -1]


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="2 rows for 1 genes"):
        GeneMatrix(("A",), np.eye(2))
    with pytest.raises(InputError, match="1 different"):
        GeneMatrix(("A", "A"), np.eye(2))
    with pytest.raises(InputError, match="columns"):
        GeneGraph(("A", "B"), sparse.csr_matrix((2, 3)))
    with pytest.raises(BadValues, match="1 values"):
        GeneMatrix(("A",), np.array([[np.nan]]))


def test_features_may_be_empty():
    assert not Features().embeddings


def test_conditions_sum_their_targets_and_compounds_have_none():
    matrix = GeneMatrix(("A", "B"), np.array([[1.0, 2.0], [3.0, 0.0]]))
    conditions = [Condition.parse(n) for n in ("knockout:A+B::K562", "knockout:B+C::K562", "compound:A@1::K562")]
    assert np.array_equal(of_conditions(matrix, conditions).toarray(), [[4, 2], [3, 0], [0, 0]])
