"""Lists as a sentence wants them: the first few, and how many more."""

from __future__ import annotations

from collections.abc import Sequence


def first_few(names: Sequence[str], most: int, joined: str = ", ") -> str:
    """`A, B, C and 1,250 more`; all of them where there are no more than `most`."""
    more = len(names) - most
    return joined.join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
