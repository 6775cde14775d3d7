"""Many small products: one BLAS thread each, several at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def small_products() -> Iterator[int]:
    """Within, BLAS runs on one thread where threadpoolctl is installed; gives how many workers may run at once.

    BLAS threads meet at a barrier after every product. On products of a few milliseconds, with other work on the
    machine, they mostly wait for each other (measured: 24 s instead of 1 s). Workers of our own have no barrier.
    Without threadpoolctl BLAS does as it likes, and one worker feeds it. The results are the same.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield 1
        return
    with threadpool_limits(limits=1, user_api="blas"):
        yield min(os.cpu_count() or 1, 8)
