"""Moments of cells that come in chunks: one chunk in memory at a time, in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from perturbome.ingest.regulation.moments import Blocks
from perturbome.ingest.regulation.summary import Piece, Summary, nothing, summarise
from perturbome.platform.errors import InputError


def chunked_summary(chunks: Iterable[Piece]) -> Summary:
    """Summary of the cells of all chunks, each [n_cells, G], dense or CSR. InputError where there is no chunk."""
    found: Summary | None = None
    for chunk in chunks:
        found = (nothing(chunk.shape[1]) if found is None else found) + summarise(chunk)
    if found is None:
        raise InputError("There is no chunk of cells to look at. Pass at least one [n_cells, n_genes].")
    return found


def chunked_moments(
    chunks: Iterable[Piece],
    regulators: NDArray[np.intp],
    block: NDArray[np.integer],
    perturbed: NDArray[np.bool_] | None = None,
    aimed: NDArray[np.intp] | None = None,
    *,
    summary: Summary | None = None,
) -> Blocks:
    """As `block_moments`, of cells that come in `chunks`, in the order of `block` [n] and `perturbed` [n, m].

    Two passes: over `chunks` for mean and spread, unless a `summary` says them, then for the moments. Large chunks are
    faster: each costs one addition to every Gram matrix. InputError where two passes are needed and only one is
    possible, and where the chunks hold more or fewer cells than `block`.
    """
    if summary is None:
        if iter(chunks) is chunks:
            raise InputError(
                "Chunks that can be read only once, such as a generator, cannot be centred and then summed. Pass a "
                "list, or something that yields them anew each time, or the `summary` of an earlier pass."
            )
        summary = chunked_summary(chunks)
    aimed = np.empty(0, np.intp) if aimed is None else aimed
    perturbed = np.zeros((block.size, aimed.size), bool) if perturbed is None else perturbed
    blocks = Blocks.empty(summary, regulators, int(np.max(block, initial=-1)) + 1, aimed)
    for chunk, rows in _with_rows(chunks, block.size):
        blocks.add(chunk, block[rows], perturbed[rows])
    check_complete(blocks, block)
    return blocks


def check_complete(blocks: Blocks, block: NDArray[np.integer]) -> None:
    """InputError unless the cells counted are those of `block` [n], each once."""
    if not np.array_equal(blocks.count, np.bincount(block, minlength=blocks.count.size)):
        raise InputError(
            f"{int(blocks.count.sum()):,} cells were counted in the chunks of the expression matrix, where "
            f"{block.size:,} are described. Pass chunks that follow each other and hold every cell once."
        )


def _with_rows(chunks: Iterable[Piece], n: int) -> Iterator[tuple[Piece, slice]]:
    """Each chunk with the rows that it has among `n` cells."""
    start = 0
    for chunk in chunks:
        stop = start + chunk.shape[0]
        if stop > n:
            raise InputError(
                f"The chunks of the expression matrix hold {stop:,} cells at least, where {n:,} are described. Pass "
                "chunks that follow each other and hold every cell once."
            )
        yield chunk, slice(start, stop)
        start = stop
