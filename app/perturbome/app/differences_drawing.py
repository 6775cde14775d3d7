"""Differences drawn with st-link-analysis: green gained, purple dashed lost, orange dotted flipped, grey kept."""

from __future__ import annotations

from typing import Any

import streamlit as st
from st_link_analysis import Event, st_link_analysis

from perturbome.app.differences import KEPT, Differences, places
from perturbome.app.drawing import ARROWS, CROWDED, HEIGHT, Style, harmless, note
from perturbome.app.theme import FLIPPED, GAINED, INK, LOST, UNKNOWN

LOOKS = {
    "gained": (GAINED, "solid"),
    "lost": (LOST, "dashed"),
    "sign flipped": (FLIPPED, "dotted"),
    KEPT: (UNKNOWN, "solid"),
}
"""Colour and line of each change."""


def elements(found: Differences) -> dict[str, list[dict[str, Any]]]:
    """Nodes with their places, and edges; the component shows the data of what is clicked, so they are words."""
    regulators, crowded = found.regulators, len(found.symbols) > CROWDED
    sizes = {symbol: _size(symbol, symbol in regulators or not crowded) for symbol in found.symbols}
    at = places(found, sizes)
    nodes = [
        {
            "data": {
                "id": harmless(symbol),
                "label": "regulator" if symbol in regulators else "gene",
                "name": harmless(symbol),
                "width": sizes[symbol][0],
            },
            "position": {"x": at[symbol][0], "y": at[symbol][1]},
            "classes": "plate" if symbol in regulators or not crowded else "dot",
        }
        for symbol in found.symbols
    ]
    return {"nodes": nodes, "edges": [_edge(row) for row in found.edges.iter_rows(named=True)]}


def _edge(row: dict[str, Any]) -> dict[str, Any]:
    """An edge in words; its arrow is that of the network after, or of the one before where it was lost."""
    signs = (row["sign_before"], row["sign_after"])
    sign = signs[1] if signs[1] is not None else signs[0]
    mark = "⊣" if sign < 0 else "→"
    source, target = harmless(row["source_symbol"]), harmless(row["target_symbol"])
    data: dict[str, Any] = {"id": f"{source} {mark} {target}", "source": source, "target": target}
    data["label"] = row["change"]
    for name in ("weight_before", "weight_after"):
        data[name.replace("_", " ")] = "no edge" if row[name] is None else float(f"{row[name]:.3g}")
    data["difference"] = float(f"{row['difference']:.3g}")
    return {"data": data, "classes": ARROWS[mark]}


def styles(crowded: bool) -> tuple[list[Style], list[Style]]:
    """Rules for nodes and for edges; the later one holds."""
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
        ),
        Style(
            "node.plate",
            shape="round-rectangle",
            width="data(width)",
            height=26 if crowded else 30,
            text_valign="center",
            text_margin_y=0,
            font_size=13 if crowded else 15,
        ),
        Style(
            "node.dot",
            shape="ellipse",
            width=12,
            height=12,
            text_valign="bottom",
            text_margin_y=2,
            font_size=10,
            text_background_color="#ffffff",
            text_background_opacity=0.75,
        ),
        Style("node[label='regulator']", border_color=INK, border_width=1.8),
    ]
    edges = [
        Style("edge", arrow_scale=1.0, curve_style="bezier", opacity=0.85, width="mapData(difference, 0, 1.5, 1.2, 4)"),
        *(
            Style(f"edge[label='{change}']", line_color=colour, target_arrow_color=colour, line_style=line)
            for change, (colour, line) in LOOKS.items()
        ),
        Style(f"edge[label='{KEPT}']", width=1.1, opacity=0.45),
        *(Style(f"edge.{shape}", target_arrow_shape=shape) for shape in ARROWS.values()),
    ]
    return nodes, edges


def draw(found: Differences, key: str) -> str | None:
    """Draw, and return the symbol of the gene clicked on since the last run of the page, if any."""
    node_styles, edge_styles = styles(len(found.symbols) > CROWDED)
    clicked = st_link_analysis(
        elements(found),
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
    line_of = "<span style='display:inline-block;width:28px;vertical-align:middle;border-top:3px {} {}'></span> {}"
    words = [line_of.format(line, colour, word) for word, (colour, line) in LOOKS.items()]
    return note(" &nbsp;·&nbsp; ".join([*words, "→ activates, ⊣ represses", "dark rim: a regulator here"]))


def _size(symbol: str, plate: bool) -> tuple[float, float]:
    """Width and height that a gene and its name take, in pixels."""
    return (9.5 * len(symbol) + 16, 30.0) if plate else (max(14.0, 6.2 * len(symbol)), 28.0)
