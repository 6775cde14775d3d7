"""Tables of scores against each other: the direction of each metric, and which baseline is the one to beat."""

import numpy as np
import polars as pl
import pytest

from perturbome.models.referee import against_best, compare, judge, paired_bootstrap
from perturbome.models.referee.rivals import groups_of
from perturbome.platform.errors import InputError, MissingColumn

from .conftest import prediction

NAMES = [f"knockout:G{i:02d}::{kind}" for i in range(10) for kind in ("A549", "K562")]


def table(correlation, error, seed=0, noise=0.02):
    """Scores of all conditions around a mean correlation (higher is better) and a mean error (lower is better)."""
    rng = np.random.default_rng(seed)
    rows = [
        (name, metric, mean + noise * rng.normal())
        for name in NAMES
        for metric, mean in (("Pearson-delta", correlation), ("RMSE", error))
    ]
    return pl.DataFrame(rows, schema=["condition", "metric", "value"], orient="row")


def test_verdicts_follow_the_direction_of_the_metric():
    found = compare(table(0.8, 0.3), table(0.5, 0.2, seed=1))
    assert found["metric"].to_list() == ["Pearson-delta", "RMSE"]
    assert found["verdict"].to_list() == ["better", "worse"]
    assert found["difference"].to_numpy() == pytest.approx([0.3, 0.1], abs=0.02)
    assert compare(table(0.5, 0.2), table(0.5, 0.2))["verdict"].to_list() == ["even", "even"]


def test_rounding_is_no_difference():
    near = table(0.5, 0.2).with_columns(pl.col("value") + 1e-9)
    assert compare(near, table(0.5, 0.2))["verdict"].to_list() == ["even", "even"]


def test_numbers_are_those_of_the_bootstrap_over_targets():
    a, b = table(0.8, 0.3), table(0.5, 0.2, seed=1)
    first = compare(a, b, seed=3).row(0, named=True)
    x, y = (t.filter(pl.col("metric") == "Pearson-delta")["value"].to_numpy() for t in (a, b))
    want = paired_bootstrap(x, y, [name[9:12] for name in NAMES], seed=3)
    assert (first["difference"], first["lower"], first["upper"]) == (want.difference, want.lower, want.upper)
    assert (first["conditions"], first["groups"]) == (20, 10)
    assert (
        compare(a.sample(fraction=1, shuffle=True, seed=1), b, seed=3)
        .sort("metric")
        .equals(compare(a, b, seed=3).sort("metric"))
    )


def test_groups_are_targets_whatever_the_context_and_mode():
    names = ["knockout:A+B::X", "activation:A+B::Y::6", "knockout:A::X", "compound:JQ1@0.1::X", "compound:JQ1@1::X"]
    assert groups_of(names) == ["A+B", "A+B", "A", "JQ1", "JQ1"]


def test_the_best_baseline_is_found_metric_by_metric():
    model = table(0.7, 0.25)
    weak = {"one": table(0.6, 0.4, seed=1), "two": table(0.2, 0.2, seed=2), "three": table(0.1, 0.5, seed=3)}
    found = against_best(model, weak)
    assert found["rival"].to_list() == ["one", "two"]
    assert found["verdict"].to_list() == ["better", "worse"]
    assert found.row(1, named=True)["difference"] == compare(model, weak["two"])["difference"][1]


def test_a_baseline_that_is_hardly_defined_is_no_rival():
    model = table(0.7, 0.25)
    undefined = pl.when((pl.col("metric") == "Pearson-delta") & (pl.int_range(pl.len()) > 3)).then(float("nan"))
    gone = table(0.99, 0.9).with_columns(value=undefined.otherwise(pl.col("value")))
    assert against_best(model, {"gone": gone, "one": table(0.6, 0.4)})["rival"].to_list() == ["one", "one"]
    alone = against_best(model, {"gone": gone})
    assert alone["rival"].to_list() == [None, "gone"]
    assert alone["difference"][0] is None


def test_few_targets_get_no_verdict():
    few = [t.filter(pl.col("condition").is_in(NAMES[:10])) for t in (table(0.8, 0.3), table(0.5, 0.2))]
    assert compare(*few)["verdict"].to_list() == [None, None]
    assert compare(*few)["lower"].is_finite().all()


def test_a_better_prediction_is_found_better(data):
    rng = np.random.default_rng(0)
    truth = data.test.delta
    good = judge(data, prediction(data, truth + 0.2 * rng.normal(size=truth.shape)))
    bad = judge(data, prediction(data, truth + 2.0 * rng.normal(size=truth.shape)))
    found = compare(good, bad)
    assert set(found["verdict"]) == {"better"}
    assert found["groups"].unique().to_list() == [8]


def test_tables_that_do_not_match_are_refused():
    with pytest.raises(InputError, match="are of other conditions"):
        compare(table(0.8, 0.3), table(0.8, 0.3).filter(pl.col("condition") != NAMES[0]))
    with pytest.raises(MissingColumn, match="value"):
        compare(table(0.8, 0.3), table(0.8, 0.3).rename({"value": "score"}))


def test_one_perturbation_in_many_contexts_is_resampled_by_context():
    names = ["compound:IFNB::B", "compound:IFNB::T", "compound:IFNB::NK"]
    assert groups_of(names) == ["B", "T", "NK"]
