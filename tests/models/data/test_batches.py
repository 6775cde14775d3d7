"""Batches are the dense rows of the cells, every cell once a pass, in an order that the seed decides."""

import numpy as np
import pytest

from perturbome.models.data import Batches, Split, from_arrays, perturbation_data
from perturbome.platform.errors import InputError, ModelError


@pytest.mark.parametrize("into", ["numpy", "torch"])
@pytest.mark.parametrize("size", [7, 64, 10_000])
def test_a_pass_shows_every_cell_once(data, into, size):
    if into == "torch":
        pytest.importorskip("torch")
    dense, batches = data.cells.matrix.toarray(), Batches(data.cells, size, into=into)
    seen = []
    for batch in batches:
        np.testing.assert_array_equal(np.asarray(batch.expression), dense[batch.rows])
        np.testing.assert_array_equal(batch.code, data.cells.code[batch.rows])
        seen.append(batch.rows)
    assert len(seen) == len(batches)
    assert {len(rows) for rows in seen[:-1]} <= {size}
    assert sorted(np.concatenate(seen)) == list(range(len(dense)))


def order(batches):
    return np.concatenate([b.rows for b in batches]).tolist()


def test_the_seed_and_the_pass_decide_the_order(data):
    a, b, c = (Batches(data.cells, 32, seed=s, into="numpy") for s in (1, 1, 2))
    first, second = order(a), order(a)
    assert first != second
    assert (order(b), order(b)) == (first, second)
    assert order(c) != first
    assert order(Batches(data.cells, 32, seed=None, into="numpy")) == list(range(len(data.cells.code)))


def test_chosen_rows_and_whole_batches_only(data):
    rows = data.cells.rows(0)
    batches = Batches(data.cells, 8, rows, drop_last=True, into="numpy")
    assert len(batches) == len(rows) // 8
    assert [len(b.rows) for b in batches] == [8] * len(batches)
    assert set(order(batches)) <= set(rows)


def test_hidden_data_never_yield_test_cells_or_the_truths_controls(data):
    names = data.names
    split = data.with_split(Split("x", "given", names[2:], [], names[:2]))
    forbidden = {*split.cells.rows(0), *split.cells.rows(1)}
    forbidden |= {int(r) for c in range(len(data.contexts)) for r in data.cells.control_rows(c, 0)}
    assert not set(order(Batches(split.hidden().cells, 50, into="numpy"))) & forbidden


def test_rows_become_dense_on_the_device_as_on_the_host(data):
    torch = pytest.importorskip("torch")
    from perturbome.models.data.batches import _dense_maker

    rows = np.array([3, 1, 400, 3])
    found = _dense_maker(data.cells, "torch", "cpu:0")(rows)  # the path of a device, on the one device there is
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), data.cells.matrix[rows].toarray())


def test_without_single_cells_there_are_no_batches(shared_study):
    data = perturbation_data(shared_study, contexts=["one"])
    with pytest.raises(ModelError, match="cells=True"):
        Batches(data.cells, 8)


def test_impossible_batches_are_refused(screen):
    cells = from_arrays(**screen).cells
    with pytest.raises(InputError, match="1 cell or more"):
        Batches(cells, 0)
    with pytest.raises(InputError, match="'numpy' or 'torch'"):
        Batches(cells, 8, into="jax")
