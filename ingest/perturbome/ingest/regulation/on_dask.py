"""Moments of a Dask array of cells, larger than memory: on the workers of a cluster, or in this process.

With a `distributed.Client` in force every worker sums up its share of the chunks where it is and sends its sums once,
at the end: no chunk passes through this process, and a worker holds its sums and two portions of chunks at a time.
Without one, chunks are read by Dask's own threads and summed here, a portion at a time.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from perturbome.ingest.regulation.chunked import check_complete, chunked_moments, chunked_summary
from perturbome.ingest.regulation.cluster import client_in_force, result_of
from perturbome.ingest.regulation.moments import Blocks
from perturbome.ingest.regulation.summary import Piece, Summary, nothing, summarise
from perturbome.platform.errors import InputError

if TYPE_CHECKING:
    from dask.array import Array
    from distributed import Client, Future

PORTION_BYTES = 1 << 27  # of chunks summed together: every portion costs one addition to each Gram matrix
LIKELY_DENSITY = 0.2  # share of entries not zero in sparse chunks, by which portions are measured before they are read
SENT_BYTES = 1 << 26  # of sums sent together: what is sent is copied on its way
AHEAD = 2  # portions a worker is given at a time: one to sum, one to read meanwhile

State = TypeVar("State")


def dask_summary(X: Array) -> Summary:
    """Summary of every gene of a Dask array X [n, G], its chunks dense or CSR."""
    portions, client = portions_of(X), client_in_force()
    if client is None:
        return chunked_summary(_Read(portions))
    states = _fold(client, portions, [()] * len(portions), nothing, (X.shape[1],), _summed)
    return sum((result_of(state) for _, state in states), nothing(X.shape[1]))


def dask_moments(
    X: Array,
    regulators: NDArray[np.intp],
    block: NDArray[np.integer],
    perturbed: NDArray[np.bool_] | None = None,
    aimed: NDArray[np.intp] | None = None,
) -> Blocks:
    """As `block_moments`, of a Dask array X [n, G], its chunks dense or CSR; two passes over it."""
    if X.shape[0] != block.size:
        raise InputError(f"The expression matrix has {X.shape[0]:,} cells, where {block.size:,} are described.")
    summary, portions, client = dask_summary(X), portions_of(X), client_in_force()
    if client is None:
        return chunked_moments(_Read(portions), regulators, block, perturbed, aimed, summary=summary)
    aimed = np.empty(0, np.intp) if aimed is None else aimed
    perturbed = np.zeros((block.size, aimed.size), bool) if perturbed is None else perturbed
    described = [(block[p.rows], sparse.csr_matrix(perturbed[p.rows])) for p in portions]
    empty = (summary, regulators, int(np.max(block, initial=-1)) + 1, aimed)
    whole = Blocks.empty(*empty)
    at_once = max(1, SENT_BYTES // max(whole.gram[:1].nbytes, 1))
    for worker, state in _fold(client, portions, described, Blocks.empty, empty, _added):
        for first in range(0, whole.count.size, at_once):
            some = slice(first, first + at_once)
            part = client.submit(Blocks.some, state, some, pure=False, **_on(worker))
            whole.some(some).absorb(result_of(part))
    check_complete(whole, block)
    return whole


@dataclass(frozen=True)
class Portion:
    """Chunks that follow each other, not yet read, and the rows they hold."""

    rows: slice
    chunks: tuple[Any, ...]  # Delayed


def dask_rows(X: Array, rows: NDArray[np.intp]) -> Piece:
    """Some rows of a Dask array X [n, G], ascending, brought into this process."""
    import dask

    whole_rows = X if X.numblocks[1] == 1 else X.rechunk({1: -1})
    ends = np.cumsum(whole_rows.chunks[0])
    places = np.split(rows, np.searchsorted(rows, ends[:-1]))
    wanted = [
        dask.delayed(operator.getitem)(chunk, mine - end + n)
        for chunk, mine, end, n in zip(whole_rows.to_delayed()[:, 0], places, ends, whole_rows.chunks[0], strict=True)
        if mine.size
    ]
    return _stacked(dask.compute(*wanted))


def portions_of(X: Array) -> list[Portion]:
    """The chunks of a Dask array X [n, G], gathered into portions that are worth an addition.

    InputError where the number of rows of a chunk is not known.
    """
    if any(np.isnan(size) for sizes in X.chunks for size in sizes):
        raise InputError(
            "The chunks of the expression matrix do not say how many cells they hold. Call X.compute_chunk_sizes()."
        )
    whole_rows = X if X.numblocks[1] == 1 else X.rechunk({1: -1})
    kept = LIKELY_DENSITY * (1 + 4 / X.dtype.itemsize) if sparse.issparse(X._meta) else 1.0
    most = max(1, int(PORTION_BYTES / (kept * X.dtype.itemsize * max(X.shape[1], 1))))
    portions: list[Portion] = []
    waiting: list[Any] = []
    start = stop = 0
    for chunk, n in zip(whole_rows.to_delayed()[:, 0], whole_rows.chunks[0], strict=True):
        if waiting and stop + n - start > most:
            portions.append(Portion(slice(start, stop), tuple(waiting)))
            waiting, start = [], stop
        waiting.append(chunk)
        stop += n
    return [*portions, Portion(slice(start, stop), tuple(waiting))]


class _Read:
    """Portions as matrices, read anew at each pass by whatever scheduler Dask has here."""

    def __init__(self, portions: list[Portion]) -> None:
        self.portions = portions

    def __iter__(self) -> Iterator[Piece]:
        import dask

        for portion in self.portions:
            yield _stacked(dask.compute(*portion.chunks))


def _fold(
    client: Client,
    portions: list[Portion],
    described: list[tuple[Any, ...]],
    begin: Callable[..., State],
    arguments: tuple[Any, ...],
    step: Callable[..., State],
) -> Iterator[tuple[str, Future]]:
    """On every worker: `begin(*arguments)`, then `step(state, chunks, *description)` for each portion it is given.

    Whichever worker is done first is given the next portion. Yields each worker with its last state, which stays there.
    """
    from distributed import as_completed

    waiting = deque(zip(portions, described, strict=True))
    workers = list(client.nthreads())[: len(waiting)]
    if not workers:
        raise InputError("The Dask cluster has no worker. Start one, or take --dask local.")
    state: dict[str, Future] = {}
    place: dict[str, str] = {}  # worker of each step, by its key
    done = as_completed()

    def give(worker: str) -> None:
        portion, description = waiting.popleft()
        chunks = client.compute(list(portion.chunks), **_on(worker))
        state[worker] = client.submit(step, state[worker], chunks, *description, pure=False, **_on(worker))
        place[state[worker].key] = worker
        done.add(state[worker])

    for worker in workers:
        state[worker] = client.submit(begin, *arguments, pure=False, **_on(worker))
    for worker in workers * AHEAD:
        if waiting:
            give(worker)
    for future in done:
        if future.status != "finished":
            result_of(future)
        if waiting:
            give(place[future.key])
    for worker in workers:
        yield worker, state.pop(worker)


def _on(worker: str) -> dict[str, Any]:
    """Where a task is to run: on this worker, or should it be lost, on any."""
    return {"workers": [worker], "allow_other_workers": True}


def _summed(state: Summary, chunks: list[Piece]) -> Summary:
    return sum((summarise(chunk) for chunk in chunks), state)


def _added(blocks: Blocks, chunks: list[Piece], block: NDArray[np.integer], perturbed: sparse.csr_matrix) -> Blocks:
    """The blocks with these cells, in place unless what came here is a copy that cannot be written to.

    In place is safe: each state has one successor, and `check_complete` counts the cells at the end.
    """
    from distributed import get_worker

    if not blocks.gram.flags.writeable:
        blocks = deepcopy(blocks)
    blocks.add(_stacked(chunks), block, perturbed.toarray(), get_worker().state.nthreads)
    return blocks


def _stacked(chunks: list[Piece] | tuple[Piece, ...]) -> Piece:
    """Chunks below each other."""
    if len(chunks) == 1:
        return chunks[0]
    if isinstance(chunks[0], np.ndarray):
        return np.concatenate(chunks)
    return sparse.vstack(chunks, format="csr")
