"""A neighbourhood drawn with st-link-analysis: blue arrows activate, vermillion bars repress, dashed is prior."""

from __future__ import annotations

from typing import Any

import streamlit as st
from st_link_analysis import Event, st_link_analysis

from perturbome.app.neighbourhood import Neighbourhood, positions
from perturbome.app.theme import ACCENT, INK, MUTED, SIGN_COLOUR, SIGN_WORD, number

HEIGHT = 600
CROWDED = 60
"""From this many genes on, names stand under dots instead of inside plates."""


class Style:
    """A Cytoscape rule; `dump` is all that st-link-analysis asks of a style."""

    def __init__(self, selector: str, **style: Any) -> None:
        self.rule = {"selector": selector, "style": {name.replace("_", "-"): value for name, value in style.items()}}

    def dump(self) -> dict[str, Any]:
        """The rule as the component sends it."""
        return self.rule


def elements(found: Neighbourhood, regulators: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Nodes with their places and edges with their widths, as Cytoscape takes them."""
    places = positions(found)
    strongest = {
        kind: max((abs(w) for w in rows["weight"].drop_nulls()), default=1.0) or 1.0
        for (kind,), rows in found.edges.group_by("kind")
    }
    nodes = [
        {
            "data": {
                "id": symbol,
                "label": "the gene" if symbol == found.gene else "regulator" if symbol in regulators else "gene",
                "name": _harmless(symbol),
                "width": 11 * len(symbol) + 18,
            },
            "position": {"x": places[symbol][0], "y": places[symbol][1]},
        }
        for symbol in found.symbols
    ]
    edges = [
        {
            "data": {
                "id": f"{row['kind']}:{row['source']}:{row['target']}:{row['directed']}",
                "source": row["source"],
                "target": row["target"],
                "label": row["kind"] if row["kind"] == "prior" else SIGN_WORD[int(row["sign"] or 0)],
                "arrow": _arrow(row["directed"], int(row["sign"] or 0)),
                "colour": SIGN_COLOUR[int(row["sign"] or 0)] if row["kind"] == "regulates" else SIGN_COLOUR[0],
                "width": 1.2
                + (4.3 if row["kind"] == "regulates" else 1.3) * abs(row["weight"] or 0) / strongest[row["kind"]],
                "weight": number(row["weight"]),
                "contexts" if row["kind"] == "regulates" else "databases": row["contexts"],
            }
        }
        for row in found.edges.iter_rows(named=True)
    ]
    return {"nodes": nodes, "edges": edges}


def styles(crowded: bool) -> tuple[list[Style], list[Style]]:
    """Rules for nodes and for edges."""
    plate = {
        "shape": "round-rectangle",
        "width": "data(width)",
        "height": 30,
        "text_valign": "center",
        "text_margin_y": 0,
        "font_size": 15,
    }
    dot = {"width": 16, "height": 16, "text_valign": "bottom", "text_margin_y": 3, "font_size": 11}
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
        Style(
            "edge",
            width="data(width)",
            line_color="data(colour)",
            target_arrow_color="data(colour)",
            target_arrow_shape="data(arrow)",
            arrow_scale=1.1,
            curve_style="bezier",
            opacity=0.85,
        ),
        Style("edge[label='prior']", line_style="dashed", opacity=0.6, z_index=0),
    ]
    return nodes, edges


def draw(found: Neighbourhood, regulators: set[str], key: str) -> str | None:
    """Draw, and return the symbol of the gene clicked on since the last run of the page, if any."""
    node_styles, edge_styles = styles(len(found.symbols) > CROWDED)
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
    return str(clicked["data"]["target_id"])


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


def _arrow(directed: bool, sign: int) -> str:
    if not directed:
        return "none"
    return "tee" if sign < 0 else "triangle"


def _harmless(symbol: str) -> str:
    """The component writes names into its page as HTML; a name from a file may not become a tag."""
    return symbol.replace("<", "‹").replace(">", "›")
