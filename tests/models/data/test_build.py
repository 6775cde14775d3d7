"""Data cut from a store: the same numbers as numpy's on all cells, in chunks, from the cache, and blind to the test."""

import numpy as np
import pytest

from perturbome.models.data import PREDICTION, TRUTH, Split, from_arrays, list_conditions, perturbation_data
from perturbome.models.data.lake_cells import LakeCells
from perturbome.platform import Store
from perturbome.platform.errors import NothingFound, StoreReadOnly, UnknownName

KEPT = {"contexts": ["one", "two"]}


@pytest.fixture(scope="module")
def expression(shared_study):
    return shared_study.expression("study")


def by_hand(expression, name):
    what, kind = name.split("::")
    cells = expression.cells
    mask = ((cells["perturbation"] == what) & (cells["cell_type"] == kind)).to_numpy()
    return expression.X[mask].toarray().astype(float)


def test_conditions_are_numpys_over_all_genes(shared_study, expression):
    data = perturbation_data(shared_study, **KEPT, n_genes=None)
    order = [expression.genes["gene"].to_list().index(g) for g in data.genes]
    for row, name in enumerate(data.names):
        cells = by_hand(expression, name)[:, order]
        assert data.treated.n[row] == len(cells)
        np.testing.assert_allclose(data.treated.mean[row], cells.mean(axis=0), rtol=1e-5)
        if len(cells) > 1:
            np.testing.assert_allclose(data.treated.variance[row], cells.var(axis=0, ddof=1), rtol=1e-4, atol=1e-8)
    for context in data.contexts:
        control = by_hand(expression, f"control::{context.name}")[:, order]
        halves = [data.table(half=half).n_control[0] for half in (TRUTH, PREDICTION)]
        c = data.find_context(context)
        n = data.controls.n[4 * c : 4 * c + 4]
        assert n.sum() == len(control)
        assert np.ptp(n) <= 1
        assert abs(halves[0] - halves[1]) <= 2
        mean = data.controls.total[4 * c : 4 * c + 4].sum(axis=0) / n.sum()
        np.testing.assert_allclose(mean, control.mean(axis=0), rtol=1e-5)


@pytest.fixture
def cut_study(request, monkeypatch):
    """The study once more, in a store whose files are of small row groups, read a few at a time."""
    monkeypatch.setattr("perturbome.platform.lake.delta.ROWS_PER_GROUP_OF_LISTS", 32)
    monkeypatch.setattr("perturbome.platform.lake.delta.GROUPS_PER_FILE", 5)
    monkeypatch.setattr("perturbome.platform.lake.expression_chunks.expression_chunks.__defaults__", (None, None, 70))
    return request.getfixturevalue("study")


@pytest.mark.parametrize("cells", [False, True])
def test_chunks_do_not_matter(shared_study, cut_study, tmp_path, cells):
    options = {**KEPT, "n_genes": 20, "cells": cells}
    whole = perturbation_data(shared_study, cache=tmp_path / "a", **options)
    parts = perturbation_data(cut_study, cache=tmp_path / "b", **options)
    assert len(LakeCells.read(cut_study.lake, "study").chunks.chunks) > 10
    assert (parts.hash, parts.genes) == (whole.hash, whole.genes)
    np.testing.assert_allclose(parts.treated.squares, whole.treated.squares, rtol=1e-9)
    np.testing.assert_allclose(parts.controls.total, whole.controls.total, rtol=1e-9)


def test_chunks_without_a_wanted_cell_are_passed_over(cut_study, expression):
    cells = LakeCells.read(cut_study.lake, "study")
    wanted = np.zeros(cells.said.height, dtype=bool)
    wanted[[300, 900]] = True
    pieces = list(cells.stream(wanted=wanted))
    assert len(pieces) == 2
    for piece, row in zip(pieces, (300, 900), strict=True):
        found = piece.matrix[row - piece.start].toarray()
        np.testing.assert_array_equal(found, expression.X[row].toarray())


def test_cells_are_those_of_the_lake(shared_study, expression, tmp_path):
    data = perturbation_data(shared_study, **KEPT, n_genes=20, cells=True, cache=tmp_path)
    order = [expression.genes["gene"].to_list().index(g) for g in data.genes]
    assert data.cells.matrix.shape == (len(data.cells.code), len(data.genes))
    assert data.cells.matrix.has_canonical_format  # genes of a cell lie in order, as those who read it may expect
    for row, name in enumerate(data.names):
        found = data.cells.matrix[data.cells.rows(row)].toarray()
        np.testing.assert_array_equal(found, by_hand(expression, name)[:, order].astype(np.float32))
    without = perturbation_data(shared_study, **KEPT, n_genes=20)
    assert without.hash == data.hash
    np.testing.assert_allclose(without.treated.mean, data.treated.mean, rtol=1e-9)


def test_the_cache_is_made_once_and_serves_every_seed(shared_study, monkeypatch, tmp_path):
    options = {**KEPT, "n_genes": 20, "cells": True, "cache": tmp_path}
    first = perturbation_data(shared_study, **options)

    def lake_read_again(*_, **__):
        raise AssertionError("the lake was read again")
        yield

    monkeypatch.setattr("perturbome.models.data.build._pieces", lake_read_again)
    again, other = perturbation_data(shared_study, **options), perturbation_data(shared_study, **options, seed=5)
    assert again.hash == first.hash
    assert other.hash != first.hash
    np.testing.assert_allclose(other.treated.mean, first.treated.mean)
    assert len(list(tmp_path.iterdir())) == 1


def test_arrays_and_store_give_the_same_data(shared_study, expression):
    stored = perturbation_data(shared_study, **KEPT, n_genes=20)
    cells = expression.cells
    arrays = from_arrays(
        expression.X, cells["perturbation"].to_list(), expression.genes["gene"].to_list(), **KEPT,
        cell_type=cells["cell_type"].to_list(), names=cells["name"].to_list(), n_genes=20, dataset="study",
        symbols=expression.genes["symbol"].to_list(), unit=stored.unit,
    )  # fmt: skip
    assert arrays.genes == stored.genes
    assert arrays.hash == stored.hash


def test_conditions_are_listed_without_reading_expression(shared_study, monkeypatch):
    expected = perturbation_data(shared_study, **KEPT).conditions
    monkeypatch.delattr(LakeCells, "stream")
    assert list_conditions(shared_study, **KEPT) == expected


def test_genes_are_chosen_without_the_held_out(shared_study):
    conditions = list_conditions(shared_study, **KEPT)
    names = [c.name for c in conditions]
    split = Split("x", "given", names[4:], [], names[:4])
    data = perturbation_data(shared_study, split=split, **KEPT, n_genes=20)
    assert set(data.gene_choice.looked_at) == set(split.train)
    assert "training conditions" in data.gene_choice.how
    assert data.split == split
    blind = perturbation_data(shared_study, **KEPT, n_genes=20)
    assert blind.gene_choice.looked_at == ()
    assert "control cells alone" in blind.gene_choice.how


def test_perturbed_genes_are_kept_and_named_genes_are_exact(shared_study):
    data = perturbation_data(shared_study, **KEPT, n_genes=1)
    assert {t for c in data.conditions for t in c.targets} <= set(data.symbols)
    told = perturbation_data(shared_study, **KEPT, genes=["REG0", "G40"])
    assert set(told.symbols) == {"REG0", "G40"}
    with pytest.raises(UnknownName, match="No gene 'REG99' in data set 'study'"):
        perturbation_data(shared_study, **KEPT, genes=["REG99"])


def test_a_context_without_controls_is_refused_with_the_way_out(shared_study):
    with pytest.raises(NothingFound, match=r"three \(0\).*--context one --context two\."):
        perturbation_data(shared_study)


def test_times_are_contexts_where_asked_for(shared_study):
    data = perturbation_data(shared_study, contexts=["one::0", "one::1", "two::0"], by_time=True)
    assert [c.name for c in data.contexts] == ["one::0", "one::1", "two::0"]
    whole = perturbation_data(shared_study, contexts=["one"])
    row = whole.names.index("knockout:REG3::one")
    rows = [data.names.index(f"knockout:REG3::one::{t}") for t in (0, 1)]
    assert data.treated.n[rows].sum() == whole.treated.n[row]


def test_a_read_only_store_needs_another_folder(shared_study, tmp_path):
    with Store(shared_study.path, read_only=True) as store:
        with pytest.raises(StoreReadOnly, match="cache=FOLDER"):
            perturbation_data(store, **KEPT, cells=True)
        assert perturbation_data(store, **KEPT, cells=True, cache=tmp_path).cells.matrix is not None


def test_a_data_set_without_perturbations_says_how_to_name_them():
    x, genes = np.ones((20, 3)), ["a", "b", "c"]
    with pytest.raises(NothingFound, match=r"no perturbation: none of its 20 .*--perturbation-column COLUMN"):
        from_arrays(x, ["control"] * 20, genes)
