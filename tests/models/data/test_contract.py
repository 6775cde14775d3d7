"""Means, variances and changes against numpy on dense cells; what a judge sees and a model does not."""

import numpy as np
import pytest
from scipy import stats

from perturbome.models.data import PREDICTION, TRUTH, GeneList, Split, differential_genes, from_arrays, unseen_single
from perturbome.models.data.contract import PARTS
from perturbome.platform.errors import ModelError, UnknownName


def cells_of(data, screen, name):
    kind, what = name.split("::")[1], name.split("::")[0]
    return np.array([p == what and t == kind for p, t in zip(screen["perturbation"], screen["cell_type"], strict=True)])


def half_rows(data, context, half):
    rows = data.cells.control_rows(data.find_context(context), half)
    return data.cells.matrix[rows].toarray().astype(float)


def split_of(data):
    return Split(
        "hand", "given",
        [n for n in data.names if n.startswith(("knockout:G01::", "knockout:G02::", "knockout:G04::"))],
        [n for n in data.names if "knockout:G03::" in n],
        [n for n in data.names if "G01+G02" in n],
        left_out=[n for n in data.names if "JQ1" in n or "G06" in n or "G05" in n],
    )  # fmt: skip


def test_conditions_are_the_moments_of_their_cells(data, screen):
    x = screen["x"].astype(float)
    for row, name in enumerate(data.names):
        cells = x[cells_of(data, screen, name)]
        assert data.treated.n[row] == len(cells)
        np.testing.assert_allclose(data.treated.mean[row], cells.mean(axis=0), rtol=1e-6)
        np.testing.assert_allclose(data.treated.variance[row], cells.var(axis=0, ddof=1), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("half", [TRUTH, PREDICTION])
def test_changes_are_against_one_half_with_welchs_error(data, screen, half):
    x, table = screen["x"].astype(float), data.table(half=half)
    for row, condition in enumerate(table.conditions):
        cells, control = x[cells_of(data, screen, condition.name)], half_rows(data, condition.context, half)
        found = stats.ttest_ind(cells, control, equal_var=False)
        np.testing.assert_allclose(table.delta[row], cells.mean(axis=0) - control.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(table.delta[row] / table.error[row], found.statistic, rtol=1e-4)
        np.testing.assert_allclose(table.control[row], data.control(condition.context, half))
        assert table.n_control[row] == len(control)


def test_the_halves_are_disjoint_and_make_all_controls(data, screen):
    for c, context in enumerate(data.contexts):
        halves = [data.cells.control_rows(c, half) for half in (TRUTH, PREDICTION)]
        assert not set(halves[0]) & set(halves[1])
        assert len(halves[0]) == len(halves[1]) == 30
        labels = zip(screen["perturbation"], screen["cell_type"], strict=True)
        whole = [i for i, (p, t) in enumerate(labels) if p == "control" and t == context.name]
        assert sorted(np.r_[tuple(halves)]) == whole


def test_permuted_cells_and_genes_are_the_same_data(data, screen):
    rng = np.random.default_rng(5)
    rows, columns = rng.permutation(len(screen["names"])), rng.permutation(len(screen["genes"]))
    other = from_arrays(
        screen["x"][rows][:, columns], [screen["perturbation"][i] for i in rows],
        [screen["genes"][j] for j in columns], cell_type=[screen["cell_type"][i] for i in rows],
        names=[screen["names"][i] for i in rows], n_genes=None,
    )  # fmt: skip
    assert other.hash == data.hash
    assert other.genes == data.genes
    assert other.names == data.names
    np.testing.assert_allclose(other.treated.mean, data.treated.mean, rtol=1e-12)
    np.testing.assert_allclose(other.controls.mean, data.controls.mean, rtol=1e-12)


def test_doubled_cells_have_the_same_means(data, screen):
    n = len(screen["names"])
    twice = {k: (v if k == "genes" else np.concatenate([v, v])) for k, v in screen.items()}
    other = from_arrays(**twice, n_genes=None)
    assert other.cells.key.size == 2 * n
    np.testing.assert_allclose(other.treated.mean, data.treated.mean, rtol=1e-9)
    np.testing.assert_allclose(other.controls.mean, data.controls.mean, rtol=1e-9)
    np.testing.assert_allclose(other.treated.n, 2 * data.treated.n)


def test_the_hash_tells_data_apart(data, screen):
    changed = screen["x"].copy()
    changed[0, 0] += 1
    assert from_arrays(**{**screen, "x": changed}, n_genes=None).hash != data.hash
    assert from_arrays(**screen, n_genes=None, seed=1).hash != data.hash
    assert from_arrays(**screen, n_genes=None).hash == data.hash


def test_each_side_has_its_conditions_and_its_half(data):
    split = split_of(data)
    data = data.with_split(split)
    assert data.training.names == split.train
    assert data.validation.names == split.validation
    assert data.test.names == split.test
    assert (data.training.half, data.test.half) == (PREDICTION, TRUTH)
    assert not np.allclose(data.training.control[0], data.test.control[0])


def test_hidden_data_hold_neither_test_nor_truth(data):
    split = split_of(data)
    hidden = data.with_split(split).hidden()
    assert set(hidden.names) == {*split.train, *split.validation}
    np.testing.assert_array_equal(hidden.training.delta, data.with_split(split).training.delta)
    np.testing.assert_array_equal(hidden.control("K562"), data.control("K562"))
    for ask in (lambda: hidden.test, lambda: hidden.table(half=TRUTH), lambda: hidden.control("K562", TRUTH)):
        with pytest.raises(ModelError, match="taken out"):
            ask()
    left = hidden.cells.matrix[hidden.cells.grouped].toarray()
    assert len(left) == hidden.treated.n.sum() + hidden.controls.n.sum()
    for row in range(len(hidden.conditions)):
        mean = hidden.cells.matrix[hidden.cells.rows(row)].toarray().astype(float).mean(axis=0)
        np.testing.assert_allclose(mean, hidden.treated.mean[row], rtol=1e-5)


def test_tuning_halves_the_predictions_half_again(data):
    split = split_of(data)
    whole = data.with_split(split)
    tuning = whole.tuning()
    assert (tuning.training.names, tuning.test.names) == (split.train, split.validation)
    for c, context in enumerate(whole.contexts):
        truth, start = (tuning.cells.control_rows(c, half) for half in (TRUTH, PREDICTION))
        outer = whole.cells.control_rows(c, PREDICTION)
        assert sorted(np.r_[truth, start]) == sorted(outer)
        mean = whole.cells.matrix[start].toarray().astype(float).mean(axis=0)
        np.testing.assert_allclose(tuning.control(context), mean, rtol=1e-5)
    with pytest.raises(ModelError, match="halved already"):
        tuning.tuning(Split("x", "given", [split.train[0]], [], [split.train[1]]))
    np.testing.assert_array_equal(whole.hidden().tuning().test.delta, tuning.test.delta)


def test_tuning_may_not_look_at_the_test_side(data):
    split = split_of(data)
    with pytest.raises(UnknownName, match="may not look"):
        data.with_split(split).tuning(Split("x", "given", split.train, [], split.test))
    bare = Split("x", "given", split.train, [], split.test)
    with pytest.raises(ModelError, match="no validation"):
        data.with_split(bare).tuning()


def test_without_a_split_there_are_no_sides(data):
    with pytest.raises(ModelError, match="no split"):
        _ = data.training
    with pytest.raises(UnknownName, match="No condition 'knockout:G99"):
        data.with_split(Split("x", "given", data.names[:2], [], ["knockout:G99::K562"]))


def test_lists_for_scoring_stay_with_the_judge(data):
    data = data.with_split(unseen_single(data.conditions, validation=0))
    [seen] = differential_genes(data, data.split.train[:1], n=5)
    [scored] = differential_genes(data, data.split.test[:1], n=5, scoring=True)
    both = data.with_list(seen).with_list(scored)
    [scored_seen] = differential_genes(data, data.split.train[:1], n=5, scoring=True)
    assert both.with_list(scored_seen).hidden().gene_lists == (seen,)
    assert len(seen.genes) == 5


def test_differential_genes_are_the_largest_t_without_own_targets(screen):
    knocked = [p == "knockout:G01" for p in screen["perturbation"]]
    screen["x"][knocked, 1] = 0
    data = from_arrays(**screen, n_genes=None)
    [found] = differential_genes(data, ["knockout:G01::K562"], n=7)
    table = data.table(["knockout:G01::K562"])
    t = np.abs(table.delta[0] / table.error[0])
    assert data.column("G01") in np.argsort(-t)[:7]
    t[data.column("G01")] = -1
    assert set(found.genes) == {data.genes[j] for j in np.argsort(-t)[:7]}
    assert isinstance(found, GeneList)
    assert found.looked_at == ("knockout:G01::K562",)


def test_a_gene_that_is_not_there_is_named(data):
    assert data.genes[data.column("G07")] == "G07"
    with pytest.raises(UnknownName, match=r"No gene 'G77'.*n_genes"):
        data.column("G77")
    with pytest.raises(UnknownName, match="Known: A549, K562"):
        data.control("brain")


def test_own_targets_are_marked(data):
    table = data.table(["knockout:G03+G05::K562", "compound:JQ1@1::K562"])
    assert [np.flatnonzero(row).tolist() for row in table.own()] == [[], [3, 5]]
    assert data.controls.n.shape == (len(data.contexts) * PARTS,)


def test_without_an_effect_predictions_are_no_better_than_chance():
    """Change of a prediction and of the truth against one control half correlate by 0.5 on pure noise, against two
    disjoint halves not at all: the reason for the halves."""
    rng = np.random.default_rng(11)
    what = ["control"] * 200 + [f"knockout:T{i}" for i in range(40) for _ in range(100)]
    data = from_arrays(5 + rng.normal(size=(len(what), 300)), what, [f"g{i}" for i in range(300)], n_genes=None)
    truth, same, other = (data.table(half=half).delta for half in (TRUTH, TRUTH, PREDICTION))
    prediction = np.roll(np.arange(40), 1)

    def mean_correlation(predicted):
        return np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(predicted[prediction], truth, strict=True)])

    assert mean_correlation(same) == pytest.approx(0.5, abs=0.06)
    assert mean_correlation(other) == pytest.approx(0.0, abs=0.06)
    split = Split("x", "given", data.names[:20], data.names[20:30], data.names[30:])
    tuning = data.with_split(split).tuning()
    inner = [np.corrcoef(a, b)[0, 1] for a in tuning.training.delta for b in tuning.test.delta]
    assert np.mean(inner) == pytest.approx(0.0, abs=0.06)
