"""Data and features as arrays and back: every number of every table the same, bit by bit."""

import numpy as np
import pytest
from scipy import sparse

from perturbome.models.data import Condition, Context, from_arrays
from perturbome.models.data.split_choice import choose_splits, nothing_held_out
from perturbome.models.predictors.features import Features, GeneGraph, GeneMatrix
from perturbome.models.training.stored_data import (
    data_arrays,
    data_of,
    feature_arrays,
    features_of,
    read_context,
    split_of,
)
from perturbome.models.training.train import shown


@pytest.fixture(scope="module")
def screen():
    rng = np.random.default_rng(0)
    labels = ["control"] * 40 + [f"knockout:G{i}" for i in range(6) for _ in range(8)] + ["compound:JQ1@0.25"] * 8
    x = rng.gamma(2.0, 1.0, (2 * len(labels), 12))
    return from_arrays(
        x, labels * 2, [f"G{i}" for i in range(12)], cell_type=["A::B"] * len(labels) + ["K562"] * len(labels),
        time=[6.0] * len(labels) + [24.0] * len(labels), n_genes=None,
    )  # fmt: skip


def test_data_come_back_whole(screen):
    [split] = choose_splits(screen.conditions, "unseen-single")
    seen = screen.with_split(split).hidden()
    back = data_of(*data_arrays(seen), split_of(split.configuration()))
    assert (back.conditions, back.contexts, back.genes, back.symbols) == (
        seen.conditions, seen.contexts, seen.genes, seen.symbols,
    )  # fmt: skip
    assert back.split == split
    for mine, theirs in ((seen.training, back.training), (seen.validation, back.validation)):
        for name in ("delta", "error", "mean", "variance", "control", "n", "n_control"):
            assert getattr(mine, name).tobytes() == getattr(theirs, name).tobytes()
        assert mine.targets == theirs.targets
    tuned, again = seen.tuning(), back.tuning()
    assert tuned.test.delta.tobytes() == again.test.delta.tobytes()


def test_features_come_back_in_their_order():
    rng = np.random.default_rng(1)
    graph = GeneGraph(("A", "B", "C"), sparse.random(3, 3, 0.6, random_state=2))
    matrix = GeneMatrix(("A", "D"), sparse.csr_matrix(rng.normal(size=(2, 5))))
    features = Features({"z": matrix, "a": matrix}, {"sets": matrix}, {"net": graph}, {"reg": graph}, ("told",))
    back = features_of(*feature_arrays(features))
    assert list(back.embeddings) == ["z", "a"]
    assert back.said == ("told",)
    assert (back.networks["net"].weights != graph.weights).nnz == 0
    assert back.gene_sets["sets"].genes == ("A", "D")
    assert np.array_equal(back.embeddings["a"].values.toarray(), matrix.values.toarray())


def test_contexts_and_a_split_that_holds_nothing_out():
    for context in (Context(), Context("A::B", 6.0), Context("x%y", 0.5)):
        assert read_context(context.name) == context
    split = nothing_held_out([Condition.parse("knockout:A::all")])
    assert split_of(split.configuration()) == split


def test_where_nothing_is_held_out_all_controls_and_conditions_are_seen(screen):
    split = nothing_held_out(screen.conditions)
    seen = shown(screen.with_split(split), split)
    half = screen.table().n_control
    assert np.array_equal(seen.training.n_control, half + screen.table(half=0).n_control)
    assert len(seen.training) == len(screen.conditions)
    every = screen.controls.merge(np.arange(len(screen.controls.n)) // 4, len(screen.contexts)).mean
    assert np.allclose(seen.training.control, every[screen.context])
    [held] = choose_splits(screen.conditions, "unseen-single")
    assert len(shown(screen.with_split(held), held).conditions) < len(screen.conditions)
