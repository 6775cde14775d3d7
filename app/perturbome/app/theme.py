"""The look: one accent, colours that every eye tells apart (Okabe and Ito), numbers with sensible digits."""

from __future__ import annotations

import math
from collections.abc import Mapping

ACCENT = "#0b6e8a"
ACTIVATES = "#0072b2"  # blue
REPRESSES = "#d55e00"  # vermillion
UNKNOWN = "#8a8f98"  # grey: a prior without a sign
MEASURED = "#e69f00"  # orange
BASELINE = "#5b6470"
INK, MUTED, FAINT, PAPER, LINE = "#1c2733", "#5b6470", "#f4f6f8", "#ffffff", "#dfe4ea"

SIGN_COLOUR: Mapping[int, str] = {1: ACTIVATES, -1: REPRESSES, 0: UNKNOWN}
SIGN_WORD: Mapping[int, str] = {1: "activates", -1: "represses", 0: "interacts"}
GAINED, LOST, FLIPPED = "#009e73", "#cc79a7", "#e69f00"  # bluish green, reddish purple, orange

THEME: Mapping[str, str] = {
    "theme.base": "light",
    "theme.primaryColor": ACCENT,
    "theme.backgroundColor": PAPER,
    "theme.secondaryBackgroundColor": FAINT,
    "theme.textColor": INK,
    "theme.borderColor": LINE,
    "theme.linkColor": ACCENT,
    "theme.baseRadius": "8px",
    "theme.headingFontSizes": '["2.2rem", "1.5rem", "1.2rem"]',
    "theme.headingFontWeights": "650",
    "theme.metricValueFontSize": "1.6rem",
    "theme.paddingTop": "1rem",
    "theme.codeTextColor": INK,
}

STYLE = f"""<style>
.stMainBlockContainer {{max-width: 1280px; margin: 0 auto;}}
.st-key-drawing {{border: 1px solid {LINE}; border-radius: 8px; overflow: hidden;}}
.st-key-drawing iframe {{clip-path: inset(3px);}}
</style>"""
"""What the theme's options cannot say: a line of text no longer than an eye follows, a quiet frame for drawings."""


def number(value: float | int | None) -> str:
    """A number as a person writes it: whole ones with separators, others with three digits, none as a dash."""
    if value is None or math.isnan(value):
        return "–"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) >= 1):
        return f"{int(value):,}"
    if value == 0:
        return "0"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e5 else f"{value:.1e}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """'1 gene', '2 genes', '3 data sets'."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def context_name(context: str) -> str:
    """How a context is called on the screen."""
    return "all cells together" if context == "all" else context
