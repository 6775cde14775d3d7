"""A report as headings, sentences, tables and drawings, written as Markdown or as one HTML file."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Heading:
    """A heading of some level, 1 the title."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table; numbers are shown with three significant digits, what is not there as an empty place."""

    rows: pl.DataFrame


@dataclass(frozen=True)
class Drawing:
    """A drawing as SVG, for HTML only, and what it shows in words."""

    svg: str
    caption: str


Block = Heading | Text | Items | Grid | Drawing

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1f2933}"
    "table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .7rem;border-bottom:1px solid #d9dee3;text-align:right}"
    "th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto}.wide{overflow-x:auto}"
)


def markdown(blocks: Sequence[Block]) -> str:
    """The report as Markdown; drawings are left out."""
    parts = []
    for block in blocks:
        if isinstance(block, Heading):
            parts.append(f"{'#' * block.level} {block.text}")
        elif isinstance(block, Text):
            parts.append(block.text)
        elif isinstance(block, Items):
            parts.append("\n".join(f"* {text}" for text in block.texts))
        elif isinstance(block, Grid):
            names = block.rows.columns
            lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
            lines += [f"| {' | '.join(_cell(v).replace('|', '/') for v in row)} |" for row in block.rows.iter_rows()]
            parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def page(blocks: Sequence[Block]) -> str:
    """The report as one HTML page that needs nothing else."""
    parts = []
    for block in blocks:
        if isinstance(block, Heading):
            parts.append(f"<h{block.level}>{html.escape(block.text)}</h{block.level}>")
        elif isinstance(block, Text):
            parts.append(f"<p>{html.escape(block.text)}</p>")
        elif isinstance(block, Items):
            parts.append("<ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in block.texts) + "</ul>")
        elif isinstance(block, Grid):
            head = "".join(f"<th>{html.escape(name)}</th>" for name in block.rows.columns)
            body = "".join(
                "<tr>" + "".join(f"<td>{html.escape(_cell(v))}</td>" for v in row) + "</tr>"
                for row in block.rows.iter_rows()
            )
            table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            parts.append(f'<div class="wide">{table}</div>')
        else:
            parts.append(f"<figure>{block.svg}<figcaption>{html.escape(block.caption)}</figcaption></figure>")
    title = next((html.escape(b.text) for b in blocks if isinstance(b, Heading)), "Report")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f"</head><body>{''.join(parts)}</body></html>\n"
    )


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)
