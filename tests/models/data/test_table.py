"""Weights by cells, and the singles that a double is made of."""

import numpy as np
import pytest

from perturbome.models.data import Condition, Context, from_arrays
from perturbome.models.data.table import MOST_CELLS_PER_WEIGHT
from perturbome.platform.perturbation import Perturbation


def normal_screen(signal, noise=1.0, sizes=(5, 10, 20, 40) * 15, n_genes=40, seed=0):
    """Conditions whose true means vary by `signal`, cells by `noise`."""
    rng = np.random.default_rng(seed)
    what = ["control"] * 100 + [f"knockout:T{i}" for i, n in enumerate(sizes) for _ in range(n)]
    mean = np.repeat(signal * rng.normal(size=(len(sizes), n_genes)), sizes, axis=0)
    x = 5 + np.vstack([np.zeros((100, n_genes)), mean]) + noise * rng.normal(size=(len(what), n_genes))
    return from_arrays(x, what, [f"g{i}" for i in range(n_genes)], n_genes=None).table()


@pytest.mark.parametrize(("signal", "k"), [(0.5, 4.0), (0.2, 25.0)])
def test_the_number_of_cells_that_balances_signal_and_noise_is_found(signal, k):
    table = normal_screen(signal)
    assert table.cells_per_weight() == pytest.approx(k, rel=0.12)
    np.testing.assert_allclose(table.weights(k), table.n / (table.n + k))


def test_contexts_of_two_conditions_balance_as_well():
    """The mean of so few takes half of the noise with it; a formula that forgot this would find 2 k."""
    rng = np.random.default_rng(8)
    what = (["control"] * 10 + ["knockout:A"] * 10 + ["knockout:B"] * 10) * 80
    cell_type = [f"type{i}" for i in range(80) for _ in range(30)]
    treated = np.array([w != "control" for w in what])
    x = 5 + rng.normal(size=(len(what), 30))
    x[treated] += np.repeat(0.3 * rng.normal(size=(160, 30)), 10, axis=0)
    table = from_arrays(x, what, [f"g{i}" for i in range(30)], cell_type=cell_type, n_genes=None).table()
    assert table.cells_per_weight() == pytest.approx(1 / 0.09, rel=0.15)


def test_weights_are_the_reliability_of_the_means():
    """n/(n+k) is the squared correlation of measured and true means, here of one half of the cells with the other."""
    table = normal_screen(0.3, sizes=(12,) * 80)
    other = normal_screen(0.3, sizes=(12,) * 80)
    assert table.weights() == pytest.approx(other.weights())
    assert table.weights()[0] == pytest.approx(12 / (12 + 1 / 0.09), rel=0.1)


def test_without_signal_weights_grow_with_the_cells():
    table = normal_screen(0.0, seed=3)
    k = table.cells_per_weight()
    assert k > 500
    assert k <= MOST_CELLS_PER_WEIGHT
    np.testing.assert_allclose(table.weights() / table.n, table.weights()[0] / table.n[0], rtol=0.1)


def test_one_condition_in_each_context_is_weighed_by_its_change():
    rng, kinds = np.random.default_rng(7), [f"type{i}" for i in range(60)]
    cell_type = [kind for kind in kinds for _ in range(80)]
    what = (["control"] * 60 + ["compound:IFNB"] * 20) * len(kinds)
    x = 5 + rng.normal(size=(len(what), 30))
    treated = np.array([w != "control" for w in what])
    x[treated] += np.repeat(0.5 * rng.normal(size=(len(kinds), 30)), 20, axis=0)
    genes = [f"g{i}" for i in range(30)]
    table = from_arrays(x, what, genes, cell_type=cell_type, n_genes=None).table()
    assert table.cells_per_weight() == pytest.approx(4.0, rel=0.1)


def test_a_double_finds_its_singles_in_its_own_context_and_mode(data):
    table = data.table()
    doubles = [c for c in data.conditions if len(c.targets) == 2]
    rows = table.singles(doubles)
    named = [[table.names[r] if r >= 0 else None for r in found] for found in rows]
    assert named == [
        ["knockout:G01::A549", "knockout:G02::A549"], ["knockout:G01::K562", "knockout:G02::K562"],
        ["knockout:G03::A549", None], ["knockout:G03::K562", None],
    ]  # fmt: skip
    other = Condition(Perturbation(("G01", "G02"), "activation"), Context("K562"))
    assert (table.singles([other]) == -1).all()
    assert table[[0, 1]].singles(doubles).shape == (4, 2)


def dosed(order=None):
    """JQ1 at 0.1, 1 and 10, SAHA at 1 and 100, TSA without a dose; one cell each beside ten controls."""
    what = ["compound:JQ1@10", "compound:JQ1@0.1", "compound:JQ1@1", "compound:SAHA@100", "compound:SAHA@1"]
    what += ["compound:TSA"]
    rng = np.random.default_rng(4)
    x = 5 + rng.normal(size=(len(what) + 10, 3))
    table = from_arrays(x, what + ["control"] * 10, ["a", "b", "c"], n_genes=None).table()
    return table if order is None else table[order]


def single(table, targets, dose):
    asked = Condition(Perturbation(targets, "compound", dose))
    return [table.names[row].split("::")[0] if row >= 0 else None for row in table.singles([asked])[0]]


@pytest.mark.parametrize(
    ("targets", "dose", "wanted"),
    [
        (("JQ1",), 0.1, ["JQ1@0.1"]), (("JQ1",), 1, ["JQ1@1"]), (("JQ1",), 10, ["JQ1@10"]),
        (("JQ1",), 0.4, ["JQ1@1"]), (("JQ1",), 0.3, ["JQ1@0.1"]),  # 0.3 is below the middle, the root of 0.1 * 1
        (("JQ1",), 4, ["JQ1@10"]), (("JQ1",), 1000, ["JQ1@10"]),
        (("SAHA",), 10, ["SAHA@1"]),  # as far from 1 as from 100: the lower
        (("SAHA",), 40, ["SAHA@100"]),  # though 40 - 1 < 100 - 40
        (("JQ1", "SAHA"), 1, ["JQ1@1", "SAHA@1"]), (("JQ1", "SAHA"), 10, ["JQ1@10", "SAHA@1"]),
        (("TSA",), 5, ["TSA"]), (("SAHA",), None, ["SAHA@1"]), (("SAHA",), 0, ["SAHA@1"]),
    ],
)  # fmt: skip
def test_a_single_is_that_of_the_dose_or_of_the_nearest(targets, dose, wanted):
    found = single(dosed(), targets, dose)
    assert found == [f"compound:{name}" for name in wanted]


def test_the_nearest_dose_does_not_hang_on_the_order_of_rows():
    doses = (0.01, 0.1, 0.3, 1, 10, 20, 300, None)
    asked = [Condition(Perturbation(("JQ1", "SAHA"), "compound", dose)) for dose in doses]
    whole = dosed()
    wanted = [[whole.names[row] for row in rows] for rows in whole.singles(asked)]
    for seed in range(20):
        table = dosed(np.random.default_rng(seed).permutation(len(whole)))
        assert [[table.names[row] for row in rows] for rows in table.singles(asked)] == wanted


def test_the_nearest_dose_is_that_of_a_search_by_hand():
    rng = np.random.default_rng(2)
    table = dosed()
    known = {0.1: "0.1", 1.0: "1", 10.0: "10"}
    for dose in np.exp(rng.uniform(-6, 6, size=50)):
        nearest = min(known, key=lambda other: abs(np.log10(other) - np.log10(dose)))
        assert single(table, ("JQ1",), float(dose)) == [f"compound:JQ1@{known[nearest]}"]


def test_rows_are_taken_by_number_or_mask(data):
    table = data.table()
    mask = table.n > 20
    assert table[mask].names == tuple(n for n, keep in zip(table.names, mask, strict=True) if keep)
    np.testing.assert_array_equal(table[[3, 1]].delta, table.delta[[3, 1]])


def test_a_single_cell_takes_its_controls_variance(screen):
    row = screen["perturbation"].index("knockout:G06")
    screen["perturbation"][row + 1 : row + 3] = [None, None]
    data = from_arrays(**screen, n_genes=None)
    table = data.table(["knockout:G06::A549"])
    v0 = data.controls.merge(np.array([-1, -1, 0, 0, -1, -1, -1, -1]), 1).variance[0]
    assert table.n[0] == 1
    np.testing.assert_allclose(table.error[0] ** 2, v0 + v0 / 30)
