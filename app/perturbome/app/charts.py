"""The charts: predicted changes beside baseline and measurement; ranked causes."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from perturbome.app.theme import ACCENT, BASELINE, INK, LINE, MEASURED, MUTED, REPRESSES

ROW = 26
BAND = "rgba(11, 110, 138, 0.2)"
FONT = "Source Sans, Source Sans Pro, sans-serif"


def effects_chart(table: pl.DataFrame, baseline_name: str) -> go.Figure:
    """Bars of the predicted change with 90 % intervals; markers for baseline and, where there is one, measurement."""
    rows = table.reverse()  # the first row on top
    figure = go.Figure()
    figure.add_bar(
        y=rows["symbol"],
        x=rows["delta"],
        orientation="h",
        name="predicted, with 90 % interval",
        marker_color=ACCENT,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (rows["upper"] - rows["delta"]).fill_nan(None),
            "arrayminus": (rows["delta"] - rows["lower"]).fill_nan(None),
            "color": BAND,
            "thickness": 9,
            "width": 0,
        },
        hovertemplate="%{y}: %{x:.3f}<extra>predicted</extra>",
    )
    _markers(figure, rows, "baseline", f"baseline: {baseline_name}", BASELINE, "line-ns-open")
    if rows["measured"].is_not_null().any():
        _markers(figure, rows, "measured", "measured", MEASURED, "diamond", "measured_error")
    figure.update_xaxes(title="change against control, log1p of counts per 10,000", zeroline=True)
    return _dressed(figure, rows.height)


def ranking_chart(table: pl.DataFrame, true_targets: set[str]) -> go.Figure:
    """Bars of the score, best on top; the true target in its own colour."""
    rows = table.reverse()
    figure = go.Figure()
    for name, colour, mine in (("candidate", ACCENT, False), ("true target", REPRESSES, True)):
        chosen = rows.filter(pl.col("symbol").is_in(list(true_targets)) == mine)
        if chosen.height:
            figure.add_bar(
                y=chosen["symbol"],
                x=chosen["score"],
                orientation="h",
                name=name,
                marker_color=colour,
                text=[f"q {q:.2g}" if q is not None else "" for q in chosen["q"]],
                textposition="outside",
                textfont={"color": MUTED, "size": 11},
                customdata=chosen.select("rank", "q").rows(),
                hovertemplate="%{y}: score %{x:.3g}, rank %{customdata[0]}, q %{customdata[1]:.2g}<extra></extra>",
            )
    figure.update_yaxes(categoryorder="array", categoryarray=rows["symbol"].to_list())
    figure.update_xaxes(title="score: higher is more likely the cause", zeroline=True)
    figure.update_layout(showlegend=bool(true_targets & set(rows["symbol"])))
    return _dressed(figure, rows.height)


def _markers(
    figure: go.Figure, rows: pl.DataFrame, column: str, name: str, colour: str, symbol: str, error: str | None = None
) -> None:
    spread = {"type": "data", "array": rows[error], "color": colour, "thickness": 1.2, "width": 3} if error else None
    figure.add_scatter(
        y=rows["symbol"],
        x=rows[column],
        mode="markers",
        name=name,
        marker={
            "symbol": symbol,
            "size": 16 if symbol.startswith("line") else 9,
            "color": colour,
            "line": {"width": 2.5 if symbol.startswith("line") else 0},
        },
        error_x=spread,
        hovertemplate="%{y}: %{x:.3f}<extra>" + column + "</extra>",
    )


def _dressed(figure: go.Figure, rows: int) -> go.Figure:
    figure.update_xaxes(gridcolor=LINE, zerolinecolor=MUTED, zerolinewidth=1)
    figure.update_yaxes(tickfont_size=13, showgrid=False)
    return figure.update_layout(
        height=110 + ROW * rows,
        margin={"l": 10, "r": 20, "t": 40, "b": 45},
        font={"family": FONT, "color": INK, "size": 13},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        bargap=0.35,
        plot_bgcolor="rgba(0,0,0,0)",
        paper_bgcolor="rgba(0,0,0,0)",
    )
