"""A Dask cluster to infer on, and the expression of the lake as a Dask array."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from perturbome.platform.errors import InputError, MissingExtra
from perturbome.platform.lake.expression_chunks import Chunk, ExpressionChunks

if TYPE_CHECKING:
    from dask.array import Array
    from distributed import Client, Future


@contextmanager
def dask_client(where: str, n_workers: int | None = None, timeout: float = 10.0) -> Iterator[Client]:
    """A client in force within: of `n_workers` processes started here ("local"; default one a core), or of a scheduler.

    Workers of another machine must see the store's files under the same path. Raises MissingExtra without
    `distributed`, InputError where no scheduler answers at the address.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingExtra("distributed", "scale", "Inference on a cluster") from error
    if where == "local":
        cluster = LocalCluster(
            n_workers=n_workers, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.CRITICAL
        )
        with cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(where, timeout=timeout)
    except (OSError, TimeoutError, ValueError) as error:
        raise InputError(
            f"No Dask scheduler answers at '{where}': {error}. Pass its address, as tcp://HOST:8786, or 'local'."
        ) from error
    with client:
        yield client


def client_in_force() -> Client | None:
    """The client that Dask would use here; None without a cluster."""
    try:
        from distributed import get_client
    except ImportError:
        return None
    try:
        return get_client()
    except ValueError:
        return None


def result_of(future: Future) -> Any:
    """What a task gave; InputError where the workers that had it were lost, else what went wrong in it."""
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except (CancelledError, KilledWorker) as error:
        raise InputError(
            f"Dask lost the workers of a task ({error}); they may have run out of memory. Take fewer workers, or give "
            "each more memory."
        ) from error


def lake_array(found: ExpressionChunks) -> Array:
    """The expression of a data set as a Dask array [n, G] of CSR chunks, each read from the store by who needs it.

    MissingExtra without Dask.
    """
    try:
        import dask
        import dask.array as da
    except ImportError as error:
        raise MissingExtra("dask", "scale", "Expression larger than memory") from error
    empty = sparse.csr_matrix((0, 0), dtype=np.float32)
    read = dask.delayed(Chunk.read, pure=True)
    return da.concatenate(
        [da.from_delayed(read(chunk), shape=chunk.shape, meta=empty) for chunk in found.chunks], axis=0
    )
