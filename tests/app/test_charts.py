"""What the charts hold."""

import polars as pl

from perturbome.app.charts import effects_chart, ranking_chart

EFFECTS = pl.DataFrame(
    {
        "symbol": ["A", "B"],
        "delta": [-1.0, 0.5],
        "lower": [-1.5, 0.1],
        "upper": [-0.2, 1.0],
        "baseline": [0.0, 0.1],
        "measured": [-0.8, None],
        "measured_error": [0.1, None],
    }
)


def test_the_interval_is_drawn_from_the_prediction_outwards() -> None:
    bars = effects_chart(EFFECTS, "no change").data[0]
    assert list(bars.y) == ["B", "A"]  # the first row on top
    assert list(bars.error_x.array) == [0.5, 0.8]
    assert list(bars.error_x.arrayminus) == [0.4, 0.5]


def test_baseline_always_measurement_only_where_there_is_one() -> None:
    assert [trace.name for trace in effects_chart(EFFECTS, "no change").data][1:] == ["baseline: no change", "measured"]
    never = EFFECTS.with_columns(pl.lit(None, pl.Float64).alias("measured"))
    assert [trace.name for trace in effects_chart(never, "mean").data][1:] == ["baseline: mean"]


def test_the_true_target_has_its_own_colour_and_the_best_is_on_top() -> None:
    rows = pl.DataFrame(
        {"rank": [1, 2, 3], "symbol": ["A", "B", "C"], "score": [3.0, 2.0, 1.0], "q": [0.01, 0.2, None]}
    )
    figure = ranking_chart(rows, {"B"})
    assert {trace.name: list(trace.y) for trace in figure.data} == {"candidate": ["C", "A"], "true target": ["B"]}
    assert list(figure.layout.yaxis.categoryarray) == ["C", "B", "A"]
    assert [trace.name for trace in ranking_chart(rows, set()).data] == ["candidate"]
