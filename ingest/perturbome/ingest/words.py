"""Numbers with their nouns, as a sentence wants them."""

from __future__ import annotations


def many(n: int, one: str, several: str | None = None) -> str:
    """`1 cell`, `2 cells`, `1,250 genes`; `several` where the plural is not `one` with an s."""
    return f"{n:,} {one if n == 1 else several or one + 's'}"
