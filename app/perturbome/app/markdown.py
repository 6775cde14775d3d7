"""Text from files and errors, made safe to stand in Markdown."""

from __future__ import annotations

SPECIAL = frozenset("\\`*_[]<>$~#|")


def plain(text: str) -> str:
    """Text that Markdown shows as it is written."""
    return "".join(f"\\{letter}" if letter in SPECIAL else letter for letter in text)
