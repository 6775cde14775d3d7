"""How long work tells where it stands: one callback, silent unless somebody listens."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, int, int | None], None]
"""`report(what, done, total)`; total is None where the end is not known."""


def silent(what: str, done: int, total: int | None) -> None:
    """Listen to nothing: the default of every function that reports."""
