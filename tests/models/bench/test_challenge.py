"""The challenge's score beside a benchmark: relative to its own baseline, over the same conditions, or not at all."""

import numpy as np
import polars as pl
import pytest

from perturbome.models.bench.bench import bench, stored
from perturbome.models.bench.challenge import SCORE, challenge_grid, challenge_scores, why_no_score
from perturbome.models.bench.document import Grid, Heading, Text, markdown
from perturbome.models.bench.report import report_blocks
from perturbome.models.bench.table import by_condition, leaderboard, means
from perturbome.models.referee import cell_eval
from perturbome.models.referee.challenge_score import BASELINE, METRIC, Members, challenge_score

MODELS = ("no change", BASELINE)
MEAN = {BASELINE: (0.2, 0.5, 0.4), "better": (0.4, 0.8, 0.3), "mixed": (0.1, 0.9, 4.0)}


def scores(members=MEAN, gone=()):
    """Members of each model: at two conditions, whose mean is the one given; `gone` (model, metric, condition)."""
    rows = [
        (model, "s", 0, condition, METRIC[field], value + off)
        for model, values in members.items()
        for field, value in zip(Members._fields, values, strict=True)
        for condition, off in (("x", 0.05), ("y", -0.05))
        if (model, field, condition) not in gone
    ]
    return pl.DataFrame(rows, schema=["model", "split", "seed", "condition", "metric", "value"], orient="row")


def scored(table, models=tuple(MEAN)):
    return challenge_scores({m: by_condition(table, m) for m in models}, means(table, models))


def test_each_model_by_hand_whatever_the_order_of_rows():
    found = scored(scores())
    assert found[BASELINE] == 0
    assert found["better"] == pytest.approx(100 * ((0.2 / 0.8) + (0.3 / 0.5) + 0.25) / 3)
    assert found["mixed"] == pytest.approx(100 * (0.4 / 0.5) / 3)
    assert scored(scores().sample(fraction=1, shuffle=True, seed=1)) == pytest.approx(found)


def test_only_over_the_conditions_that_the_baseline_has():
    fewer = scored(scores(gone=[("better", "des", "x")]))
    assert set(fewer) == {BASELINE, "mixed"}
    nothing = scores(gone=[(m, "pds", c) for m in MEAN for c in "xy"])
    assert scored(nothing) == {}
    assert "PDS is not defined" in why_no_score(means(nothing, list(MEAN)))
    assert "'5-fold'" in why_no_score(means(nothing, list(MEAN)))
    without = scores({m: v for m, v in MEAN.items() if m != BASELINE})
    assert scored(without, ["better", "mixed"]) == {}
    assert "which is not among the models" in why_no_score(means(without, ["better", "mixed"]))
    flawless = scores(MEAN | {BASELINE: (1.0, 1.0, 0.0)})
    assert scored(flawless) == {}
    assert "perfect in one" in why_no_score(means(flawless, list(MEAN)))


def test_members_stand_beside_the_score_best_first():
    board = means(scores(), list(MEAN))
    board = board.with_columns(pl.col("model").replace_strict(scored(scores())).alias(SCORE))
    grid = challenge_grid(board)
    assert grid.columns == ["model", SCORE, "DES", "PDS", "MAE"]
    assert grid["model"].to_list() == ["better", "mixed", BASELINE]
    assert grid.drop("model", SCORE).row(1) == pytest.approx(MEAN["mixed"])
    assert challenge_grid(board.select("model")).height == 0


@pytest.fixture
def published(monkeypatch):
    """cell-eval2's place taken by the error of each prediction, fast and known."""

    def told(data, predicted, *, seed):
        off = np.abs(predicted.delta - data.test.delta).mean(axis=1)
        values = {"de_wilcoxon_overlap": np.exp(-off), "pds_l1": np.exp(-2 * off), "expr_mae": off}
        rows = [
            (None, c, m, float(v)) for m, all_of in values.items() for c, v in zip(data.test.names, all_of, strict=True)
        ]
        return pl.DataFrame(rows, schema=["context", "condition", "metric", "value"], orient="row")

    monkeypatch.setattr(cell_eval, "cell_eval_scores", told)


def test_a_benchmark_with_published_metrics_has_the_score_and_keeps_it(store, published):
    found = bench(store, "toy", models=MODELS, split="4-fold", published=True)
    board = leaderboard(found)
    rows = {row["model"]: row for row in board.iter_rows(named=True)}
    members = {m: Members(*(rows[m][METRIC[f]] for f in Members._fields)) for m in MODELS}
    assert rows[BASELINE][SCORE] == 0
    assert rows["no change"][SCORE] == pytest.approx(challenge_score(members["no change"], members[BASELINE]))
    assert rows["replicate"][SCORE] is None
    blocks = report_blocks(found)
    at = next(i for i, b in enumerate(blocks) if isinstance(b, Heading) and b.text.startswith("Virtual Cell"))
    assert isinstance(blocks[at + 1], Grid)
    assert "given up for the two others" in blocks[at + 2].text
    text = markdown(blocks)
    assert "with b that of 'perturbed mean over cells' in this very benchmark" in text
    assert markdown(report_blocks(stored(store, found.run))) == text


def test_without_published_metrics_there_is_no_such_column(store):
    found = bench(store, "toy", models=MODELS, split="4-fold")
    assert SCORE not in leaderboard(found).columns
    assert not any("Virtual Cell" in b.text for b in report_blocks(found) if isinstance(b, Heading | Text))


def test_without_the_baseline_the_report_says_why_there_is_no_score(store, published):
    found = bench(store, "toy", models=["no change"], split="4-fold", published=True)
    assert SCORE not in leaderboard(found).columns
    assert "Add it with --model." in markdown(report_blocks(found))
