"""What a person is told who stops a command: that its run is discarded, or what is kept and goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOST = "A run that was not complete is discarded; see: perturbome runs list"
_kept: list[str] = []


@contextmanager
def going_on(kept: Callable[[], str | None]) -> Iterator[None]:
    """Work of which something outlives an interruption: `kept` says what, when it happens, or None for nothing."""
    _kept.clear()
    try:
        yield
    except KeyboardInterrupt:
        if said := kept():
            _kept.append(said)
        raise


def interrupted() -> str:
    """The sentence for a command that was interrupted."""
    return f"Interrupted. {' '.join(_kept) or LOST}"
