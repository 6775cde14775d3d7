"""Reports: the numbers of the scores, in Markdown and in a page that a browser can read."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

from perturbome.models.bench.bench import bench, stored
from perturbome.models.bench.document import Drawing, Grid, Heading, Items, Text, markdown, page
from perturbome.models.bench.fitted import sentences_of_fits
from perturbome.models.bench.report import make_folder, passed_bound, report_blocks, report_remarks, write_report
from perturbome.models.bench.table import against_each, by_condition, leaderboard, means, verdicts
from perturbome.models.referee.paired import paired_bootstrap
from perturbome.platform.errors import InputError

MODELS = ("no change", "perturbed mean", "bilinear ridge", "prior kernel")


@pytest.fixture(scope="module")
def found(store):
    return bench(store, "toy", models=MODELS, split="4-fold", seeds=2)


def test_means_are_those_of_conditions_whatever_their_splits_and_seeds():
    rows = [
        ("a", "s1", 0, "x", "RMSE", 1.0), ("a", "s2", 1, "x", "RMSE", 3.0), ("a", "s1", 0, "y", "RMSE", 5.0),
        ("a", "s1", 0, "x", "cosine", float("nan")), ("a", "s1", 0, "y", "cosine", 0.5),
    ]  # fmt: skip
    columns = ["model", "split", "seed", "condition", "metric", "value"]
    scores = pl.DataFrame(rows, schema=columns, orient="row")
    table = means(scores, ["a"])
    lonely = means(scores.filter((pl.col("metric") == "RMSE") | (pl.col("condition") == "x")), ["a"])
    assert "cosine" not in lonely.columns  # of its one condition it is not defined
    assert table["RMSE"][0] == pytest.approx((2 + 5) / 2)
    assert table["cosine"][0] == pytest.approx(0.5)
    assert by_condition(scores, "a").filter(metric="RMSE", condition="x")["value"].to_list() == [2.0]


def test_the_leaderboard_has_the_ceiling_first_and_the_best_next(found):
    board = leaderboard(found)
    assert board["model"][0] == "replicate"
    assert set(board["model"][1:]) == set(MODELS)
    centred = board["centred Pearson"][1:].drop_nulls().to_numpy()
    assert np.all(np.diff(centred) <= 0)
    assert (board["seconds"] > 0).all()


def test_verdicts_are_of_models_against_the_best_baseline_with_its_bootstrap(found):
    judged = verdicts(found)
    assert set(judged["model"]) == {"prior kernel"}
    row = judged.filter(metric="RMSE").row(0, named=True)
    mine, rival = (by_condition(found.scores, m).filter(metric="RMSE") for m in ("prior kernel", row["rival"]))
    both = mine.join(rival, on="condition")
    expected = paired_bootstrap(both["value"], both["value_right"], both["condition"].to_list())
    assert row["difference"] == pytest.approx(expected.difference)
    each = against_each(found, "prior kernel").filter(metric="RMSE")
    assert set(each["rival"]) == set(MODELS) - {"prior kernel"}
    assert row["difference"] == pytest.approx(each["difference"].max())


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.cells = [], 0

    def handle_starttag(self, tag, attributes):
        if tag == "td":
            self.cells += 1
        if tag not in {"meta", "path", "use", "circle"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()


def test_the_report_is_written_in_both_forms(found, tmp_path):
    paths = write_report(found, tmp_path / "report")
    text, html = paths[0].read_text(), paths[1].read_text()
    for model in MODELS:
        assert f"| {model} |" in text
        assert f"<td>{model}</td>" in html
    assert "8 conditions, 8 of them tested; 8 splits, 2 seeds" in text
    assert html.count("<svg") == 2
    assert pl.read_parquet(paths[2]).height == found.scores.height
    board = leaderboard(found)
    assert f"{board['RMSE'][0]:.3g}" in text
    reader = Reader()
    reader.feed(html)
    assert reader.cells > 20
    assert reader.open == []


def test_a_document_escapes_what_is_said_and_leaves_out_what_is_not_there():
    grid = Grid(pl.DataFrame({"model": ["a|b <i>"], "x": [float("nan")], "y": [0.123456], "z": [None]}))
    blocks = [Heading("T & t", 1), Text("1 < 2"), Items(("one", "two")), grid, Drawing("<svg></svg>", "seen")]
    text, html = markdown(blocks), page(blocks)
    assert "| a/b <i> |  | 0.123 |  |" in text
    assert "<td>a|b &lt;i&gt;</td><td></td><td>0.123</td><td></td>" in html
    assert "<title>T &amp; t</title>" in html
    assert "1 &lt; 2" in html
    assert "svg" not in text


def test_where_no_model_is_more_than_a_baseline_there_is_no_verdict(store):
    found = bench(store, "toy", models=["no change", "perturbed mean"], split="4-fold")
    assert verdicts(found).is_empty()
    assert not any(isinstance(b, Heading) and "best baseline" in b.text for b in report_blocks(found))


def test_a_benchmark_of_before_gives_the_same_report(store, found):
    again = stored(store, found.run)
    assert markdown(report_blocks(again)) == markdown(report_blocks(found))
    with pytest.raises(InputError, match="'ingest', not a benchmark"):
        stored(store, store.lake.runs("ingest")[0].id)


def test_a_report_that_has_no_place_is_told_at_once(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="Give another --out"):
        make_folder(tmp_path / "taken")


def test_a_baseline_ahead_of_the_replicate_is_said_with_the_reason(found):
    """By hand: the replicate's scores are put below those of 'no change', or left."""
    assert passed_bound(found) == ()
    of_bound = (pl.col("model") == "replicate") & (pl.col("metric") == "centred Pearson")
    worse = replace(found, scores=found.scores.with_columns(value=pl.when(of_bound).then(-1.0).otherwise("value")))
    [said] = passed_bound(worse)
    assert said.startswith("centred Pearson: no change (")
    assert "stands ahead of 'replicate' (-1)" in said
    assert "training mean" in said
    assert said in report_remarks(worse)
    of_error = (pl.col("model") == "replicate") & (pl.col("metric") == "RMSE")
    higher = replace(found, scores=found.scores.with_columns(value=pl.when(of_error).then(9.0).otherwise("value")))
    assert passed_bound(higher)[0].startswith("RMSE: ")


def test_what_the_published_scorer_warned_of_is_said_once(found):
    told = "cell-eval2, delta_pearson: {} of 2 perturbation(s) not scored."
    cells = tuple((cell, replace(o, said=(*o.said, told.format(1 + i % 2)))) for i, (cell, o) in enumerate(found.cells))
    whole = replace(found, cells=cells)
    assert [s for s in report_remarks(whole) if "cell-eval2" in s] == [
        f"In {len(cells)} fits, the first: {told.format(1)}"
    ]
    assert not any("cell-eval2" in s for s in sentences_of_fits(whole))
