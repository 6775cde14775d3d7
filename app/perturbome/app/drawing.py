"""A neighbourhood drawn with st-link-analysis: blue arrows activate, vermillion bars repress, dashed is prior."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st
from st_link_analysis import Event, st_link_analysis

from perturbome.app.neighbourhood import Neighbourhood, positions
from perturbome.app.theme import ACCENT, INK, MUTED, SIGN_COLOUR, SIGN_WORD

HEIGHT = 600
CROWDED = 60
"""From this many genes on, names stand under dots instead of inside plates."""


ARROWS = {"→": "triangle", "⊣": "tee", "–": "none"}


class Style:
    """A Cytoscape rule; `dump` is all that st-link-analysis asks of a style."""

    def __init__(self, selector: str, **style: Any) -> None:
        self.rule = {"selector": selector, "style": {name.replace("_", "-"): value for name, value in style.items()}}

    def dump(self) -> dict[str, Any]:
        """The rule as the component sends it."""
        return self.rule


def elements(found: Neighbourhood, regulators: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Nodes with their places, and edges; the component shows the data of what is clicked, so they are words."""
    crowded = len(found.symbols) > CROWDED
    sizes = {symbol: _size(symbol, found.gene, crowded) for symbol in found.symbols}
    places = positions(found, sizes)
    nodes = [
        {
            "data": {
                "id": harmless(symbol),
                "label": "the gene" if symbol == found.gene else "regulator" if symbol in regulators else "gene",
                "name": harmless(symbol),
                "width": sizes[symbol][0],
            },
            "position": {"x": places[symbol][0], "y": places[symbol][1]},
        }
        for symbol in found.symbols
    ]
    return {"nodes": nodes, "edges": [_edge(row, found.gene) for row in found.edges.iter_rows(named=True)]}


def _edge(row: dict[str, Any], gene: str) -> dict[str, Any]:
    sign, prior = int(row["sign"] or 0), row["kind"] == "prior"
    source, target = harmless(row["source"]), harmless(row["target"])
    mark = "–" if not row["directed"] else "⊣" if sign < 0 else "→"
    data: dict[str, Any] = {
        "id": f"{source} {mark} {target}{' (prior)' if prior else ''}",
        "source": source,
        "target": target,
        "label": "prior knowledge" if prior else SIGN_WORD[sign],
    }
    if row["weight"] is not None:
        data["score" if prior else "weight"] = float(f"{row['weight']:.3g}")
    data["databases" if prior else "times and cell types"] = row["contexts"]
    own = "own" if gene in (row["source"], row["target"]) else "between"
    return {"data": data, "classes": f"{row['kind']} {ARROWS[mark]} {own}"}


def styles(found: Neighbourhood) -> tuple[list[Style], list[Style]]:
    """Rules for nodes and for edges; the later one holds."""
    crowded = len(found.symbols) > CROWDED
    weights = found.edges.filter(pl.col("kind") == "regulates")["weight"].drop_nulls()
    strongest = max(map(abs, weights), default=1.0) or 1.0
    plate = {
        "shape": "round-rectangle",
        "width": "data(width)",
        "height": 30,
        "text_valign": "center",
        "text_margin_y": 0,
        "font_size": 15,
    }
    dot = {"shape": "ellipse", "width": 16, "height": 16, "text_valign": "bottom", "text_margin_y": 3, "font_size": 11}
    nodes = [
        Style(
            "node",
            label="data(name)",
            color=INK,
            background_color="#eef2f5",
            border_color="#c3ccd6",
            border_width=1.2,
            font_family="Source Sans Pro, Source Sans, Helvetica, Arial, sans-serif",
            min_zoomed_font_size=6,
            **(dot if crowded else plate),
        ),
        Style("node[label='regulator']", border_color=INK, border_width=1.8),
        Style(
            "node[label='the gene']",
            **{**plate, "height": 36, "font_size": 18},
            background_color=ACCENT,
            border_color=ACCENT,
            color="#ffffff",
            font_weight="bold",
        ),
    ]
    edges = [
        Style("edge", width=1.2, arrow_scale=1.1, curve_style="bezier", opacity=0.85),
        *(
            Style(f"edge[label='{SIGN_WORD[sign]}']", line_color=colour, target_arrow_color=colour)
            for sign, colour in SIGN_COLOUR.items()
        ),
        *(Style(f"edge.{shape}", target_arrow_shape=shape) for shape in ARROWS.values()),
        Style("edge[weight>=0]", width=f"mapData(weight, 0, {strongest}, 1.2, 5.5)"),
        Style("edge[weight<0]", width=f"mapData(weight, {-strongest}, 0, 5.5, 1.2)"),
        Style("edge[score]", width="mapData(score, 0, 1, 1, 2.5)"),
        Style("edge.between", opacity=0.4),
        Style(
            "edge.prior", line_style="dashed", opacity=0.6, line_color=SIGN_COLOUR[0], target_arrow_color=SIGN_COLOUR[0]
        ),
    ]
    return nodes, edges


def draw(found: Neighbourhood, regulators: set[str], key: str) -> str | None:
    """Draw, and return the symbol of the gene clicked on since the last run of the page, if any."""
    node_styles, edge_styles = styles(found)
    clicked = st_link_analysis(
        elements(found, regulators),
        layout={"name": "preset", "fit": True, "padding": 36, "animate": False},
        node_styles=node_styles,
        edge_styles=edge_styles,
        height=HEIGHT,
        key=key,
        events=[Event("go", "tap", "node")],
    )
    if not clicked or clicked["action"] != "go" or st.session_state.get("followed") == clicked["timestamp"]:
        return None
    st.session_state["followed"] = clicked["timestamp"]
    return next((symbol for symbol in found.symbols if harmless(symbol) == clicked["data"]["target_id"]), None)


def legend() -> str:
    """What colours, lines and plates mean, in one line of Markdown."""
    words = (
        f"<span style='color:{SIGN_COLOUR[1]}'><b>→</b> activates</span>",
        f"<span style='color:{SIGN_COLOUR[-1]}'><b>⊣</b> represses</span>",
        f"<span style='color:{MUTED}'><b>- -</b> prior knowledge</span>",
        "dark rim: a regulator",
        "wider: stronger",
    )
    return note(" &nbsp;·&nbsp; ".join(words))


def note(text: str) -> str:
    """Small grey text, as Markdown with HTML allowed."""
    return f"<span style='font-size:0.875rem;color:{MUTED}'>{text}</span>"


def _size(symbol: str, gene: str, crowded: bool) -> tuple[float, float]:
    """Width and height that a gene and its name take, in pixels."""
    if symbol == gene:
        return 13.0 * len(symbol) + 20, 36.0
    if crowded:
        return max(16.0, 7.0 * len(symbol)), 34.0
    return 10.5 * len(symbol) + 18, 30.0


def harmless(symbol: str) -> str:
    """The component writes what is clicked into its page as HTML; a name from a file may not become a tag."""
    return symbol.replace("<", "‹").replace(">", "›")
