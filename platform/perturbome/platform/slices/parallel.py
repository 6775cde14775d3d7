"""A few independent passes over arrays at once: numpy lets go of Python's lock while it works through an array."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

WORTH_A_THREAD = 500_000
"""Below this many rows a pass is done before a thread has started."""


def in_parallel(rows: int, *tasks: Callable[[], T]) -> list[T]:
    """Results of the tasks, in order; the threads end with the call, so that a later fork meets none of them."""
    if rows < WORTH_A_THREAD:
        return [task() for task in tasks]
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]
